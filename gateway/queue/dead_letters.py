"""Dead letters: events that ended as rejected or expired. Found, replayed, dropped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from gateway.queue.connect import script
from gateway.queue.entry import encode_entry
from gateway.queue.kept import ALL, Filter, Kept, Shelf, pages
from gateway.queue.keys import DestinationKeys

_DROP = """#!lua flags=allow-oom
local dropped = redis.call('XDEL', KEYS[1], unpack(ARGV))
if dropped > 0 then
  redis.call('HINCRBY', KEYS[2], 'dropped', dropped)
end
return dropped
"""


@dataclass(frozen=True, slots=True)
class DeadLetter(Kept):
    """An event that ended without being delivered, as `encode_dead_letter` wrote it.

    result: rejected or expired. at: Unix seconds of the last attempt. deliveries: how often it was
    handed to a drain. response: ``{"status", "body"}``, or None when no answer came. The event is
    as the destination could have it, and is kept since it ended. applied and visitor are as in
    `gateway.queue.entry.Entry`.
    """

    result: str
    at: float
    deliveries: int
    response: dict[str, Any] | None
    applied: list[str]
    visitor: str = ""


def dead_letters_of(destination: str) -> Shelf[DeadLetter]:
    """Where the dead letters of `destination` are."""
    return Shelf(DestinationKeys.of(destination).dead, b"d", DeadLetter)


def find(
    redis: Redis, destination: str, wanted: Filter = ALL, through: str | None = None
) -> AsyncIterator[DeadLetter]:
    """The dead letters of `destination` that `wanted` means, as `Shelf.find` finds them."""
    return dead_letters_of(destination).find(redis, wanted, through)


async def replay(redis: Redis, destination: str, letters: Sequence[DeadLetter]) -> int:
    """Puts `letters` back into the stream of `destination`, and returns how many.

    They are accepted again: same event, same event id, no attempt spent. One that somebody else
    has replayed or dropped is left out. Each page of them is one atomic step. It wakes nobody.
    """
    of = DestinationKeys.of(destination)
    put_back = redis.register_script(script("replay"))
    count = 0
    for page in pages(letters):
        arguments = [value for letter in page for value in (letter.id, _entry(letter))]
        count += await put_back([of.dead, of.stream, of.counts], arguments)
    return count


async def drop(redis: Redis, destination: str, ids: Sequence[str]) -> int:
    """Deletes the dead letters `ids` of `destination`, and returns how many were there.

    Their events stay counted as rejected or expired.
    """
    of = DestinationKeys.of(destination)
    delete = redis.register_script(_DROP)
    count = 0
    for page in pages(ids):
        count += await delete([of.dead, of.counts], page)
    return count


def _entry(letter: DeadLetter) -> bytes:
    """The stream entry that `letter` was."""
    return encode_entry(
        letter.event,
        letter.source,
        letter.received_at,
        letter.version,
        letter.applied,
        letter.visitor,
    )
