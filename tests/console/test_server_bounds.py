"""The console's server has the same bounds as the web processes."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from gateway.runtime.console import MAX_CONNECTIONS
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for


def connect(gateway: Gateway) -> socket.socket:
    parts = urlsplit(gateway.console_url)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def answer(connection: socket.socket) -> bytes:
    """Everything that the server sends until it ends the connection."""
    found = b""
    while part := connection.recv(65_536):
        found += part
    return found


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"x" * 200_000 + b"\r\n\r\n", b"431"),
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", b"400"),
    ],
    ids=["large head", "TLS", "two hosts"],
)
def test_odd_requests_are_refused(running: Gateway, request_: bytes, status: bytes) -> None:
    with connect(running) as connection:
        connection.sendall(request_)
        assert answer(connection).startswith(b"HTTP/1.1 " + status)


def test_connections_that_wait_give_way(running: Gateway) -> None:
    with ExitStack() as opened:
        made = [opened.enter_context(connect(running)) for _ in range(MAX_CONNECTIONS + 20)]
        assert plain_http.get(f"{running.console_url}/login", timeout=60).status_code == 200
        wait_for(lambda: sum(map(is_open, made)) <= MAX_CONNECTIONS, 60, "some to be closed")


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return True
