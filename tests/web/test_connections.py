"""Connections that wait for their senders, with a clock that the tests control."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from ipaddress import ip_network
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.configuration.server import ServerSettings
from gateway.web.accept import Server
from gateway.web.connections import (
    ANSWER_SECONDS,
    FILES_BESIDES,
    HEAD_SECONDS,
    KEEP_ALIVE_SECONDS,
    LINGER_SECONDS,
    MALFORMED,
    MAX_CONNECTIONS,
    MAX_HELD_BYTES,
    REFUSED,
    Connections,
    State,
    connections_by_files,
)
from gateway.web.headers import MAX_LINES
from gateway.web.protocol import MAX_AHEAD, MAX_BYTES, Protocol
from gateway.web.rare_warning import LOG_SECONDS

PUBLIC = "203.0.113.7"


@dataclass(eq=False)
class Fake:
    """A connection in the state that a test gives it."""

    now: State = State.SILENT
    peer: str = PUBLIC
    cycle: Any = None
    held: int = 0
    ended: list[State] = field(default_factory=list)
    closed: bool = False

    def state(self) -> State:
        return self.now

    def end(self, state: State) -> None:
        self.ended.append(state)
        self.now = State.ENDING

    def close(self) -> None:
        self.closed = True
        self.now = State.ENDING


class Clock:
    """A clock; connections are swept once a second."""

    def __init__(self, *fakes: Fake, per_address: int = 10, **more: Any) -> None:
        self.fakes = [*fakes]
        self.settings = ServerSettings(max_connections_per_address=per_address)
        self.connections = Connections(self.fakes, lambda: self.settings, **more)
        self.now = 1_000.0

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.now += 1
            self.connections.sweep(self.now)


@pytest.fixture(autouse=True)
def nothing_was_refused() -> Iterator[None]:
    REFUSED.take()
    yield
    REFUSED.take()


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        (State.SILENT, HEAD_SECONDS),
        (State.HEAD, HEAD_SECONDS),
        (State.IDLE, KEEP_ALIVE_SECONDS),
        (State.UNREAD, ANSWER_SECONDS),
        (State.ANSWERED, HEAD_SECONDS),
        (State.CLOSING, ANSWER_SECONDS),
        (State.ENDING, LINGER_SECONDS),
    ],
)
def test_each_wait_has_its_limit(state: State, seconds: float) -> None:
    clock = Clock(fake := Fake(state))
    clock.wait(seconds)
    assert not fake.ended
    clock.wait(2)
    assert fake.ended == [state]


@pytest.mark.parametrize("state", [State.BUSY, State.BODY])
def test_a_request_in_progress_has_none_here(state: State) -> None:
    clock = Clock(fake := Fake(state))
    clock.wait(1_000)
    assert not fake.ended


def test_a_new_request_begins_the_time_again() -> None:
    clock = Clock(fake := Fake(State.IDLE))
    for number in range(5):
        fake.cycle = number
        clock.wait(KEEP_ALIVE_SECONDS)
    assert not fake.ended


def test_a_head_has_its_time_from_its_first_byte() -> None:
    clock = Clock(fake := Fake(State.IDLE))
    clock.wait(KEEP_ALIVE_SECONDS - 1)
    fake.now = State.HEAD
    clock.wait(HEAD_SECONDS)
    assert not fake.ended
    clock.wait(2)
    assert fake.ended == [State.HEAD]


@given(st.lists(st.sampled_from([State.IDLE, State.SILENT, State.HEAD]), min_size=90))
@settings(max_examples=20)
def test_a_sender_without_a_new_request_cannot_begin_the_time_again(states: list[State]) -> None:
    clock = Clock(fake := Fake())
    for state in states:
        if fake.ended:
            return
        fake.now = state
        clock.wait(1)
    assert fake.ended


def test_a_process_that_stood_still_ends_nobody_for_it() -> None:
    clock = Clock(fake := Fake(State.HEAD))
    clock.wait(2)
    clock.now += 3_600
    clock.wait(2)
    assert not fake.ended
    clock.wait(HEAD_SECONDS)
    assert fake.ended


def test_a_clock_that_goes_back_ends_nobody_and_stops_nothing() -> None:
    clock = Clock(fake := Fake(State.HEAD))
    clock.wait(2)
    clock.now -= 3_600
    clock.wait(HEAD_SECONDS + 3)
    assert fake.ended == [State.HEAD]


def test_of_too_many_of_one_address_the_longest_waiting_are_closed() -> None:
    clock = Clock(per_address=3)
    for _ in range(5):
        clock.fakes.append(Fake())
        clock.wait(1)
        clock.fakes[:] = [fake for fake in clock.fakes if not fake.closed or fake.ended]
    assert len(clock.fakes) == 3
    assert REFUSED.take() == {"refused::too_many_connections": 2}


def test_a_request_that_has_come_is_not_counted() -> None:
    clock = Clock(*(Fake(State.BUSY) for _ in range(100)), fake := Fake(), per_address=1)
    clock.wait(1)
    assert not fake.closed
    assert not any(each.closed for each in clock.fakes)


def test_a_body_is_cut_off_only_after_all_that_have_no_request() -> None:
    bodies = [Fake(State.BODY) for _ in range(4)]
    clock = Clock(*bodies, per_address=3)
    clock.wait(1)
    clock.fakes += [silent := Fake()]
    clock.wait(1)
    assert silent.closed
    assert sum(fake.closed for fake in bodies) == 1


@pytest.mark.parametrize(
    ("peers", "closed"),
    [
        ([PUBLIC] * 4, 2),
        ([PUBLIC, "203.0.113.8"] * 2, 0),
        (["2001:db8::1", "2001:db8::2:0:1", "2001:db8::ffff:0:0:1", "2001:db8::2"], 2),
        (["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1", "2001:db8:0:4::1"], 0),
        ([f"::ffff:{PUBLIC}", PUBLIC, PUBLIC], 1),
        (["127.0.0.1"] * 4, 0),
        (["10.1.2.3"] * 4, 0),
        (["fd00::1"] * 4, 0),
        ([""] * 4, 0),
    ],
    ids=[
        "one address",
        "two addresses",
        "one /64",
        "several /64s",
        "an IPv4 address in IPv6 words",
        "loopback",
        "private",
        "private IPv6",
        "a Unix socket",
    ],
)
def test_addresses_are_counted_apart(peers: list[str], closed: int) -> None:
    clock = Clock(*(Fake(peer=peer) for peer in peers), per_address=2)
    clock.wait(1)
    assert sum(fake.closed for fake in clock.fakes) == closed


def test_proxies_are_exempt_as_soon_as_the_settings_say_so() -> None:
    clock = Clock(*(Fake(State.IDLE) for _ in range(4)), per_address=10)
    clock.settings = ServerSettings(
        max_connections_per_address=1, trusted_proxies=[ip_network("203.0.113.0/24")]
    )
    clock.wait(1)
    assert not any(fake.closed for fake in clock.fakes)
    clock.settings = ServerSettings(max_connections_per_address=1)
    clock.wait(1)
    assert sum(fake.closed for fake in clock.fakes) == 3


def test_beyond_the_bound_room_is_made_by_those_that_cost_least() -> None:
    ranked = [
        *(Fake(), Fake(State.BODY), Fake(State.IDLE, "10.0.0.1"), Fake(State.BODY, "10.0.0.1")),
        Fake(State.BUSY),
    ]
    clock = Clock(*reversed(ranked), most=5)
    for count in range(1, 5):
        assert clock.connections.room(0, clock.now) == 0
        assert [fake.closed for fake in ranked] == [True] * count + [False] * (5 - count)
        clock.fakes.remove(ranked[count - 1])
        assert clock.connections.room(0, clock.now) == 1
        assert clock.connections.room(1, clock.now) == 0 or count == 4
        clock.fakes.append(Fake(State.BUSY))
    assert clock.connections.room(0, clock.now) == 0
    assert not ranked[-1].closed


def test_unfinished_requests_are_bounded_in_bytes() -> None:
    part = MAX_HELD_BYTES // 4
    thrown_away = Fake(State.ANSWERED, held=10 * part)
    old = [Fake(State.HEAD, held=part), Fake(State.BODY, held=part), Fake(State.HEAD, held=100)]
    proxied = Fake(State.HEAD, "10.0.0.1", held=part)
    clock = Clock(*old, proxied, thrown_away)
    clock.wait(1)
    new = [Fake(State.HEAD, held=part), Fake(State.HEAD, held=part)]
    clock.fakes += new
    clock.wait(1)
    assert old[0].closed
    assert sum(fake.closed for fake in new) == 1
    assert not any(fake.closed for fake in (old[1], old[2], proxied, thrown_away))


def test_the_bound_is_below_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    infinity = resource.RLIM_INFINITY
    for files, expected in (
        (100, 50),
        (1024, 1024 - FILES_BESIDES),
        (65_536, MAX_CONNECTIONS),
        (infinity, MAX_CONNECTIONS),
    ):
        limits = (files, infinity)
        monkeypatch.setattr(resource, "getrlimit", lambda _, limits=limits: limits)
        assert connections_by_files() == expected


def test_a_flood_of_malformed_connections_is_a_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    clock.wait(2 * LOG_SECONDS)  # whatever other tests left
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(int(2 * LOG_SECONDS)):
            MALFORMED.add()
            clock.wait(1)
    assert [record.getMessage().split()[0] for record in caplog.records] == ["1", "60"]


class Transport(asyncio.Transport):
    """The part of a transport that the protocol uses."""

    def __init__(self) -> None:
        super().__init__({"peername": (PUBLIC, 50_000), "sockname": ("127.0.0.1", 80)})
        self.written = b""
        self.is_closed = self.is_aborted = False

    def write(self, data: Any) -> None:
        self.written += data

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.is_closed or self.is_aborted

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True


async def _app(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


START = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("reads", "state"),
    [
        ([], State.SILENT),
        ([b"P"], State.HEAD),
        ([START], State.HEAD),
        ([START + b"Content-Length: 3\r\n\r\nab"], State.BODY),
        ([START + b"Content-Length: 2\r\n\r\n", b"ab"], State.BUSY),
        ([START + b"Content-Length: 2\r\n\r\nab", None], State.IDLE),
        ([START + b"Content-Length: 2\r\n\r\n", b"ab", None, b"P"], State.HEAD),
        ([CHUNKED, b"1\r\nx\r\n", b"0\r\n\r\n"], State.BUSY),
        ([CHUNKED, b"1\r\nx\r\n", b"0\r\n\r\n", None], State.IDLE),
        ([START + b"Content-Length: 9\r\n\r\nab", None], State.ANSWERED),
        ([START + b"Content-Length: 4\r\n\r\nab", None, b"cd"], State.IDLE),
        ([CHUNKED, b"1\r\nx\r\n", None, b"5\r"], State.ANSWERED),
        ([START + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", None], State.IDLE),
        ([START + b"Connection: close\r\n\r\n", None], State.CLOSING),
        ([b"rubbish\r\n\r\n"], State.ENDING),
    ],
)
def test_the_protocol_tells_what_it_waits_for(reads: list[bytes | None], state: State) -> None:
    """None in `reads`: the requests so far are answered before the next read."""

    async def feed() -> tuple[State, str, bool]:
        protocol = await _feed(reads)
        return protocol.state(), protocol.peer, protocol.held > 0

    found, peer, is_held = asyncio.run(feed())
    assert (found, peer) == (state, PUBLIC)
    assert is_held == (state in (State.HEAD, State.BODY, State.ANSWERED, State.ENDING))


@pytest.mark.parametrize(
    ("state", "answer", "closed", "aborted"),
    [
        (State.SILENT, b"", True, False),
        (State.IDLE, b"", True, False),
        (State.ANSWERED, b"", True, False),
        (State.HEAD, b"HTTP/1.1 408 Request Timeout\r\n", False, False),
        (State.UNREAD, b"", False, True),
        (State.ENDING, b"", False, True),
    ],
)
def test_only_a_head_that_has_begun_is_answered(
    state: State, answer: bytes, closed: bool, aborted: bool
) -> None:
    protocol = asyncio.run(_feed([]))
    protocol.end(state)
    transport: Any = protocol.transport
    assert transport.written.startswith(answer)
    assert bool(transport.written) == bool(answer)
    assert (transport.is_closed, transport.is_aborted) == (closed, aborted)
    counts = {"refused::headers_too_slow": 1} if answer else {}
    assert REFUSED.take() == counts


def test_what_does_not_close_is_cut_off() -> None:
    protocol = asyncio.run(_feed([]))
    transport: Any = protocol.transport
    protocol.close()
    assert (transport.is_closed, transport.is_aborted) == (True, False)
    protocol.end(protocol.state())
    assert transport.is_aborted


def test_an_answer_that_is_not_taken_is_a_wait() -> None:
    async def feed() -> State:
        protocol = await _feed([START + b"Content-Length: 2\r\n\r\nab"])
        protocol.pause_writing()
        state = protocol.state()
        protocol.resume_writing()
        return state

    assert asyncio.run(feed()) is State.UNREAD


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("sent", [1, MAX_AHEAD + 1, MAX_AHEAD + 2, 5_000])
def test_few_requests_wait_for_the_answer_to_the_one_before(sent: int) -> None:
    """The first requests are answered; the first one too many ends the connection."""

    async def answers() -> tuple[Transport, int]:
        protocol = await _feed([GET * sent])
        waiting = len(protocol.pipeline)
        while protocol.tasks:
            await asyncio.gather(*protocol.tasks)
        protocol.data_received(GET)
        while protocol.tasks:
            await asyncio.gather(*protocol.tasks)
        transport: Any = protocol.transport
        return transport, waiting

    transport, waiting = asyncio.run(answers())
    answered = transport.written.count(b"HTTP/1.1 204 ")
    if sent <= MAX_AHEAD + 1:
        assert (waiting, answered, transport.is_closing()) == (sent - 1, sent + 1, False)
        assert REFUSED.take() == {}
    else:
        assert (waiting, answered, transport.is_closed) == (MAX_AHEAD, MAX_AHEAD + 1, True)
        assert transport.written.rpartition(b"HTTP/1.1")[2].endswith(b"connection: close\r\n\r\n")
        assert REFUSED.take() == {"refused::too_many_ahead": 1}
    assert not transport.is_aborted


def test_what_waits_when_a_request_is_refused_may_take_its_time() -> None:
    async def states() -> tuple[State, State]:
        protocol = await _feed([START + b"Content-Length: 2\r\n\r\nab" + b"rubbish\r\n\r\n"])
        waiting = protocol.state()
        await asyncio.gather(*protocol.tasks)
        return waiting, protocol.state()

    assert asyncio.run(states()) == (State.BUSY, State.ENDING)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"aa:\r\n" * 20_000,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"aa:\r\n" * 20_000 + b"\r\n",
        START + b"Content-Length: 9\r\n" + b"aa:\r\n" * MAX_LINES + b"\r\n",
        START + b"x: " + b"y" * MAX_BYTES + b"\r\n\r\n",
    ],
    ids=["without end", "with an end", "before a body", "a long line in one read"],
)
def test_no_lines_of_a_refused_head_are_kept(head: bytes) -> None:
    """Once it is parsed, a line of five bytes takes more than a hundred."""
    protocol = asyncio.run(_feed([head]))
    assert (protocol.state(), protocol.headers, protocol.cycle) == (State.ENDING, [], None)
    transport: Any = protocol.transport
    assert transport.written.startswith(b"HTTP/1.1 431 ")
    assert REFUSED.take() == {"refused::headers_too_large": 1}


async def _feed(reads: list[bytes | None]) -> Protocol:
    config = uvicorn.Config(_app, http=Protocol, lifespan="off", log_config=None)
    config.load()
    protocol = Protocol(config, uvicorn.server.ServerState(), {})
    protocol.connection_made(Transport())
    for read in reads:
        if read is None:
            await asyncio.gather(*protocol.tasks)
        else:
            protocol.data_received(read)
    return protocol


def test_uvicorn_is_a_version_that_it_was_written_for() -> None:
    """The code uses internals of uvicorn: check it before changing this version.

    `Protocol` replaces `on_response_complete`, and reads `cycle`, `flow`, `client` and `pipeline`;
    `Server` counts the calls of `on_tick`, ten a second.
    """
    assert version("uvicorn").startswith("0.54.")
    for kind, name in ((uvicorn.Server, "on_tick"), (Protocol, "_start_asgi_task")):
        assert callable(getattr(kind, name))
    assert issubclass(Server, uvicorn.Server)
    protocol = asyncio.run(_feed([START + b"\r\n", None]))
    for name in ("response_complete", "response_started", "more_body"):
        assert hasattr(protocol.cycle, name)
    assert protocol.flow.write_paused is False
    assert protocol.timeout_keep_alive_task is None
