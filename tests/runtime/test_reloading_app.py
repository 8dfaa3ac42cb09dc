"""The web part under a configuration that changes: no request is lost, cut or answered twice."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.configuration.load import load_settings
from gateway.configuration.settings import Settings
from gateway.runtime import reload as reload_module
from gateway.runtime.reload import ConfigFile, ReloadingApp, news
from gateway.sources.claims import PathTable
from gateway.web.application import Application
from tests.support.waiting import until

pytestmark = pytest.mark.anyio
CONFIG = """
sources: {%s: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""


class Shop:
    """Builds applications that answer with the name of their source. open: the names of those that
    are open. gate: holds requests to /slow until it is set. held: is set once there is one."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.gate = asyncio.Event()
        self.held = asyncio.Event()
        self.broken = False

    def build(self, settings: Settings) -> Application:
        (name,) = settings.sources
        if self.broken:
            raise RuntimeError("a plug-in that cannot be loaded")

        async def answer(_: Request) -> PlainTextResponse:
            return PlainTextResponse(name)

        async def slow(_: Request) -> PlainTextResponse:
            self.held.set()
            await self.gate.wait()
            assert name in self.open
            return PlainTextResponse(name)

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            self.open.append(name)
            yield
            self.open.remove(name)

        routes = [Route("/", answer), Route("/slow", slow)]
        operators = PlainTextResponse(f"{name} for operators")
        return Application(PathTable([]), Starlette(routes=routes, lifespan=lifespan), operators)


@asynccontextmanager
async def living(app: ReloadingApp) -> AsyncIterator[httpx.AsyncClient]:
    """`app` between the two messages of the lifespan protocol."""
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, messages.get, sent.put))  # type: ignore[arg-type]
    await messages.put({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gateway"
    ) as client:
        yield client
    await messages.put({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await task


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_module, "LOOK_SECONDS", 0.02)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG % "first")
    return path


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def client(path: Path, shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    app = ReloadingApp(ConfigFile(path, load_settings(path)), shop.build)
    async with living(app) as client:
        yield client
    assert shop.open == []


async def test_a_request_is_answered_under_the_configuration_that_it_met(
    client: httpx.AsyncClient, path: Path, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    slow = asyncio.create_task(client.get("/slow"))
    await asyncio.wait_for(shop.held.wait(), 60)
    path.write_text(CONFIG % "second")
    await until(lambda: shop.open == ["first", "second"])
    await until(lambda: any("is in force" in message for message in caplog.messages))
    assert (await client.get("/")).text == "second"
    shop.gate.set()
    assert (await slow).text == "first"
    await until(lambda: shop.open == ["second"])


async def test_operators_are_answered_under_the_same_configuration(path: Path, shop: Shop) -> None:
    app = ReloadingApp(ConfigFile(path, load_settings(path)), shop.build)
    operators = httpx.ASGITransport(app.operators)
    async with living(app), httpx.AsyncClient(transport=operators, base_url="http://o") as client:
        assert (await client.get("/metrics")).text == "first for operators"
        path.write_text(CONFIG % "second")
        await until(lambda: shop.open == ["second"])
        assert (await client.get("/metrics")).text == "second for operators"


async def test_a_mistake_changes_nothing(client: httpx.AsyncClient, path: Path, shop: Shop) -> None:
    path.write_text("sources: [")
    await asyncio.sleep(0.1)
    assert (await client.get("/")).text == "first"
    path.write_text(CONFIG % "third")
    await until(lambda: shop.open == ["third"])


async def test_an_application_that_cannot_be_built_changes_nothing(
    client: httpx.AsyncClient, path: Path, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.broken = True
    path.write_text(CONFIG % "second")
    await until(
        lambda: (
            "the new configuration could not be applied, keeping the current one" in caplog.messages
        )
    )
    assert (await client.get("/")).text == "first"
    shop.broken = False
    path.write_text(CONFIG % "third")
    await until(lambda: shop.open == ["third"])


class BeingWritten(ConfigFile):
    """A file that is still being written: each look is preceded by the next of `parts`."""

    def __init__(self, path: Path, *parts: str) -> None:
        super().__init__(path, load_settings(path))
        self.path, self.parts = path, list(parts)

    def is_still(self) -> bool:
        if self.parts:
            self.path.write_text(self.parts.pop(0))
        return super().is_still()


async def test_a_file_is_left_alone_while_it_is_written(path: Path) -> None:
    parts = [CONFIG % f"second{'0' * count}" for count in range(4)]
    file = BeingWritten(path, *parts)
    async with asyncio.timeout(60):
        settings = await anext(news(file))
    assert file.parts == []
    assert settings.version == load_settings(path).version


@pytest.fixture
def slow(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_module, "LOOK_SECONDS", 3600)


@pytest.mark.usefixtures("slow")
async def test_sighup_asks_for_it_at_once(
    client: httpx.AsyncClient, path: Path, shop: Shop
) -> None:
    path.write_text(CONFIG % "second")
    await asyncio.sleep(0.1)
    assert shop.open == ["first"]
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: shop.open == ["second"])


async def test_requests_that_keep_coming_never_fail(
    client: httpx.AsyncClient, path: Path, shop: Shop
) -> None:
    seen = set()
    for number in range(10):
        name = f"shop{number}"
        path.write_text(CONFIG % name)
        while shop.open[-1:] != [name]:
            answer = await client.get("/")
            assert answer.status_code == 200
            seen.add(answer.text)
            await asyncio.sleep(0)
    assert len(seen) >= 9
