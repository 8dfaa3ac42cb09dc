"""Reloads the configuration when its file changes. Mistakes in the new one are logged, and the last
good one stays in force."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.configuration.exposure import permitted
from gateway.configuration.load import load_settings
from gateway.configuration.settings import Settings
from gateway.runtime.last_good import reason_of
from gateway.system.file_stamp import FileStamp, file_stamp
from gateway.system.tasks import wait_for_event

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from gateway.web.application import Application

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
CLOSE_SECONDS = 10.0
"""How long requests that came under the old configuration may take."""


class ConfigFile:
    """The newest settings without mistakes in the file at `path`. A change of a file that contains
    one of their secrets also makes new settings.

    settings: those that the file had when it was first read. environment: for ``${NAME}``; by
    default the process's own. allow_demo: whether to accept a demo configuration; see `permitted`.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        environment: Mapping[str, str] | None = None,
        *,
        allow_demo: bool = False,
    ) -> None:
        self.settings = settings
        self._path = path
        self._environment = environment
        self._allow_demo = allow_demo
        self._seen: list[FileStamp | None] = []  # the file may differ from `settings` already
        self._looked_at: list[FileStamp | None] = []
        self._is_rejected = False

    def is_in_force(self, settings: Settings) -> bool:
        """Whether the file contained `settings` when it was last read."""
        return not self._is_rejected and settings.version == self.settings.version

    def is_still(self) -> bool:
        """Whether nothing was written since the last call. While a file is being written, its first
        half may be without mistakes but lack destinations or rules."""
        before, self._looked_at = self._looked_at, self._state()
        return before == self._looked_at

    def has_news(self, anyway: bool = False) -> bool:
        """Reads the files again if they changed; whether there are new `settings`. anyway: read
        them even if they seem unchanged."""
        state = self._state()
        if state[0] is None or (state == self._seen and not anyway):
            return False
        self._seen = state
        try:
            settings = load_settings(self._path, self._environment)
            permitted(settings, self._path, self._allow_demo)
        except Exception as error:  # a fault in a plug-in must not end the reloading either
            log.error("new configuration rejected, keeping the current one: %s", reason_of(error))
            self._is_rejected = True
            return False
        if self._is_rejected:
            self._is_rejected = False
            log.info("the configuration file is valid again, version %s", settings.version)
        if (settings.version, settings.secret_files) == (
            self.settings.version,
            self.settings.secret_files,
        ):
            return False
        if settings.redis != self.settings.redis:
            log.warning("restart the gateway to apply the changes to `redis`")
        self.settings = settings.with_redis(self.settings.redis)
        return True

    def _state(self) -> list[FileStamp | None]:
        return [file_stamp(path) for path in (self._path, *self.settings.secret_files)]


async def news(file: ConfigFile) -> AsyncIterator[Settings]:
    """Yields the settings in `file` each time that there are new ones and the file stayed the same
    for `LOOK_SECONDS`; SIGHUP makes it read the file at once."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        await wait_for_event(asked, LOOK_SECONDS)
        anyway = asked.is_set()
        asked.clear()
        if await asyncio.to_thread(_look, file, anyway):
            yield file.settings


def _look(file: ConfigFile, anyway: bool) -> bool:
    is_still = file.is_still()
    return (is_still or anyway) and file.has_news(anyway)


class _Serving:
    """A running application, with the number of its requests under way."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.requests = 0
        self._lifespan = app.lifespan()

    async def open(self) -> None:
        await self._lifespan.__aenter__()

    async def close(self) -> None:
        """Closes the application after its last request, or after `CLOSE_SECONDS`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while self.requests:
                    await asyncio.sleep(0.02)
        await self._lifespan.__aexit__(None, None, None)


class ReloadingApp:
    """The ASGI application of the newest good configuration.

    A request is answered entirely under the configuration that was in force when it came in. build:
    makes an application from settings.
    """

    def __init__(self, file: ConfigFile, build: Callable[[Settings], Application]) -> None:
        self._file = file
        self._build = build
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

    async def operators(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application at the operators' address."""
        serving = self._serving
        serving.requests += 1
        try:
            await serving.app.operators(scope, receive, send)
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
        except Exception:  # whatever it is, the current application keeps running
            log.exception("the new configuration could not be applied, keeping the current one")
            return
        old, self._serving = self._serving, new
        log.info("configuration %s is in force", self._file.settings.version)
        closing = asyncio.create_task(old.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
