"""Held events: an event that waits for its visitor's consent, as Redis stores it.

It is sealed with the token of its page: without that token, only the fields of `Held` can be read.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from gateway.event import Event, Received
from gateway.queue.receipts import YEAR_10000, day_number
from gateway.stages.held_consent import HeldConsent
from gateway.stages.sealing import seal, unseal

_RECEIVED = (
    "source",
    "at",
    "client_ip",
    "user_agent",
    "headers",
    "trusted",
    "proxied",
    "query",
    "backend",
    "anonymous",
    "linked_visitor",
)
"""The fields of `Received` that are kept for a held event."""


class Held(NamedTuple):
    """What can be read of a held event without the page token. destinations: those for which it is
    held. received_at: Unix seconds. sealed: the rest; empty for an event that an earlier version of
    the gateway held, which cannot be released. receipt: as in `Decision`, or empty."""

    destinations: list[str]
    received_at: float
    sealed: bytes
    receipt: str = ""

    @property
    def waited(self) -> list[tuple[str, int]]:
        """Each destination, with the day on which the event came in."""
        day = day_number(self.received_at)
        return [(name, day) for name in self.destinations]


def encode_held(
    held: HeldConsent, destinations: Sequence[str], version: str, receipt: str = ""
) -> bytes:
    """A held event, with the destinations for which it is held.

    Without the page token, only these, the time, the version of the configuration and the receipt
    can be read.
    """
    received = held.received
    kept = {name: getattr(received, name) for name in _RECEIVED}
    content = orjson.dumps({"event": held.event, "received": kept})
    sealed = seal(received.page_token, held.page, content)
    return orjson.dumps(
        {
            "destinations": destinations,
            "received_at": received.at,
            "version": version,
            "sealed": b64encode(sealed).decode(),
            "receipt": receipt,
        }
    )


def decode_held(data: bytes) -> Held:
    """What can be read of an event that `encode_held` wrote.

    Anything else, which the gateway has not written, becomes an overdue event that is held for no
    destination.
    """
    try:
        read = orjson.loads(data)
        sealed = b64decode(read["sealed"]) if "sealed" in read else b""
        at = float(read["received_at"] if sealed else read["received"]["at"])
        names = [*map(str, read["destinations"])]
        if not 0 <= at < YEAR_10000:
            raise ValueError("no time at which an event can have come in")
        return Held(names, at, sealed, str(read.get("receipt", "")))
    except (KeyError, TypeError, ValueError):
        return Held([], 0.0, b"")


def open_held(held: Held, page: str, page_token: str) -> tuple[Event, Received]:
    """The event, and how it came in. page: the digest under which it was held. Raises `Unreadable`
    unless `page_token` is the token with which it was held."""
    read = orjson.loads(unseal(page_token, page, held.sealed))
    received = {name: read["received"][name] for name in _RECEIVED if name in read["received"]}
    return read["event"], Received(**received, vetted=True, page_token=page_token)
