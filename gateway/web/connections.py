"""Limits how long connections may wait for their senders, and how many may wait.

uvicorn limits neither, except for idle connections, with a timer for each request. Here one sweep
a second checks all connections, and requests set no timers.
"""

from __future__ import annotations

import logging
import resource
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, Protocol

from gateway.configuration.server import ServerSettings
from gateway.event.address import read_node, sender_of
from gateway.queue.pending_counts import PendingCounts
from gateway.web.client_ip import PRIVATE_NETWORKS, Network, is_in
from gateway.web.rare_warning import RareWarning

log = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
"""For a whole head, from its first byte; for that byte on a new connection; and for the rest of a
request that was answered early."""

KEEP_ALIVE_SECONDS = 75.0
"""How long a connection may be idle between requests. Proxies and clients close theirs earlier,
after 60 s or less: a request on a connection that is just being closed would get no answer."""

ANSWER_SECONDS = 30.0
"""For a peer to read some of an answer that does not fit into the buffers."""

LINGER_SECONDS = 2.0
"""How long the rest of a refused request is read and discarded. If the connection were closed
earlier, the answer could be lost (RFC 9112, 9.6)."""

MAX_CONNECTIONS = 5_000
"""Of one process, where the limit of open files allows it. An idle one takes about 10 KB."""

MAX_HELD_BYTES = 64_000_000
"""Of all incomplete requests of one process."""

SMALL_BYTES = 4_096
"""A request that holds no more than this is not closed for its size."""

FILES_BESIDES = 256
"""Files that a process opens for other things, such as Redis and the spool."""

MAX_STEP_SECONDS = 2.0
"""The time between two looks counts up to this much. A process that was blocked for longer has not
yet read what was sent to it meanwhile."""

REFUSED = PendingCounts()
"""Counts of refusals before the source was known, until `Upkeep` adds them to the other counts."""


class State(IntEnum):
    """What a connection waits for. Until a new request, `Connections` only moves it to a later
    state."""

    BUSY = 0
    """Nothing: its request has come, and is being answered."""
    BODY = 1
    """The rest of a request. `gateway.web.body` limits the time."""
    UNREAD = 2
    """The peer to take its answer."""
    ANSWERED = 3
    """The rest of a request that was answered before it came."""
    IDLE = 4
    """The next request."""
    SILENT = 5
    """The first byte."""
    HEAD = 6
    """The rest of a head."""
    CLOSING = 7
    """The peer to take its last answer."""
    ENDING = 8
    """The end, after a refusal."""


BUSY, BODY, UNREAD, ANSWERED, IDLE, SILENT, HEAD, CLOSING, ENDING = State
"""Before Python 3.12, access by these names takes a tenth of the time."""

_SECONDS = {
    BODY: float("inf"),
    UNREAD: ANSWER_SECONDS,
    ANSWERED: HEAD_SECONDS,
    IDLE: KEEP_ALIVE_SECONDS,
    SILENT: HEAD_SECONDS,
    HEAD: HEAD_SECONDS,
    CLOSING: ANSWER_SECONDS,
    ENDING: LINGER_SECONDS,
}


class Connection(Protocol):
    """What `Connections` needs of a connection."""

    @property
    def peer(self) -> str:
        """Its address; empty for a Unix socket."""

    cycle: Any
    """uvicorn's cycle: a new one for each request whose head is complete."""

    held: int
    """Bytes that were received of an incomplete request."""

    def state(self) -> State: ...

    def end(self, state: State) -> None:
        """Ends it after it was in `state` for too long."""

    def close(self) -> None:
        """Closes it without an answer. A second call aborts it."""


@dataclass(slots=True)
class _Wait:
    """until: when it takes too long."""

    cycle: object
    state: State
    since: float
    until: float


MALFORMED = RareWarning(
    log,
    "connection",
    "%s sent something other than HTTP and got the answer 400, as from scanners and from clients "
    "that use TLS on this port",
)


class Connections:
    """Ends those of `connections` that wait for too long, and some if there are too many.

    settings: returns those in force. exempt: networks, besides `server.trusted_proxies`, whose
    addresses may have any number of connections, since many visitors can share one of them. most:
    limit of all connections. Times are in seconds of any monotonic clock.
    """

    def __init__(
        self,
        connections: Collection[Connection],
        settings: Callable[[], ServerSettings],
        exempt: Sequence[Network] = PRIVATE_NETWORKS,
        most: int = MAX_CONNECTIONS,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._exempt = exempt
        self._most = most
        self._waits: dict[Connection, _Wait] = {}
        self._now = self._looked = 0.0
        self._read_settings()
        self._too_many = RareWarning(
            log,
            "waiting connection",
            "closed %s of addresses that have more than "
            "`server.max_connections_per_address`; if such an address is that of your proxy, add "
            "it to `server.trusted_proxies`",
        )
        self._full = RareWarning(
            log,
            "waiting connection",
            f"closed %s: a process holds at most {most}, and "
            f"{MAX_HELD_BYTES // 1_000_000} MB of unfinished requests",
        )

    def sweep(self, now: float) -> None:
        """Ends the connections that wait for too long, and those waiting longest if one address has
        too many or all of them hold too many bytes."""
        if self._settings() is not self._in_force:
            self._read_settings()
        waits = self._look(now)
        for connection, wait in waits.items():
            if self._now > wait.until:
                connection.end(wait.state)
        if len(waits) > self._in_force.max_connections_per_address:
            self._trim_addresses()
        self._trim_bytes()
        for warning in (MALFORMED, self._too_many, self._full):
            warning.say(self._now)

    def room(self, opening: int, now: float) -> int:
        """How many more there may be after the number that are `opening`. If there is no room,
        closes some that wait, which makes room a moment later."""
        room = self._most - len(self._connections) - opening
        if room <= 0:
            self._look(now)
            self._close(self._in_order([*self._waits])[: max(1, self._most // 5)], self._full)
        return room

    def _read_settings(self) -> None:
        self._in_force = self._settings()
        self._group = _compile_group([*self._exempt, *self._in_force.trusted_proxies])

    def _look(self, now: float) -> dict[Connection, _Wait]:
        """Returns since when each connection waits. Without a new request, a connection stays in
        the latest state that it was in, so that a sender cannot restart its time."""
        self._now += min(max(0.0, now - self._looked), MAX_STEP_SECONDS)
        self._looked = now
        before, self._waits = self._waits, {}
        for connection in self._connections:
            state = connection.state()
            if state is BUSY:
                continue
            wait = before.get(connection)
            if wait is None or wait.cycle is not connection.cycle or state > wait.state:
                until = self._now + _SECONDS[state]
                wait = _Wait(connection.cycle, state, self._now, until)
            self._waits[connection] = wait
        return self._waits

    def _trim_addresses(self) -> None:
        by_address: defaultdict[str, list[Connection]] = defaultdict(list)
        for connection in self._waits:
            if group := self._group(connection.peer):
                by_address[group].append(connection)
        for connections in by_address.values():
            surplus = len(connections) - self._in_force.max_connections_per_address
            if surplus > 0:
                self._close(self._in_order(connections)[:surplus], self._too_many)

    def _trim_bytes(self) -> None:
        holding = [
            connection
            for connection, wait in self._waits.items()
            if wait.state is HEAD or wait.state is BODY
        ]
        surplus = sum(connection.held for connection in holding) - MAX_HELD_BYTES
        if surplus <= 0:
            return
        large = [connection for connection in holding if connection.held > SMALL_BYTES]
        for connection in self._in_order(large):
            if surplus <= 0:
                return
            surplus -= connection.held
            self._close([connection], self._full)

    def _in_order(self, connections: list[Connection]) -> list[Connection]:
        """Sorted so that those come first whose closing does the least harm: other addresses before
        the exempt, connections without a request before those that send one, then the longest
        waiting."""

        def rank(connection: Connection) -> tuple[bool, bool, float]:
            wait = self._waits[connection]
            return not self._group(connection.peer), wait.state is BODY, wait.since

        return sorted(connections, key=rank)

    def _close(self, connections: list[Connection], warning: RareWarning) -> None:
        for connection in connections:
            REFUSED.add("refused::too_many_connections")
            warning.add()
            connection.close()


def _compile_group(exempt: Sequence[Network]) -> Callable[[str], str]:
    """The function that returns the key by which the connections of a peer are counted: its IPv4
    address, or the /64 of its IPv6 address, which one sender usually has. Empty for the exempt."""

    @lru_cache(maxsize=4096)
    def group(peer: str) -> str:
        address = read_node(peer)
        if isinstance(address, str) or is_in(address, exempt):
            return ""
        return sender_of(address)

    return group


def connections_by_files() -> int:
    """How many connections a process can have with its limit of open files."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(files - FILES_BESIDES, files // 2))
