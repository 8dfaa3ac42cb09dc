"""A shop and a gateway on two hosts of one site, and Chromium to visit them.

The shop answers at www.shop.example and the gateway at metrics.shop.example, both on this
machine, so cookies, cross-origin rules and page loads are those of a real installation.
"""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.web.scripts import read_script, script_route
from tests.support.chromium import FLAGS, find_chromium
from tests.support.gateway_process import free_port

OPEN_FILE = anyio.open_file
"""Imported before the first request: Python 3.11 may fail to parse it in Playwright's greenlets."""

WEB = Path(__file__).parents[2] / "gateway" / "web"

STUB = (
    "window.gateway = window.gateway || function(){(gateway.q = gateway.q || []).push(arguments)};"
)
GTAG = "window.dataLayer = window.dataLayer || []; function gtag(){dataLayer.push(arguments)}"

MARK_BEACONS = """
    const { sendBeacon } = Navigator.prototype;
    Navigator.prototype.sendBeacon = function (url, body) {
        return sendBeacon.call(this, url + '?beacon', body);
    };
"""


def wait_for(happened: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """What `happened` returns, once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := happened():
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def wait_until_known(page: Page) -> None:
    """Returns once the page knows that what it tried to send has failed."""
    page.wait_for_function(
        "Object.entries(localStorage).some(([key]) => key.startsWith('gateway:')) && "
        "Object.entries(localStorage).every(([key, value]) => value[0] == '{')",
        timeout=60_000,
    )


class Server:
    """An application on its own port, which can be stopped and started again."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self.port = free_port()
        self._uvicorn: uvicorn.Server | None = None

    def start(self) -> None:
        if self._uvicorn:
            return
        config = uvicorn.Config(
            self.app, port=self.port, log_level="error", timeout_graceful_shutdown=1
        )
        server = self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, daemon=True)
        self._thread.start()
        wait_for(lambda: server.started, "start of the test server")

    def stop(self) -> None:
        if self._uvicorn:
            self._uvicorn.should_exit = True
            self._thread.join()
            self._uvicorn = None


@dataclass
class Hit:
    """One request to /collect, and how it was answered."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    is_beacon: bool

    @property
    def events(self) -> list[dict[str, Any]]:
        return json.loads(self.body)["events"]

    @property
    def page_token(self) -> str:
        return json.loads(self.body)["page_token"]


@dataclass
class Answer:
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    """Seconds."""
    body: str | None = None


class Gateway(Server):
    """Serves gateway.js and keeps what reaches /collect."""

    def __init__(self) -> None:
        super().__init__(
            Starlette(
                routes=[
                    Route("/gateway.js", self._script),
                    Route("/gw/gateway.js", self._script),
                    Route("/gw/collect", self._collect, methods=["POST"]),
                    Route("/collect", self._collect, methods=["POST", "OPTIONS"]),
                    Route("/elsewhere", self._collect, methods=["POST"]),
                ]
            )
        )
        self.origin = f"http://metrics.shop.example:{self.port}"
        self.reset()

    def reset(self) -> None:
        self.began = time.time()
        self.hits: list[Hit] = []
        self.answers: deque[Answer] = deque()
        self.allows_the_shop = True
        self.seconds_to_answer = 0.0
        self.start()

    def will_answer(
        self, status: int, after: float = 0.0, report: object = None, **headers: str
    ) -> None:
        """Sets how the next request is answered; several calls queue up. Otherwise requests are
        accepted after `seconds_to_answer`. report: JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(report) if report is not None else None
        self.answers.append(Answer(status, named, after, body))

    def will_hang(self) -> None:
        """The next request is neither accepted nor answered."""
        self.answers.append(Answer(504, after=3600))

    def accepted(self) -> list[dict[str, Any]]:
        return [event for hit in list(self.hits) if hit.status < 300 for event in hit.events]

    def wait_for_events(self, count: int) -> list[dict[str, Any]]:
        """All accepted events, once there are `count` of them."""
        try:
            wait_for(lambda: len(self.accepted()) >= count, f"{count} accepted events", 60)
        except AssertionError as late:
            late.add_note(f"accepted: {self.accepted()}")
            raise
        return self.accepted()

    def wait_for_hits(self, count: int) -> list[Hit]:
        wait_for(lambda: len(self.hits) >= count, f"{count} requests")
        return self.hits

    async def _script(self, request: Request) -> Response:
        headers = {"cache-control": "no-store"}
        return Response(read_script("gateway.js"), headers=headers, media_type="text/javascript")

    async def _collect(self, request: Request) -> Response:
        body = (await request.body()).decode()
        answer = self.answers.popleft() if self.answers else Answer()
        self.hits.append(
            Hit(
                method=request.method,
                path=request.url.path,
                headers=dict(request.headers),
                body=body,
                status=answer.status,
                is_beacon="beacon" in request.query_params,
            )
        )
        await asyncio.sleep(answer.after or self.seconds_to_answer)
        cors = {
            "access-control-allow-origin": request.headers.get("origin", ""),
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": "retry-after",
            "vary": "origin",
        }
        headers = (cors if self.allows_the_shop else {}) | answer.headers
        return Response(answer.body, status_code=answer.status, headers=headers)


class Shop(Server):
    """Serves pages that carry the snippet."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(Starlette(routes=[Route("/{path:path}", self._page)]))
        self.gateway = gateway
        self.origin = f"http://www.shop.example:{self.port}"
        self.html: dict[str, str] = {}

    async def _page(self, request: Request) -> Response:
        html = self.html.get(request.url.path)
        return HTMLResponse(html) if html else Response(status_code=404)

    def empty_page(self) -> str:
        """The address of a page without scripts. Unlike about:blank, it may be in the same process
        as the page before, so it loads only once that page has been left."""
        self.html["/empty"] = "<!doctype html><title>Shop</title>"
        return f"{self.origin}/empty"

    def write(self, before: str = "", attributes: str = "", path: str = "/") -> str:
        """The address of a page that runs `before`, then loads the snippet."""
        self.html[path] = (
            f"<!doctype html><html><head><title>Shop</title><script>{STUB}{GTAG}{before}</script>"
            f'<script async src="{self.gateway.origin}/gateway.js" {attributes}></script></head>'
            '<body><a href="/next">next</a></body></html>'
        )
        return self.origin + path


class Demo(Server):
    """Serves the demo shop as the gateway does, with records that a test has written.

    records: the answer of /demo/events. received: the events that reached /collect.
    """

    def __init__(self) -> None:
        super().__init__(
            Starlette(
                routes=[
                    Route("/demo", self._index),
                    Route("/demo/events", self._events),
                    Mount("/demo", StaticFiles(directory=WEB / "demo")),
                    script_route("gateway.js"),
                    Route("/collect", self._collect, methods=["POST"]),
                ]
            )
        )
        self.url = f"http://127.0.0.1:{self.port}/demo"
        self.reset()

    def reset(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        self.broken = False
        self.start()

    def wait_for_event(self, name: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((e for e in list(self.received) if e["event_name"] == name), None)

        event: dict[str, Any] = wait_for(found, f"event {name}")
        return event

    async def _index(self, _: Request) -> Response:
        policy = {"content-security-policy": "default-src 'self'"}
        return FileResponse(WEB / "demo" / "index.html", headers=policy)

    async def _events(self, request: Request) -> Response:
        if self.broken:
            return Response(status_code=503)
        after = int(request.query_params.get("after") or 0)
        return JSONResponse({"last": str(len(self.records)), "records": self.records[after:]})

    async def _collect(self, request: Request) -> Response:
        self.received += json.loads(await request.body())["events"]
        return Response(status_code=204)


@dataclass
class Visitor:
    """A browser profile: its cookies and its storage last from page to page."""

    context: BrowserContext
    shop: Shop
    errors: list[str] = field(default_factory=list)

    def visit(self, before: str = "", attributes: str = "", path: str = "/") -> Page:
        """Opens a tab on a page that runs `before`, then loads the snippet."""
        page = self.context.new_page()
        page.goto(self.shop.write(before, attributes, path))
        page.wait_for_function("window.gateway.ready === true")
        return page

    def waiting(self, page: Page) -> list[dict[str, Any]]:
        """The events that wait in the browser's storage, oldest first."""
        entries: list[tuple[str, str]] = page.evaluate("Object.entries(localStorage).sort()")
        stored = [value for key, value in entries if key.startswith("gateway:")]
        return [json.loads(value[value.index("{") :]) for value in stored]

    def cookies(self) -> dict[str, Any]:
        return {cookie["name"]: cookie for cookie in self.context.cookies()}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Gateway, Shop]]:
    gateway = Gateway()
    shop = Shop(gateway)
    shop.start()
    yield gateway, shop
    shop.stop()
    gateway.stop()


@pytest.fixture(scope="module")
def demo_server() -> Iterator[Demo]:
    demo = Demo()
    yield demo
    demo.stop()


@pytest.fixture
def demo(demo_server: Demo) -> Demo:
    demo_server.reset()
    return demo_server


@pytest.fixture
def gateway(servers: tuple[Gateway, Shop]) -> Gateway:
    servers[0].reset()
    return servers[0]


@pytest.fixture
def shop(servers: tuple[Gateway, Shop], gateway: Gateway) -> Shop:
    servers[1].html.clear()
    return servers[1]


@pytest.fixture
def visitor(chromium: Browser, shop: Shop) -> Iterator[Visitor]:
    """A new visitor. The test fails when an exception reached a page."""
    context = chromium.new_context(viewport={"width": 1000, "height": 700}, locale="en-GB")
    context.set_default_timeout(60_000)
    context.add_init_script(MARK_BEACONS)
    visitor = Visitor(context, shop)
    context.on("weberror", lambda error: visitor.errors.append(str(error.error)))
    yield visitor
    context.set_offline(True)  # or events of a closing page would reach the next test
    context.close()
    assert visitor.errors == []
