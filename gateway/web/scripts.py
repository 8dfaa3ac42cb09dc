"""Serves the scripts for pages of shops."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.sources.base import SourceSettings
from gateway.sources.claims import Claim
from gateway.web.security_headers import SecurityHeaders

SCRIPTS = ("gateway.js", "gateway-token.js", "gateway-measurement.js")

_HEADERS = {
    "cache-control": "public, max-age=3600",
    "cross-origin-resource-policy": "cross-origin",
}


def read_script(name: str) -> str:
    """The script `name` of this folder, without the lines that are only a comment."""
    code = (Path(__file__).parent / name).read_text("utf-8")
    return re.sub(r"^ *//.*\n", "", code, flags=re.MULTILINE)


def script_route(name: str) -> Route:
    """``/name``, for pages of all sites."""
    script = read_script(name)

    async def serve(_: Request) -> Response:
        return Response(script, headers=_HEADERS, media_type="text/javascript")

    return Route(f"/{name}", serve, middleware=[Middleware(GZipMiddleware)])


def script_routes() -> list[Route]:
    return [script_route(name) for name in SCRIPTS]


def script_claims(sources: Mapping[str, SourceSettings]) -> Iterator[tuple[Claim, ASGIApp]]:
    """The claims of the scripts below any path, if a source of the type ``collect`` is claimed
    there too: they send to it."""
    if any(each.type == "collect" and each.prefix == "any" for each in sources.values()):
        scripts = SecurityHeaders(Starlette(routes=script_routes()))
        for name in SCRIPTS:
            yield Claim("", f"/{name}", "script", any_prefix=True), scripts
