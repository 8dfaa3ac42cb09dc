"""What load balancers ask at the public port. The answers tell strangers nothing else."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.web.readiness import Readiness


def probe_routes(readiness: Readiness) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        if await readiness.recent_fault():
            return PlainTextResponse("not ready\n", 503, {"retry-after": "2"})
        return PlainTextResponse("ready\n")

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
