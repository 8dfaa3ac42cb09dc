"""What one entry of a destination's stream holds, and what a dead letter holds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from gateway.event import Event, Received
from gateway.late_consent import Late, kept_headers
from gateway.pipeline import Decision


class Entry(NamedTuple):
    """One event that waits for one destination.

    id: of the stream entry, bytes such as ``b"1795219200000-0"``. deliveries: how often it was
    handed to a drain, this time included. event: as the destination may have it. source,
    received_at (Unix seconds), version, applied: as in `gateway.pipeline.Decision`. visitor: what
    stands for its visitor, where a denial may stop it.
    """

    id: bytes
    deliveries: int
    event: Event
    source: str
    received_at: float
    version: str
    applied: list[str]
    visitor: str = ""


_ORIGIN = 5
"""How many of its fields say where an event comes from: `source` and all that follow."""


def encode(decision: Decision, event: Event, applied: tuple[str, ...]) -> bytes:
    """The stream entry of `event`, as a destination may have it after `decision`.

    Raises TypeError when it has something that JSON cannot say.
    """
    return encode_entry(
        event,
        decision.source,
        decision.received_at,
        decision.version,
        decision.applied + applied,
        decision.late.visitor if decision.late else "",
    )


def encode_entry(
    event: Event,
    source: str,
    received_at: float,
    version: str,
    applied: Sequence[str],
    visitor: str,
) -> bytes:
    """A stream entry of what an `Entry` says. Raises TypeError as `encode` does.

    Where the event comes from is a list without names: there are many entries, and they are kept in
    memory.
    """
    origin = (source, received_at, version, applied)
    return orjson.dumps({"event": event, "from": (*origin, visitor) if visitor else origin})


def decode(entry_id: bytes, deliveries: int, data: bytes) -> Entry:
    """The entry that `encode` wrote; fields that another version of the gateway added are left."""
    read = orjson.loads(data)
    origin = read["from"] if "from" in read else _earlier_origin(read)
    return Entry(entry_id, deliveries, read["event"], *origin[:_ORIGIN])


def _earlier_origin(read: dict[str, Any]) -> list[Any]:
    """As the names were once written out; such entries may still wait."""
    names = ("source", "received_at", "version", "applied")
    return [*(read[name] for name in names), read.get("visitor", "")]


def encode_dead_letter(
    entry: Entry, result: str, reason: str, at: float, response: dict[str, Any] | None
) -> bytes:
    """A dead letter: the entry with how it ended.

    result: ``rejected`` or ``expired``. at: Unix seconds. response: status and body, if one came.
    """
    return orjson.dumps(
        {
            "result": result,
            "reason": reason,
            "at": at,
            "deliveries": entry.deliveries,
            "response": response,
            "event": entry.event,
            "source": entry.source,
            "received_at": entry.received_at,
            "version": entry.version,
            "applied": entry.applied,
            "visitor": entry.visitor,
        }
    )


def encode_waiting(late: Late, destinations: Sequence[str]) -> bytes:
    """An event that waits for a word of its visitor, with the destinations that wait for it."""
    received = late.received
    return orjson.dumps(
        {
            "event": late.event,
            "destinations": destinations,
            "received": {
                "source": received.source,
                "at": received.at,
                "client_ip": received.client_ip,
                "user_agent": received.user_agent,
                "headers": kept_headers(received),
                "trusted": received.trusted,
                "proxied": received.proxied,
            },
        }
    )


def decode_waiting(data: bytes) -> tuple[Event, Received, list[str]]:
    """What `encode_waiting` wrote: the event, how it came in, and the destinations."""
    read = orjson.loads(data)
    return read["event"], Received(**read["received"]), read["destinations"]


def encode_quarantined(decision: Decision) -> bytes:
    """An event that is kept aside for a person to look at, as it was when it was checked."""
    return orjson.dumps(
        {
            "event": decision.event,
            "source": decision.source,
            "received_at": decision.received_at,
            "version": decision.version,
            "reason": decision.quarantine,
        }
    )
