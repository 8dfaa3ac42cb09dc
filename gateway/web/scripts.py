"""The scripts for pages of shops, as browsers get them."""

import re
from pathlib import Path

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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
