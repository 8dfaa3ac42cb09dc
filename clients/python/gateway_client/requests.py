"""Requests to the gateway: the I/O of both clients."""

import asyncio
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import httpx

from gateway_client.entries import Entry
from gateway_client.failures import Failure
from gateway_client.sender import Response, Sender

CLOSED = "the client is closed"
OUT_OF_TIME = "the gateway did not confirm it in time"

try:
    _VERSION = version("event-gateway-client")
except PackageNotFoundError:  # used from its source
    _VERSION = "0"


def request_headers(url: str, key: str) -> dict[str, str]:
    """The headers of each request. Raises `ValueError` for a `url` or `key` that cannot work."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL("")
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError("the URL of the gateway must be like https://metrics.shop.example/events")
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the key must be one of the `keys` of the gateway's `events` source")
    return {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "user-agent": f"event-gateway-client/{_VERSION} (Python)",
    }


def request_body(batch: Sequence[Entry]) -> bytes:
    return b'{"events":[' + b",".join(entry.body for entry in batch) + b"]}"


def post(http: httpx.Client, url: str, batch: Sequence[Entry]) -> Response | str:
    """The answer to `batch`, or why there is none: whatever happened, the events can wait."""
    try:
        return _read(http.post(url, content=request_body(batch)))
    except Exception as error:
        return _unreachable(error)


async def post_async(http: httpx.AsyncClient, url: str, batch: Sequence[Entry]) -> Response | str:
    """Like `post`."""
    try:
        return _read(await http.post(url, content=request_body(batch)))
    except Exception as error:
        return _unreachable(error)


def _read(response: httpx.Response) -> Response:
    return Response(response.status_code, response.headers, response.content)


def _unreachable(error: Exception) -> str:
    return f"the gateway cannot be reached ({type(error).__name__})"


def deliver(http: httpx.Client, url: str, sender: Sender, seconds: float) -> list[Failure]:
    """Sends what is queued in `sender`, and returns what was not accepted within `seconds`."""
    deadline = time.monotonic() + seconds
    failures: list[Failure] = []
    while sender:
        batch = sender.batch()
        settled = sender.settle(batch, post(http, url, batch))
        failures += settled.failures
        if sender and time.monotonic() + settled.pause > deadline:
            return failures + sender.give_up(OUT_OF_TIME)
        time.sleep(settled.pause)
    return failures


async def deliver_async(
    http: httpx.AsyncClient, url: str, sender: Sender, seconds: float
) -> list[Failure]:
    """Like `deliver`."""
    deadline = time.monotonic() + seconds
    failures: list[Failure] = []
    while sender:
        batch = sender.batch()
        settled = sender.settle(batch, await post_async(http, url, batch))
        failures += settled.failures
        if sender and time.monotonic() + settled.pause > deadline:
            return failures + sender.give_up(OUT_OF_TIME)
        await asyncio.sleep(settled.pause)
    return failures
