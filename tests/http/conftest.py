"""A peer over a raw socket that can misbehave, and clients of both carriers."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from destinations.base import Request
from gateway.http import Client, ClientSettings, open_client
from gateway.http.httpx_carrier import trusted_authorities

HERE = Path(__file__).parent
LOOPS = [pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio")]
if sys.platform != "win32":
    LOOPS.append(pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"))


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@dataclass
class Received:
    """A request as it came over the wire, with header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Peer:
    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    connections: int = 0
    requests: list[Received] = field(default_factory=list)
    server_names: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook?token=hidden"


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=["fast", "httpx"])
def carrier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def connect(carrier: str) -> AsyncIterator[Callable[..., Client]]:
    """Makes clients with the given settings."""
    clients = []

    def connect(**settings: object) -> Client:
        clients.append(open_client(ClientSettings(carrier=carrier, **settings)))
        return clients[-1]

    yield connect
    for client in clients:
        await client.close()


@pytest.fixture
def post() -> Callable[..., Request]:
    def post(url: str, headers: dict[str, str] | None = None, body: bytes = b"{}") -> Request:
        return Request("POST", url, headers or {"x-secret": "hidden"}, body, (0,))

    return post


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Peer]]]:
    """Starts peers. A peer keeps connections open and answers each request as `answer` does.

    tls: with the certificate of shop.test. silent: accepts connections, but never reads or writes.
    """
    servers: list[asyncio.Server] = []
    connections: set[asyncio.Task[None]] = set()

    async def serve(answer: Answer | bytes = b"", tls: bool = False, silent: bool = False) -> Peer:
        peer = Peer(scheme="https" if tls else "http", host="shop.test" if tls else "127.0.0.1")

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.add(asyncio.current_task())  # type: ignore[arg-type]
            peer.connections += 1
            try:
                if silent:
                    await asyncio.sleep(60)
                while not writer.is_closing():
                    received = await _read(reader)
                    peer.requests.append(received)
                    if isinstance(answer, bytes):
                        writer.write(answer)
                    else:
                        await answer(received, writer)
                    await writer.drain()
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.transport.abort()

        context = _tls(peer) if tls else None
        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
        servers.append(server)
        peer.port = server.sockets[0].getsockname()[1]
        return peer

    yield serve
    for server in servers:
        server.close()
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8")
    line, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (h.partition(": ") for h in rest)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(line, headers, body)


def _tls(peer: Peer) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / "shop.test.pem")

    def asked_for(_: object, name: str | None, __: object) -> None:
        peer.server_names.append(name or "")

    context.sni_callback = asked_for
    return context


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients made from here on trust the authority that signed the peer's certificate."""
    if sys.platform != "linux":
        pytest.skip("elsewhere the system's store cannot be chosen by a variable")
    monkeypatch.setenv("SSL_CERT_FILE", str(HERE / "ca.pem"))
    trusted_authorities.cache_clear()
    yield
    trusted_authorities.cache_clear()
