"""When the web part is ready: it is asked directly, and other answers do no harm."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.runtime.address import Address
from gateway.runtime.programs import _answers

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def asked(listener: socket.socket, answer: bytes, host: str = "127.0.0.1") -> bool:
    """Whether the web part counts as ready if it gives `answer`."""
    with ThreadPoolExecutor(1) as executor:
        asking = executor.submit(_answers, Address(host, listener.getsockname()[1]))
        listener.settimeout(60)
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(65_536).startswith(b"GET /healthz HTTP/1.1\r\n")
            connection.sendall(answer)
        return asking.result(60)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
def test_a_proxy_of_the_environment_is_not_asked(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for others in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(others, raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert asked(listener, OK, "0.0.0.0")


@pytest.mark.parametrize(
    ("answer", "ready"),
    [
        (OK, True),
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.1 302 Found\r\nlocation: http://[bad/\r\n\r\n", False),
        (b"SSH-2.0-OpenSSH_9.9\r\n", False),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000, False),
        (b"HTTP/1.1 200 OK\r\n" + b"x: a\r\n" * 200 + b"\r\n", False),
        (b"", False),
    ],
    ids=["ready", "not ready", "redirect", "another program", "long", "many", "closed"],
)
def test_only_a_good_answer_counts(listener: socket.socket, answer: bytes, ready: bool) -> None:
    assert asked(listener, answer) is ready


def test_nobody_listens(listener: socket.socket) -> None:
    address = Address("127.0.0.1", listener.getsockname()[1])
    listener.close()
    assert not _answers(address)
