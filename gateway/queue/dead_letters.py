"""Dead letters: events that ended as rejected or expired. Found, replayed, dropped."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from redis.asyncio import Redis

from gateway.event import Event
from gateway.pipeline import Decision
from gateway.queue.connect import script
from gateway.queue.entry import encode
from gateway.queue.keys import DestinationKeys

PAGE = 500
_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
_LAST_IN_MILLISECOND = 2**64 - 1

_DROP = """#!lua flags=allow-oom
local dropped = redis.call('XDEL', KEYS[1], unpack(ARGV))
if dropped > 0 then
  redis.call('HINCRBY', KEYS[2], 'dropped', dropped)
end
return dropped
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that ended without being delivered, as `encode_dead_letter` wrote it.

    id: of the dead letter, such as ``1795219200000-0``; it begins with the Unix millisecond when
    the event ended. result: rejected or expired. at: Unix seconds of the last attempt.
    deliveries: how often it was handed to a drain. response: ``{"status", "body"}``, or None when
    no answer came. The others are as in `gateway.queue.entry.Entry`.
    """

    id: str
    result: str
    reason: str
    at: float
    deliveries: int
    response: dict[str, Any] | None
    event: Event
    source: str
    received_at: float
    version: str
    applied: list[str]

    @property
    def ended_at(self) -> float:
        """Unix seconds."""
        return _parts(self.id)[0] / 1000

    @property
    def happened_at(self) -> float:
        """When the event happened, or was received if a rule has taken its time away."""
        timestamp = self.event.get("timestamp")
        return timestamp if isinstance(timestamp, int | float) else self.received_at

    @property
    def event_id(self) -> str:
        """Of the event; empty when a rule has taken it away."""
        return str(self.event.get("event_id", ""))

    @property
    def event_name(self) -> str:
        """Of the event; empty when a rule has taken it away."""
        return str(self.event.get("event_name", ""))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters are meant; what is None does not matter.

    reason: a part of it, in any case. since, until: Unix seconds, both included, of the ending.
    """

    reason: str | None = None
    event_name: str | None = None
    event_id: str | None = None
    since: float | None = None
    until: float | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Whether `letter` is meant, its time apart: `find` reads no others."""
        return (
            (self.event_id is None or letter.event_id == self.event_id)
            and (self.event_name is None or letter.event_name == self.event_name)
            and (self.reason is None or self.reason.casefold() in letter.reason.casefold())
        )


async def newest_id(redis: Redis, destination: str) -> str:
    """The id of the newest dead letter of `destination`; ``0-0``, which none has, without one."""
    rows: Any = await redis.xrevrange(DestinationKeys.of(destination).dead, count=1)
    return rows[0][0].decode() if rows else "0-0"


async def find(
    redis: Redis, destination: str, wanted: Filter = Filter(), through: str | None = None
) -> AsyncIterator[DeadLetter]:
    """The dead letters of `destination` that `wanted` means, oldest first.

    through: the id of the last one to look at; by default the newest of now. So what is replayed
    meanwhile and ends again is not found a second time.
    """
    start, end = _bounds(wanted, through or await newest_id(redis, destination))
    while True:
        rows: Any = await redis.xrange(DestinationKeys.of(destination).dead, start, end, PAGE)
        for letter_id, fields in rows:
            letter = DeadLetter(letter_id.decode(), **_known_fields(fields[b"d"]))
            if wanted.matches(letter):
                yield letter
        if len(rows) < PAGE:
            return
        start = f"({rows[-1][0].decode()}"


async def get(redis: Redis, destination: str, letter_id: str) -> DeadLetter | None:
    """The dead letter of `destination` with this id, if there is one; any text may be given."""
    if not _ID.fullmatch(letter_id):
        return None
    rows: Any = await redis.xrange(DestinationKeys.of(destination).dead, letter_id, letter_id)
    return DeadLetter(letter_id, **_known_fields(rows[0][1][b"d"])) if rows else None


async def replay(redis: Redis, destination: str, letters: Sequence[DeadLetter]) -> int:
    """Puts `letters` back into the stream of `destination`, and returns how many.

    They are accepted again: same event, same event id, no attempt spent. One that somebody else
    has replayed or dropped is left out. Each `PAGE` of them is one atomic step. It wakes nobody.
    """
    of = DestinationKeys.of(destination)
    put_back = redis.register_script(script("replay"))
    count = 0
    for page in _pages(letters):
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
    for page in _pages(ids):
        count += await delete([of.dead, of.counts], page)
    return count


def _entry(letter: DeadLetter) -> bytes:
    """The stream entry that `letter` was."""
    decision = Decision(
        letter.event, {}, tuple(letter.applied), letter.source, letter.received_at, letter.version
    )
    return encode(decision, letter.event, ())


def _known_fields(data: bytes) -> dict[str, Any]:
    """What `encode_dead_letter` wrote; fields that another version of the gateway added are
    left."""
    read = orjson.loads(data)
    return {name: read[name] for name in DeadLetter.__slots__ if name != "id"}


def _bounds(wanted: Filter, through: str) -> tuple[str, str]:
    """The first and the last id that can be meant."""
    end = _parts(through)
    if wanted.until is not None:
        end = min(end, (int(wanted.until * 1000), _LAST_IN_MILLISECOND))
    return str(int((wanted.since or 0.0) * 1000)), f"{end[0]}-{end[1]}"


def _parts(letter_id: str) -> tuple[int, int]:
    milliseconds, _, number = letter_id.partition("-")
    return int(milliseconds), int(number)


def _pages(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), PAGE):
        yield items[first : first + PAGE]
