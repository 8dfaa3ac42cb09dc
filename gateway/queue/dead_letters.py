"""Dead letters: events that were rejected or have expired, as Redis stores them. Finds, replays and
drops them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.queue.entry import Entry, encode_entry
from gateway.queue.keys import DestinationKeys
from gateway.queue.replay import Replay, put_back
from gateway.queue.scripts import script
from gateway.queue.settle import Reporting
from gateway.queue.stored_events import ALL, EventStore, Filter, StoredEvent, pages

REMOVED = ("count", "bytes", "age")
"""Why dead letters are removed: there were too many, they took too many bytes, or were too old."""


@dataclass(frozen=True, slots=True)
class DeadLetter(StoredEvent):
    """An event that ended without being delivered, as `encode_dead_letter` wrote it.

    result: rejected or expired. at: Unix seconds at which it ended. deliveries: how often it was
    handed to a drain. response: ``{"status", "body"}``, or None without a response. event: as the
    destination could have it. applied, trusted, receipt, passage: as in
    `gateway.queue.entry.Entry`. visitor, stated: as `encode_entry` writes them.
    """

    result: str
    at: float
    deliveries: int
    response: dict[str, Any] | None
    applied: list[str]
    visitor: str = ""
    trusted: bool = True
    stated: str = ""
    receipt: str = ""
    passage: int = 1


def encode_dead_letter(
    entry: Entry, result: str, reason: str, at: float, response: dict[str, Any] | None
) -> bytes:
    """A dead letter: the entry and how it ended.

    result: ``rejected`` or ``expired``. at: Unix seconds. response: status and body, if there was
    one. An event that cannot be written (no source accepts any) is left out.
    """
    letter = {
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
        "visitor": " ".join(entry.visitors),
        "trusted": entry.trusted,
        "stated": " ".join(entry.stated),
        "receipt": entry.receipt,
        "passage": entry.passage,
    }
    try:
        return orjson.dumps(letter)
    except TypeError:  # orjson reads deeper nesting than it writes
        return orjson.dumps({**letter, "event": {"unreadable": "nested too deeply"}})


def dead_letters_of(keys: DestinationKeys) -> EventStore[DeadLetter]:
    """Where the dead letters of a destination are."""
    return EventStore(keys.dead, b"d", DeadLetter)


def find(
    redis: Redis, keys: DestinationKeys, wanted: Filter = ALL, through: str | None = None
) -> AsyncIterator[DeadLetter]:
    """The dead letters of a destination that match `wanted`, as `EventStore.find` finds them."""
    return dead_letters_of(keys).find(redis, wanted, through)


async def replay(
    redis: Redis,
    keys: DestinationKeys,
    letters: Sequence[DeadLetter],
    reporting: Reporting | None = None,
) -> int:
    """Puts `letters` back into the stream of their destination with `put_back`, and returns how
    many were."""
    return await put_back(redis, keys, [*map(_replay, letters)], reporting)


async def drop(redis: Redis, keys: DestinationKeys, ids: Sequence[str]) -> int:
    """Deletes the dead letters `ids` of a destination for good, and returns how many there were.

    Their events stay counted as rejected or expired.
    """
    delete = redis.register_script(script("drop", "letters"))
    count = 0
    for page in pages(ids):
        count += await delete([keys.dead, keys.untrusted, keys.counts], ["dead", *page])
    return count


def removed_of(counts: Mapping[str, int]) -> dict[str, int]:
    """How many dead letters were removed for each reason in `REMOVED`, by the counts of their
    destination."""
    return {reason: counts.get(f"removed:{reason}", 0) for reason in REMOVED}


async def read_removed(redis: Redis, keys: DestinationKeys) -> dict[str, int]:
    """How many dead letters of a destination were removed so far, for each reason in `REMOVED`."""
    fields = [f"removed:{reason}" for reason in REMOVED]
    counts = await redis.hmget(keys.counts, fields)
    return {reason: int(count or 0) for reason, count in zip(REMOVED, counts, strict=True)}


def _replay(letter: DeadLetter) -> Replay:
    """The replay of `letter`, with its stream entry for the next passage."""
    passage = letter.passage + 1
    entry = encode_entry(
        letter.event,
        letter.source,
        letter.received_at,
        letter.version,
        letter.applied,
        letter.visitor.split(),
        letter.trusted,
        letter.stated.split(),
        receipt=letter.receipt,
        passage=passage,
    )
    return Replay(entry, letter.received_at, letter.id, letter.receipt, passage)
