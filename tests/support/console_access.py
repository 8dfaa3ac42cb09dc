"""A small application behind the console's access layers, and browsers that request its pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.configuration.settings import Settings
from gateway.console.access.operator import require_operator

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=7168, parallelism=1)
HASHES = {name: QUICK.hash(PASSWORD) for name in ("anna", "ben")}
REST = """
redis: {{data_dir: {data}}}
sources: {{site: {{type: collect}}}}
destinations: {{hook: {{type: webhook, url: "https://shop.example/"}}}}
"""
LOCAL_URL, URL = "http://localhost:8082", "https://console.example"


def users(anna: str = HASHES["anna"], role: str = "operator") -> str:
    return (
        f"users: {{anna: {{password: '{anna}', role: {role}}}, "
        f"ben: {{password: '{HASHES['ben']}'}}}}"
    )


MakeSettings = Callable[..., Settings]


async def _who(request: Request) -> Response:
    operator = request.state.operator
    return JSONResponse({"name": operator.name, "role": operator.role, "csrf": request.state.csrf})


async def _act(request: Request) -> Response:
    require_operator(request)
    return JSONResponse({"body": (await request.body()).decode("latin-1")})


async def _form(request: Request) -> Response:
    form = await request.form()
    return JSONResponse({name: str(value) for name, value in form.items()})


async def _open(_: Request) -> Response:
    return Response("style")


INNER = Starlette(
    routes=[
        Route("/", _who),
        Route("/events/{receipt}", _who),
        Route("/who.json", _who),
        Route("/act", _act, methods=["POST", "DELETE", "PUT"]),
        Route("/form", _form, methods=["POST"]),
        Route("/static/console.css", _open),
    ]
)


class Browser:
    """Sends requests as browsers do, with `Sec-Fetch-Site` and `Origin`. address: of the client."""

    def __init__(self, access: ASGIApp, url: str, address: str) -> None:
        transport = httpx.ASGITransport(access, client=(address, 50_000), raise_app_exceptions=True)
        self.client = httpx.AsyncClient(
            transport=transport,
            base_url=url,
            headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
        )
        self.url = url

    async def get(self, path: str, **headers: str) -> httpx.Response:
        sent = {"sec-fetch-site": "none", **_named(headers)}
        return await self.client.get(path, headers=sent)

    async def post(self, path: str, data: Any = None, **headers: str) -> httpx.Response:
        sent = {"sec-fetch-site": "same-origin", "origin": self.url, **_named(headers)}
        return await self.client.post(path, data=data, headers=sent)

    async def sign_in(
        self, name: str = "anna", password: str = PASSWORD, **more: str
    ) -> httpx.Response:
        return await self.post("/login", {"name": name, "password": password, **more})

    async def csrf(self) -> str:
        return str((await self.get("/")).json()["csrf"])

    @property
    def token(self) -> str:
        (token,) = (
            each.value or "" for each in self.client.cookies.jar if each.name.endswith("console")
        )
        return token


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


OpenBrowser = Callable[..., Browser]


def words(answer: httpx.Response) -> str:
    """The text of a page, in one line."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", answer.text).split()))
