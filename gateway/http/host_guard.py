"""Restricts a destination's requests to the hosts that it declares."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from destinations.base import Request, Response
from gateway.http.client import Client, NotSent

UNDECLARED = (
    "the destination does not declare the host of this request; `gateway check --permissions` "
    "lists those that it does"
)


class HostGuard:
    """Sends through `client`, to `hosts` only, so that a defect in a destination reaches no other
    host. Clients follow no redirects, so no response can lead elsewhere either."""

    def __init__(self, client: Client, hosts: Iterable[str]) -> None:
        self._client = client
        self._hosts = frozenset(map(_bare, hosts))

    async def send(self, request: Request) -> Response:
        if _host_of(request.url) not in self._hosts:
            raise NotSent(UNDECLARED)
        return await self._client.send(request)

    async def close(self) -> None:
        await self._client.close()


@lru_cache(256)
def _host_of(url: str) -> str:
    """The host of `url`; "" if it has none, or if clients might see another one than `urlsplit`,
    since they read a backslash as a slash."""
    try:
        host = "" if "\\" in url else urlsplit(url).hostname
    except ValueError:
        host = ""
    return host or ""


def _bare(host: str) -> str:
    return host.lower().removeprefix("[").removesuffix("]")
