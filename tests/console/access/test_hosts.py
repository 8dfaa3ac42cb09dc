"""The console answers only under its own names, even on this machine."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse

from gateway.console.access.hosts import HostCheck

pytestmark = pytest.mark.anyio

HOSTS = {"console.example", "[2001:db8::1]", "192.0.2.1"}


async def ask(*hosts: str) -> int:
    """The status of the answer to a request with a `Host` header for each of `hosts`."""
    transport = httpx.ASGITransport(HostCheck(PlainTextResponse("in"), HOSTS))
    async with httpx.AsyncClient(transport=transport) as client:
        request = client.build_request("GET", "http://127.0.0.1/")
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        headers += [(b"host", host.encode("latin-1")) for host in hosts]
        request.headers = httpx.Headers(headers)
        return (await client.send(request)).status_code


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8082",
        "LOCALHOST",
        "127.0.0.1:8082",
        "127.8.9.1",
        "[::1]",
        "[::1]:8082",
        "console.example",
        "Console.Example:443",
        "[2001:db8::1]:8082",
        "192.0.2.1",
    ],
)
async def test_its_own_names(host: str) -> None:
    assert await ask(host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8082",
        "console.example.evil.example",
        "evil-console.example",
        "console.example.",
        "console.example:x",
        "console.example@evil.example",
        "console.example, evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "0.0.0.0",
        "0177.0.0.1",
        "2130706433",
        "127.1",
        "[::]",
        "[::ffff:203.0.113.7]",
        "[2001:db8::2]",
        "192.0.2.2",
        "localhost/../evil",
        "localhost\\evil",
        " localhost",
        "é.example",
        "a" * 10_000,
    ],
)
async def test_any_other_name_is_refused(host: str) -> None:
    assert await ask(host) == 421


async def test_without_one_name_a_request_is_refused() -> None:
    assert await ask() == 421
    assert await ask("localhost", "evil.example") == 421
    assert await ask("evil.example", "localhost") == 421
