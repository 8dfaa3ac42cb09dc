"""Accepting connections: all that wait, whenever the event loop looks.

libuv accepts one at a time. A process with much to do looks seldom, and the others would wait in
the kernel, where nobody can refuse them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import uvicorn

log = logging.getLogger(__name__)

REST_SECONDS = 1.0
"""After the system had no room for another connection."""


class Server(uvicorn.Server):
    """uvicorn's server, with another way to accept."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        config = self.config

        def protocol() -> asyncio.Protocol:
            made: Any = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made  # type: ignore[no-any-return]

        self.servers: list[Any] = [Acceptor(sockets or [], protocol, config.backlog)]


class Acceptor:
    """Accepts what comes to `sockets`, which are bound, and gives it to a protocol each.

    backlog: connections that may wait in the kernel.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.Protocol],
        backlog: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets, self._protocol, self._backlog = list(sockets), protocol, backlog
        self._opening: set[asyncio.Task[None]] = set()
        for listening in self._sockets:
            listening.setblocking(False)
            listening.listen(backlog)
            self._watch(listening)
            log.info("listening on %s, port %d", *listening.getsockname()[:2])

    def close(self) -> None:
        """Accepts no more."""
        for listening in self._sockets:
            self._loop.remove_reader(listening)
        self._sockets.clear()

    async def wait_closed(self) -> None:
        """Until what was accepted has its protocol."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _watch(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(self._backlog):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # no more files, or no memory
                log.error("a connection cannot be accepted: %s", error.strerror)
                self._loop.remove_reader(listening)
                self._loop.call_later(REST_SECONDS, self._watch, listening)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._open(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        with suppress(OSError):  # it has gone already
            await self._loop.connect_accepted_socket(self._protocol, connection)
