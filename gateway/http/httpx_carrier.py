"""The carrier `httpx`: its ordinary transport, so that respx can stand in for a vendor.

`httpx.AsyncClient` would only add behaviour that a client here must not have: following redirects
(or failing on one that it cannot read), cookies, proxies from the environment. The transport's
connection pool is slow (some milliseconds of CPU a request), so this carrier is not the default.

httpcore repeats a request by itself only if a kept-alive connection was closed before anything of
it was written; a connection that closes after that is an error, and nothing is sent again.

httpcore 1.0.9 keeps bytes that follow a response without belonging to it, and takes them for the
response to the next request. Such a connection is closed instead, as the other carrier does.
"""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

from destinations.base import Request, Response
from gateway.http import client as shared
from gateway.http.addresses import Resolve, public_addresses
from gateway.http.client import Ambiguous, ClientSettings, Invalid, NotSent, SendError
from gateway.http.client_certificate import with_client_certificate


@cache
def trusted_authorities() -> ssl.SSLContext:
    """The system's certificate authorities, as in the other carrier. Cached, since reading them
    takes 80 ms."""
    return ssl.create_default_context()


def _tls(settings: ClientSettings) -> ssl.SSLContext:
    identity = settings.identity
    return with_client_certificate(*identity) if identity else trusted_authorities()


class HttpxClient:
    """Sends through httpx. resolve: used if private addresses are not allowed."""

    def __init__(self, settings: ClientSettings, resolve: Resolve = public_addresses) -> None:
        asyncio.get_running_loop()
        self._settings = settings
        connect = settings.connect_timeout
        timeouts = httpx.Timeout(None, connect=connect, pool=connect)
        self._extensions = {"timeout": timeouts.as_dict()}
        self._defaults = httpx.Headers(shared.DEFAULT_HEADERS)
        self._closed = False
        self._transport = httpx.AsyncHTTPTransport(
            verify=_tls(settings),
            limits=httpx.Limits(
                max_connections=settings.max_connections,
                max_keepalive_connections=settings.max_connections,
                keepalive_expiry=shared.IDLE_SECONDS,
            ),
            proxy=settings.proxy.get_secret_value() if settings.proxy else None,
        )
        pool: Any = self._transport._pool
        _drop_connections_with_leftovers(pool)
        if not settings.allow_private_addresses:
            # httpcore accepts a network backend, but httpx has no parameter for it
            pool._network_backend = _CheckedConnections(resolve)

    async def send(self, request: Request) -> Response:
        if self._closed:
            raise NotSent(shared.CLOSED)
        outgoing = self._outgoing(request)
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._exchange(outgoing)
        except TimeoutError:
            raise Ambiguous(shared.too_slow(self._settings.timeout)) from None
        except httpx.HTTPError as error:
            raise _explained(error, self._settings, self._closed) from None
        except OSError:  # httpcore lets a few errors of TLS streams through
            raise Ambiguous(shared.BROKEN) from None

    def _outgoing(self, request: Request) -> httpx.Request:
        try:
            url = httpx.URL(request.url)
            if (url.port or 0) > 65_535:  # httpx would fail on it in an exception group
                raise Invalid()
            headers = self._defaults.copy()
            headers.update(httpx.Headers(request.headers, encoding="utf-8"))
            if url.userinfo and "authorization" not in headers:
                headers["authorization"] = _basic(url.username, url.password)
            return httpx.Request(
                request.method,
                url,
                headers=headers,
                content=request.body,
                extensions=self._extensions,
            )
        except (httpx.InvalidURL, ValueError):
            raise Invalid() from None

    async def _exchange(self, outgoing: httpx.Request) -> Response:
        response = await self._transport.handle_async_request(outgoing)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) >= self._settings.max_response_bytes:
                    break
        finally:
            await response.aclose()
        headers = {name: value for name, value in response.headers.items() if value.isascii()}
        return Response(
            response.status_code, headers, bytes(body[: self._settings.max_response_bytes])
        )

    async def close(self) -> None:
        self._closed = True
        await self._transport.aclose()


class _CheckedConnections(httpcore.AnyIOBackend):
    """Opens connections to checked addresses only.

    httpcore goes on to use the host's name for TLS and for its pool, so nothing else changes.
    """

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        *others, last = addresses
        for address in others:
            try:
                return await super().connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await super().connect_tcp(last, port, timeout, local_address, socket_options)


def _drop_connections_with_leftovers(pool: Any) -> None:
    """Makes `pool` close idle connections with leftover bytes instead of using them again."""
    create = pool.create_connection

    def create_watched(origin: httpcore.Origin) -> Any:
        connection = create(origin)
        has_expired = connection.has_expired
        connection.has_expired = lambda: has_expired() or _has_leftovers(connection)
        return connection

    pool.create_connection = create_watched


def _has_leftovers(connection: Any) -> bool:
    if not connection.is_idle():
        return False
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    parser = getattr(connection, "_h11_state", None)
    return parser is not None and bool(parser.trailing_data[0])


def _basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def _explained(error: httpx.HTTPError, settings: ClientSettings, closed: bool) -> SendError:
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return NotSent(shared.not_connected(settings.connect_timeout))
        case httpx.ConnectError():
            return NotSent(_why_not_connected(error))
        case httpx.ProxyError():
            return NotSent(shared.PROXY_REFUSED)
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return Invalid()
    return Ambiguous(shared.CLOSED if closed else shared.BROKEN)


def _why_not_connected(error: BaseException) -> str:
    """The first known failure among the errors that led to `error`."""
    cause: BaseException | None = error
    while cause:
        match cause:
            case socket.gaierror():
                return shared.NAME_NOT_FOUND
            case ConnectionRefusedError():
                return shared.REFUSED
            case ssl.SSLCertVerificationError():
                return shared.CERTIFICATE
            case ssl.SSLError():
                return shared.TLS_FAILED
        cause = cause.__cause__ or cause.__context__
    return shared.NO_CONNECTION
