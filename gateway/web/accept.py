"""Accepts connections: all that wait, each time the event loop gets to it.

libuv accepts one at a time. In a busy process, the others would wait in the kernel, where they
cannot be refused.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import uvicorn

from gateway.configuration.server import ServerSettings
from gateway.web.client_ip import PRIVATE_NETWORKS, Network
from gateway.web.connections import MAX_CONNECTIONS, Connections, connections_by_files

log = logging.getLogger(__name__)

REST_SECONDS = 1.0
"""Pause after the system had no resources for another connection."""

FULL_SECONDS = 0.25
"""Pause after the limit of connections was reached."""

_TICKS = 10
"""Ticks of uvicorn's server between two sweeps: a second."""


class Server(uvicorn.Server):
    """uvicorn's server, with its own way to accept connections, limits for them, and a socket for
    each of `configs`, in their order. Only the lifespan of the first application is run.

    settings, exempt: as in `Connections`. most: limit of all connections, or less if the limit of
    open files requires it.
    """

    def __init__(
        self,
        *configs: uvicorn.Config,
        settings: Callable[[], ServerSettings],
        exempt: Sequence[Network] = PRIVATE_NETWORKS,
        most: int = MAX_CONNECTIONS,
    ) -> None:
        super().__init__(configs[0])
        self._configs = configs
        open_: Any = self.server_state.connections
        self._connections = Connections(open_, settings, exempt, min(most, connections_by_files()))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        self.servers: list[Any] = [
            self._acceptor(config, listening)
            for config, listening in zip(self._configs, sockets or [], strict=True)
        ]

    def _acceptor(self, config: uvicorn.Config, listening: socket.socket) -> Acceptor:
        if not config.loaded:
            config.load()

        def protocol() -> asyncio.Protocol:
            made: Any = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made  # type: ignore[no-any-return]

        return Acceptor([listening], protocol, config.backlog, self._connections.room)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            self._connections.sweep(time.monotonic())
        return await super().on_tick(counter)


class Acceptor:
    """Accepts connections at `sockets`, which are bound, and gives each a protocol of its own.

    backlog: connections that may wait in the kernel. room: returns how many more may be open; takes
    the number of those that are opening, and the monotonic time.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.Protocol],
        backlog: int,
        room: Callable[[int, float], int],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets = list(sockets)
        self._protocol = protocol
        self._backlog = backlog
        self._room = room
        self._opening: set[asyncio.Task[None]] = set()
        for listening in self._sockets:
            listening.setblocking(False)
            listening.listen(backlog)
            self._watch(listening)
            log.info("listening on %s, port %d", *listening.getsockname()[:2])

    def close(self) -> None:
        """Stops accepting."""
        for listening in self._sockets:
            self._loop.remove_reader(listening)
        self._sockets.clear()

    async def wait_closed(self) -> None:
        """Waits until each accepted connection has its protocol."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _watch(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def _rest(self, listening: socket.socket, seconds: float) -> None:
        self._loop.remove_reader(listening)
        self._loop.call_later(seconds, self._watch, listening)

    def _accept(self, listening: socket.socket) -> None:
        room = self._room(len(self._opening), time.monotonic())
        if room <= 0:
            self._rest(listening, FULL_SECONDS)
        for _ in range(min(self._backlog, room)):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # no more files, or no memory
                log.error("could not accept a connection: %s", error.strerror)
                self._rest(listening, REST_SECONDS)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._open(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the peer has gone already
            await self._loop.connect_accepted_socket(self._protocol, connection)
