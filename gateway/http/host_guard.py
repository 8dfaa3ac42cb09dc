"""The hosts that a destination's requests may go to, and no others."""

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
    """Sends through `client`, to `hosts` only: a defect in a destination reaches nothing else.
    Clients follow no redirects, so no answer can lead elsewhere either."""

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
    """ "" where clients might see another host than `urlsplit` does: they take a backslash for a
    slash."""
    try:
        host = "" if "\\" in url else urlsplit(url).hostname
    except ValueError:
        host = ""
    return host or ""


def _bare(host: str) -> str:
    return host.lower().removeprefix("[").removesuffix("]")
