"""The configuration, read again when its file changes. What is wrong in it is logged, and the last
good one stays in force."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.mistakes import ConfigurationError
from gateway.settings import Settings, load_settings, parse_settings

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from gateway.application import Application

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LAST_GOOD = "GATEWAY_LAST_GOOD"
"""Environment variable that names a file with the configuration in force."""

CLOSE_SECONDS = 10.0
"""How long requests that came under the old configuration may take."""


class ConfigFile:
    """The settings in the file at `path`, the newest that are without mistakes.

    settings: those that the file held when it was read first. environment: for ``${NAME}``; by
    default the process's own.
    """

    def __init__(
        self, path: Path, settings: Settings, environment: Mapping[str, str] | None = None
    ) -> None:
        self.settings = settings
        self._path, self._environment = path, environment
        self._seen = self._state()

    def has_news(self, anyway: bool = False) -> bool:
        """Whether `settings` are new since the last call. anyway: even if the file looks as it
        did."""
        state = self._state()
        if state is None or (state == self._seen and not anyway):
            return False
        self._seen = state
        try:
            settings = load_settings(self._path, self._environment)
        except ConfigurationError as error:
            log.error("the configuration stays as it was: %s", error)
            return False
        if settings.version == self.settings.version:
            return False
        if settings.redis != self.settings.redis:
            log.warning("`redis` takes effect when the gateway is started again")
        self.settings = settings
        return True

    def _state(self) -> tuple[int, int, int] | None:
        """What differs once the file was written; None while there is none, as between the two
        steps of an editor that replaces it."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


async def news(file: ConfigFile) -> AsyncIterator[Settings]:
    """The settings in `file`, each time that there are new ones; SIGHUP asks for a look at once."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), LOOK_SECONDS)
        anyway = asked.is_set()
        asked.clear()
        if await asyncio.to_thread(file.has_news, anyway):
            yield file.settings


def load_running(path: Path) -> Settings:
    """The settings of a process that may be started again at any time: those in the file at `path`
    or, if there are mistakes in it, those that `LAST_GOOD` names. Raises `ConfigurationError`."""
    try:
        return load_settings(path)
    except ConfigurationError as error:
        kept = os.environ.get(LAST_GOOD)
        if not kept:
            raise
        log.error("the configuration stays as it was: %s", error)
        return parse_settings(Path(kept).read_text(encoding="utf-8"), str(path))


class _Serving:
    """An application at work, with the number of its requests."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.requests = 0
        self._lifespan = app.lifespan()

    async def open(self) -> None:
        await self._lifespan.__aenter__()

    async def close(self) -> None:
        """After its last request, or `CLOSE_SECONDS`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while self.requests:
                    await asyncio.sleep(0.02)
        await self._lifespan.__aexit__(None, None, None)


class ReloadingApp:
    """The ASGI application of the newest good configuration.

    A request is answered, from its beginning to its end, under the configuration that was in force
    when it came. build: makes the application of some settings.
    """

    def __init__(self, file: ConfigFile, build: Callable[[Settings], Application]) -> None:
        self._file, self._build = file, build
        self._serving = _Serving(build(file.settings))
        self._closing: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        serving = self._serving
        serving.requests += 1
        try:
            await serving.app(scope, receive, send)
        finally:
            serving.requests -= 1

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._serving.open()
        following = asyncio.create_task(self._follow())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        following.cancel()
        await asyncio.gather(self._serving.close(), *self._closing)
        await send({"type": "lifespan.shutdown.complete"})

    async def _follow(self) -> None:
        async for _ in news(self._file):
            await self._swap()

    async def _swap(self) -> None:
        try:
            new = _Serving(self._build(self._file.settings))
            await new.open()
        except Exception:  # whatever it is, the gateway goes on
            log.exception("the web part keeps its configuration")
            return
        old, self._serving = self._serving, new
        log.info("configuration %s is in force", self._file.settings.version)
        closing = asyncio.create_task(old.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
