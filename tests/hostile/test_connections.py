"""Connections that send slowly, nothing, or rubbish, and floods of them."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain

import pytest
import uvicorn

from gateway.configuration.load import parse_settings
from gateway.configuration.server import ServerSettings
from gateway.web import accept, app
from gateway.web.protocol import MAX_BYTES, Protocol
from tests.hostile.conftest import CONFIG, NEIGHBOUR, CountRefused
from tests.support import plain_http
from tests.support.gateway_process import Gateway, free_port, wait_for
from tests.support.process_stats import memory

LIMIT = 120.0
"""Seconds to wait for anything to happen."""
EACH = 50
START = b"POST /collect HTTP/1.1\r\nHost: m.shop.example\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: m.shop.example\r\n\r\n"
SLOW = {
    "silent": (b"", b""),
    "a slow head": (START, b"x"),
    "many slow headers": (START, b"x: 1\r\n"),
    "a slow head after a request": (GET + START, b"x"),
    "a slow body": (START + b"Content-Length: 100000\r\n\r\n", b"x"),
    "slow chunks": (START + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}
"""What each kind sends first, and what it then repeats."""
ANSWERS = {
    "silent": b"",
    "a slow head": b"HTTP/1.1 408 Request Timeout\r\n",
    "many slow headers": b"HTTP/1.1 408 Request Timeout\r\n",
    "a slow head after a request": b"HTTP/1.1 200 OK\r\n",
    "a slow body": b"HTTP/1.1 408 Request Timeout\r\n",
    "slow chunks": b"HTTP/1.1 408 Request Timeout\r\n",
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("connections"), CONFIG) as running:
        yield running


class Sender:
    """A connection from an address of this machine, and the answer to it."""

    def __init__(self, port: int, first: bytes, address: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 30, (address, 0))
        self._socket.sendall(first)
        self._socket.setblocking(False)
        self.answer = b""
        self.is_open = True

    def send(self, more: bytes) -> None:
        with suppress(OSError):
            self._socket.send(more)

    def look(self) -> bool:
        """Reads what has arrived, and returns whether the connection is still open."""
        with suppress(BlockingIOError):
            try:
                while part := self._socket.recv(65_536):
                    self.answer += part
            except ConnectionError:
                pass
            self.is_open = False
        return self.is_open

    def close(self) -> None:
        self._socket.close()


def neighbour_is_heard(port: int) -> bool:
    url = f"http://127.0.0.1:{port}/collect"
    return plain_http.post(url, json=NEIGHBOUR, timeout=LIMIT).status_code == 204


def senders_of(gateway: Gateway, first: bytes) -> list[Sender]:
    return [Sender(gateway.port, first) for _ in range(EACH)]


def web_memory(gateway: Gateway) -> float:
    web = gateway.pids("gateway serve")
    assert web
    return sum(memory(pid).resident for pid in web)


def test_slow_connections_end_and_cost_no_neighbour_an_event(gateway: Gateway) -> None:
    assert neighbour_is_heard(gateway.port)
    before, most = web_memory(gateway), 0.0
    accepted, sent = gateway.outcomes("all")["accepted"], 0
    with ExitStack() as stack:
        senders = {kind: senders_of(gateway, first) for kind, (first, _) in SLOW.items()}
        for sender in chain.from_iterable(senders.values()):
            stack.callback(sender.close)
        deadline = time.monotonic() + LIMIT
        while still := [(kind, each) for kind in SLOW for each in senders[kind] if each.look()]:
            assert time.monotonic() < deadline, {kind for kind, _ in still}
            for kind, sender in still:
                sender.send(SLOW[kind][1])
            assert neighbour_is_heard(gateway.port)
            sent, most = sent + 1, max(most, web_memory(gateway))
            time.sleep(0.2)
    for kind, all_of_kind in senders.items():
        for sender in all_of_kind:
            assert sender.answer.startswith(ANSWERS[kind]), kind
            assert bool(sender.answer) == bool(ANSWERS[kind])
    assert all(b" 408 " in each.answer for each in senders["a slow head after a request"])
    assert gateway.outcomes("all")["accepted"] == accepted + sent
    assert most - before < 30
    wait_until_counted(gateway, "headers_too_slow", 3 * EACH)


def test_rubbish_is_refused_counted_and_hardly_logged(gateway: Gateway) -> None:
    before = web_memory(gateway)
    for _ in range(10 * EACH):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=LIMIT) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x1b[2J\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert neighbour_is_heard(gateway.port)
    wait_until_counted(gateway, "malformed_http", 10 * EACH)
    line = re.compile(r"(\d+) connections? sent something other than HTTP")
    found = wait_for(lambda: line.findall(gateway.log.read_text()), LIMIT, "a line in the log")
    assert len(found) <= EACH
    assert "\x1b" not in gateway.log.read_text()
    assert web_memory(gateway) - before < 20


def test_heads_without_end_and_large_heads_take_little_memory(gateway: Gateway) -> None:
    before = web_memory(gateway)
    with ExitStack() as stack:
        for _ in range(4 * EACH):
            sender = Sender(gateway.port, START)
            stack.callback(sender.close)
            sender.send(b"x: " + b"y" * (MAX_BYTES - 2_000))
            sender.send(b"y" * MAX_BYTES)
        assert neighbour_is_heard(gateway.port)
        assert web_memory(gateway) - before < 100


def wait_until_counted(gateway: Gateway, reason: str, count: int) -> None:
    labels = frozenset({("source", ""), ("reason", reason)})
    counter = "gateway_refused_events_total", labels
    wait_for(lambda: gateway.metrics().get(counter, 0) >= count, LIMIT, f"{count} {reason}")


Serve = Callable[..., int]


@pytest.fixture
def serve(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts the web part in this process, without an exempt address; returns its port."""
    monkeypatch.setattr("gateway.web.upkeep.UPKEEP_SECONDS", 0.02)
    with ExitStack() as stack:

        def serve(per_address: int, most: int) -> int:
            monkeypatch.setattr(accept, "connections_by_files", lambda: most)
            return stack.enter_context(_serving(redis_url, per_address))

        yield serve


@contextmanager
def _serving(redis_url: str, per_address: int) -> Iterator[int]:
    port = free_port()
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app.create_app(parse_settings(CONFIG), redis_url),
        http=Protocol,
        loop="uvloop",
        log_config=None,
        proxy_headers=False,
    )
    settings = ServerSettings(max_connections_per_address=per_address)
    server = accept.Server(config, settings=lambda: settings, exempt=())
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        wait_for(lambda: getattr(server, "servers", []), LIMIT, "the server to listen")
        yield port
    finally:
        server.should_exit = True
        thread.join(LIMIT)


def test_a_flood_from_one_address_closes_its_own_oldest(
    serve: Serve, refused: CountRefused
) -> None:
    port = serve(per_address=EACH, most=10_000)
    with ExitStack() as stack:
        other = Sender(port, START, "127.0.0.3")
        flood = [Sender(port, b"", "127.0.0.2") for _ in range(4 * EACH)]
        for sender in (other, *flood):
            stack.callback(sender.close)
        wait_for(lambda: sum(each.look() for each in flood) <= EACH, LIMIT, "the flood to end")
        assert neighbour_is_heard(port)
        other.send(b"Content-Length: 27\r\n\r\n" + b'{"event_name": "page_view"}')
        wait_for(lambda: other.look() and other.answer, LIMIT, "the other's answer")
        assert other.answer.startswith(b"HTTP/1.1 204 ")
    assert refused("", "too_many_connections") > 0


def test_beyond_the_bound_of_a_process_a_neighbour_is_heard_at_once(
    serve: Serve, refused: CountRefused
) -> None:
    port = serve(per_address=10_000, most=EACH)
    with ExitStack() as stack:
        flood: list[Sender] = []
        for number in range(10 * EACH):
            flood.append(Sender(port, START, f"127.0.1.{number % 200 + 1}"))
            stack.callback(flood[-1].close)
            if number % EACH == 0:
                assert neighbour_is_heard(port)
        wait_for(lambda: sum(each.look() for each in flood) <= EACH, LIMIT, "the flood to end")
        assert neighbour_is_heard(port)
    assert refused("", "too_many_connections") > 0
