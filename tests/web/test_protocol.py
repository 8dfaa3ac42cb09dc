"""A head that is too large is refused before it is complete, over a real connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.web.protocol import MAX_BYTES, Protocol
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.process_stats import memory

CONFIG = """
enrichment: []
sources: {site: {type: collect, max_body_bytes: 1000000}}
destinations: {hook: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
START = b"POST /collect HTTP/1.1\r\nHost: m.shop.example\r\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("protocol"), CONFIG) as running:
        yield running


@pytest.fixture
def connection(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as opened:
        yield opened


def send(connection: socket.socket, data: bytes) -> None:
    """Sends as much of `data` as the gateway takes."""
    try:
        connection.sendall(data)
    except OSError:
        return


def test_the_first_one_is_counted(gateway: Gateway, connection: socket.socket) -> None:
    send(connection, START + b"x: " + b"y" * MAX_BYTES)
    connection.recv(4096)
    labels = frozenset({("source", ""), ("reason", "headers_too_large")})
    counter = "gateway_refused_events_total", labels
    wait_for(lambda: gateway.metrics().get(counter) == 1, 60, "the refusal to be counted")


def neighbour(gateway: Gateway) -> int:
    return plain_http.post(f"{gateway.url}/collect", json={"event_name": "page_view"}).status_code


@pytest.mark.parametrize(
    "endless",
    [
        START + b"x: 1\r\n" * 50_000,
        START + b"x: " + b"y" * 300_000,
        START + b"y" * 300_000,
        b"GET /" + b"y" * 300_000,
    ],
    ids=["many lines", "a long value", "a long name", "a long path"],
)
def test_a_head_without_end_is_refused(
    gateway: Gateway, connection: socket.socket, endless: bytes
) -> None:
    for start in range(0, len(endless), 10_000):
        send(connection, endless[start : start + 10_000])
    assert neighbour(gateway) == 204
    answer = connection.recv(4096)
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    while answer:  # the connection ends
        answer = connection.recv(4096)


def test_it_costs_no_memory(gateway: Gateway) -> None:
    web = gateway.pids("gateway serve")
    assert web
    before = sum(memory(pid).own for pid in web)
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as opened:
            send(opened, START + b"x: " + b"y" * 2_000_000)
            opened.recv(1)
    assert neighbour(gateway) == 204
    assert sum(memory(pid).own for pid in web) - before < 20


def test_long_bodies_and_many_requests_of_one_connection_are_no_head(
    connection: socket.socket,
) -> None:
    body = b'{"event_name": "page_view", "x": "' + b"y" * MAX_BYTES + b'"}'
    request = START + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for _ in range(3):
        connection.sendall(request)
        assert connection.recv(4096).startswith(b"HTTP/1.1 204 ")


def test_trailers_are_no_headers(connection: socket.socket) -> None:
    """They follow the body, so no proxy has checked them."""
    body = b'{"event_name": "page_view"}'
    trailers = b"Cookie: a=1\r\n" * 150
    connection.sendall(
        START
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailers)
    )
    assert connection.recv(4096).startswith(b"HTTP/1.1 204 ")


def test_uvicorn_is_a_version_that_it_was_written_for() -> None:
    """The protocol uses internals of uvicorn: check it before changing this version."""
    assert version("uvicorn").startswith("0.54.")
    assert issubclass(Protocol, HttpToolsProtocol)
    for name in (
        "data_received",
        "on_headers_complete",
        "on_body",
        "on_message_complete",
        "on_response_complete",
        "_start_asgi_task",
    ):
        assert callable(getattr(HttpToolsProtocol, name))
