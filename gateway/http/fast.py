"""The carrier `fast`: pyreqwest, which wraps Rust's reqwest and hyper.

Behaviour that matters here, found by trial with pyreqwest 0.15.1 (reqwest 0.13, hyper 1):

- hyper repeats a request by itself only if a kept-alive connection was closed before anything of
  it was written. A connection that closes after that is an error, and nothing is sent again.
- The class of an error does not say whether the request was sent: a connection that was reset
  during the response is a `ConnectError`, and a late response a `ConnectTimeoutError`. Only the
  cause ``client error (Connect)`` says that no connection was made.
- Cancelling `send` ends the wait, not the request: it continues unseen, and counts towards
  `max_connections`, until it gets a response or its time-out is over. The same holds for closing
  the client.
- Its runtime is one thread, which the first client starts and which is lost in a fork. So a client
  must be built in the process, and the event loop, that uses it.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from pyreqwest.client import Client as PyreqwestClient
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    ClientClosedError,
    PoolTimeoutError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.http import HeaderMap, Url
from pyreqwest.proxy import ProxyBuilder

from destinations.base import Request, Response
from gateway.http import client as shared
from gateway.http.addresses import Resolve, public_addresses
from gateway.http.client import Ambiguous, Client, ClientSettings, Invalid, NotSent, SendError
from gateway.http.client_certificate import pem

ADDRESS_SECONDS = 30.0
"""How long the addresses of a host are used before they are looked up and checked again."""


def open_fast(settings: ClientSettings) -> Client:
    return FastClient(settings) if settings.allow_private_addresses else GuardedFastClient(settings)


class FastClient:
    """Sends through pyreqwest.

    host, address: connections to `host` go to `address`, without a look-up.
    """

    def __init__(self, settings: ClientSettings, host: str = "", address: str = "") -> None:
        asyncio.get_running_loop()
        self._settings = settings
        self._limit = settings.max_response_bytes
        builder = (
            ClientBuilder()
            .default_headers(shared.DEFAULT_HEADERS)
            .follow_redirects(False)
            .referer(False)
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .timeout(timedelta(seconds=settings.timeout))
            .connect_timeout(timedelta(seconds=settings.connect_timeout))
            .max_connections(settings.max_connections)
            .pool_timeout(timedelta(seconds=settings.connect_timeout))
            .pool_idle_timeout(timedelta(seconds=shared.IDLE_SECONDS))
            .no_proxy()
        )
        if settings.proxy:
            builder = builder.proxy(ProxyBuilder.all(settings.proxy.get_secret_value()))
        if settings.identity:
            builder = builder.identity_pem(pem(*settings.identity).encode())
        if host:
            builder = builder.resolve(host, address, 0)  # 0: the port of the URL
        self._client: PyreqwestClient | None = builder.build()

    async def send(self, request: Request) -> Response:
        if self._client is None:
            raise NotSent(shared.CLOSED)
        try:
            outgoing = (
                self._client.request(request.method, request.url)
                .headers(request.headers)
                .body_bytes(request.body)
                .streamed_read_buffer_limit(self._limit)
                .build_streamed()
            )
        except ValueError:
            raise Invalid() from None
        try:
            async with outgoing as response:
                body = await response.body_reader.read(self._limit)
                return Response(response.status, _Headers(response.headers), bytes(body or b""))
        except PyreqwestError as error:
            raise _explained(error, self._settings) from None

    async def close(self) -> None:
        client, self._client = self._client, None  # idle connections close with the last reference
        if client:
            await client.close()


class _Unreachable(NotSent):
    """No connection to the address could be made."""


@dataclass(frozen=True, slots=True)
class _Peer:
    """The client for a host, the host's checked addresses (the one in use first), and until when
    they are used, by the clock."""

    client: FastClient
    addresses: list[str]
    until: float


class GuardedFastClient:
    """Sends to public addresses only.

    The addresses of a host are looked up once and checked. The client for the host connects only to
    one of them, so that no second look-up can lead elsewhere. After a new look-up, the client and
    its connections are kept if its address is still among the results. If an address cannot be
    reached, the next attempt uses the host's next address.
    """

    def __init__(
        self,
        settings: ClientSettings,
        resolve: Resolve = public_addresses,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        asyncio.get_running_loop()
        self._settings = settings
        self._resolve = resolve
        self._clock = clock
        self._peers: dict[str, _Peer] = {}
        self._lookups: dict[str, asyncio.Task[_Peer]] = {}
        self._closed = False

    async def send(self, request: Request) -> Response:
        if self._closed:
            raise NotSent(shared.CLOSED)
        try:
            host = Url(request.url).host_str or ""
        except ValueError:
            raise Invalid() from None
        peer = self._peers.get(host)
        if peer and peer.until > self._clock():
            return await self._send(request, host, peer)
        try:
            async with asyncio.timeout(self._settings.timeout):
                peer = await asyncio.shield(self._lookup(host))
                return await self._send(request, host, peer)
        except TimeoutError:
            raise Ambiguous(shared.too_slow(self._settings.timeout)) from None

    async def _send(self, request: Request, host: str, peer: _Peer) -> Response:
        try:
            return await peer.client.send(request)
        except _Unreachable:
            if len(peer.addresses) > 1 and self._peers.get(host) is peer:
                first, *others = peer.addresses
                self._peers[host] = self._peer(host, [*others, first], peer.until)
            raise

    def _lookup(self, host: str) -> asyncio.Task[_Peer]:
        """The look-up of `host`, shared by all requests that wait for it."""
        task = self._lookups.get(host)
        if task is None:
            task = self._lookups[host] = asyncio.create_task(self._look_up(host))
            task.add_done_callback(lambda _: self._lookups.pop(host, None))
        return task

    async def _look_up(self, host: str) -> _Peer:
        seconds = self._settings.connect_timeout
        try:
            async with asyncio.timeout(seconds):
                addresses = await self._resolve(host.strip("[]"))
        except TimeoutError:
            raise NotSent(shared.not_connected(seconds)) from None
        if self._closed:
            raise NotSent(shared.CLOSED)
        until = self._clock() + ADDRESS_SECONDS
        known = self._peers.get(host)
        if known and known.addresses[0] in addresses:
            others = [address for address in addresses if address != known.addresses[0]]
            peer = _Peer(known.client, [known.addresses[0], *others], until)
        else:
            peer = self._peer(host, addresses, until)
        self._peers[host] = peer
        return peer

    def _peer(self, host: str, addresses: list[str], until: float) -> _Peer:
        return _Peer(FastClient(self._settings, host, addresses[0]), addresses, until)

    async def close(self) -> None:
        self._closed = True
        for peer in self._peers.values():
            await peer.client.close()


class _Headers(Mapping[str, str]):
    """The headers of a response, read when they are used: usually the status is enough."""

    def __init__(self, given: HeaderMap) -> None:
        self._given = given

    @cached_property
    def _values(self) -> dict[str, str]:
        try:
            values = self._given.dict_multi_value()
        except ValueError:  # some value is not ASCII
            given = self._given
            values = {name: value for name in given if (value := _readable(given, name))}
        return {
            name: value if isinstance(value, str) else ", ".join(value)
            for name, value in values.items()
        }

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _readable(headers: HeaderMap, name: str) -> list[str]:
    try:
        return headers.getall(name)
    except ValueError:
        return []


def _explained(error: PyreqwestError, settings: ClientSettings) -> SendError:
    details = getattr(error, "details", None) or {}
    causes = [cause["message"] for cause in details.get("causes") or []]
    if isinstance(error, BuilderError):
        return Invalid()
    if isinstance(error, PoolTimeoutError):
        return NotSent(shared.not_connected(settings.connect_timeout))
    if isinstance(error, ClientClosedError):
        return Ambiguous(shared.CLOSED)
    if "client error (Connect)" in causes:
        return _Unreachable(_why_not_connected(error, causes, settings))
    if isinstance(error, RequestTimeoutError):
        return Ambiguous(shared.too_slow(settings.timeout))
    return Ambiguous(shared.BROKEN)


def _why_not_connected(error: PyreqwestError, causes: list[str], settings: ClientSettings) -> str:
    if isinstance(error, RequestTimeoutError):
        return shared.not_connected(settings.connect_timeout)
    if "dns error" in causes:
        return shared.NAME_NOT_FOUND
    if "tcp connect error" in causes:
        return shared.REFUSED if "Connection refused" in causes[-1] else shared.NO_CONNECTION
    if causes[-1].startswith("tunnel error"):
        return shared.PROXY_REFUSED
    if "invalid peer certificate" in causes[-1]:
        return shared.CERTIFICATE
    return shared.TLS_FAILED
