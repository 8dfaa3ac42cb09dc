"""The demo shop, and the events of the browser that looks at it."""

from __future__ import annotations

import re
import secrets
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.event import Event, Received
from gateway.pipeline.compile import Pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.keys import Keys
from gateway.queue.recent import recent_records
from gateway.redis_client.connect import RedisError
from gateway.stages.cookies import compile_cookies

FOLDER = Path(str(files("gateway") / "web" / "demo"))
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "cache-control": "no-store",
}
COOKIE = "demo_browser"
"""Identifies the browser until it is closed: 32 random hex digits."""

_read_cookies = compile_cookies([COOKIE])


def browser_of(cookie_header: str) -> str:
    """The digest of the demo's cookie in a ``Cookie`` header, "" when there is none.

    Reading digests in Redis does not give access to the events of these browsers: 128
    random bits cannot be found from their digest.
    """
    value = _read_cookies(cookie_header).get(COOKIE, "")
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        return ""
    return blake2b(value.encode(), digest_size=12, person=b"demo browser").hexdigest()


def with_demo_browser(pipeline: Pipeline) -> Pipeline:
    """`pipeline`, with the demo's browser in each decision."""

    def decide(event: Event, received: Received) -> Decision:
        decision = pipeline(event, received)
        decision.demo_browser = browser_of(received.headers.get("cookie", ""))
        return decision

    return decide


def demo_routes(redis: Redis, keys: Keys, is_secure: bool) -> list[BaseRoute]:
    """is_secure: whether browsers reach the gateway by https."""
    demo = _DemoFiles(is_secure)

    async def page(request: Request) -> Response:
        return await demo.get_response("index.html", request.scope)

    async def events(request: Request) -> Response:
        browser = browser_of(request.headers.get("cookie", ""))
        after = request.query_params.get("after", "")
        if not re.fullmatch(r"\d{1,20}-\d{1,20}", after):
            after = ""
        if not browser:
            return JSONResponse({"last": after, "records": []}, headers=HEADERS)
        try:
            last, records = await recent_records(redis, keys, after, browser)
        except RedisError as error:
            return JSONResponse({"error": f"Redis does not answer: {type(error).__name__}"}, 503)
        return JSONResponse({"last": last, "records": records}, headers=HEADERS)

    return [Route("/demo", page), Route("/demo/events", events), Mount("/demo", demo)]


class _DemoFiles(StaticFiles):
    """The page and its parts. The page sets `COOKIE` in a browser that does not have it."""

    def __init__(self, is_secure: bool) -> None:
        super().__init__(directory=FOLDER)
        self._is_secure = is_secure

    def file_response(self, full_path: Any, stat_result: Any, scope: Any, *more: Any) -> Response:
        response = super().file_response(full_path, stat_result, scope, *more)
        response.headers.update(HEADERS)
        known = browser_of(Request(scope).headers.get("cookie", ""))
        if Path(full_path).suffix == ".html" and not known:
            name = secrets.token_hex(16)
            response.set_cookie(COOKIE, name, httponly=True, samesite="lax", secure=self._is_secure)
        return response
