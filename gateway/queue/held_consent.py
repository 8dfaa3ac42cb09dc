"""Held consent in Redis: events that wait for their visitor's consent, and later denials.

`append.lua` writes both, and removes events that no longer wait.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.queue.entry import Entry
from gateway.queue.keys import Keys
from gateway.queue.marks import WITHDRAWAL_SECONDS
from gateway.stages.held_consent import denial

WITHDRAWN = "the visitor withdrew consent before it was sent"
NOT_REMEMBERED = (
    f"it is older than the {WITHDRAWAL_SECONDS // 86_400} days for which withdrawals are remembered"
)

MAX_PAGES = 100
MAX_EVENTS = 50
"""Maximum number of events of one page that are read at once; each may be as large as a request."""


@dataclass(frozen=True, slots=True)
class HeldPage:
    """The held events of a page. page: its digest. events: the oldest, in order, as
    `gateway.queue.held_event.encode_held` wrote them. said: what the page has stated since, as
    stored in Redis."""

    page: str
    events: Sequence[bytes]
    said: str

    @property
    def stated(self) -> dict[str, str]:
        """By consent type."""
        return orjson.loads(self.said) if self.said else {}


async def read_page(redis: Redis, keys: Keys, page: str) -> HeldPage:
    """The oldest held events of `page`, `MAX_EVENTS` at most."""
    pipeline = redis.pipeline(transaction=False)
    pipeline.lrange(keys.events + page, 0, MAX_EVENTS - 1)
    pipeline.hget(keys.said, page)
    events, said = await pipeline.execute()
    return HeldPage(page, events, said.decode() if said else "")


async def due_pages(redis: Redis, keys: Keys) -> list[str]:
    """Pages whose oldest event has waited long enough, `MAX_PAGES` at most."""
    now = int(1000 * time.time())
    pages: Any = await redis.zrangebyscore(keys.due, "-inf", now, start=0, num=MAX_PAGES)
    return [page.decode() for page in pages]


async def withdrawn(
    redis: Redis, keys: Keys, entries: Sequence[Entry], types: Collection[str]
) -> Sequence[Entry]:
    """The `entries` for which one of `types` was denied after they came in, by a sender that may
    speak for their visitor."""
    visitors = list({each for entry in entries for each in entry.visitors}) if types else []
    if not visitors:
        return ()
    fields = [denial(name, trusted) for name in types for trusted in (False, True)]
    pipeline = redis.pipeline(transaction=False)
    for visitor in visitors:
        pipeline.hmget(keys.withdrawn + visitor, fields)
    answers: list[list[bytes | None]] = await pipeline.execute()
    denials = {
        visitor: {field: int(at) / 1000 for field, at in zip(fields, moments, strict=True) if at}
        for visitor, moments in zip(visitors, answers, strict=True)
    }
    return [entry for entry in entries if _is_stopped(entry, denials)]


def is_beyond_memory(visitors: Collection[str], received_at: float, now: float) -> bool:
    """Whether one of `visitors`, who may speak for an event that came in at `received_at`, may have
    made a denial that is already forgotten. Times in Unix seconds."""
    return bool(visitors) and received_at < now - WITHDRAWAL_SECONDS


def _is_stopped(entry: Entry, denials: Mapping[str, Mapping[str, float]]) -> bool:
    return any(
        _came_in(entry) <= at
        for visitor in entry.visitors
        for field, at in denials[visitor].items()
        if field not in entry.stated
    )


def _came_in(entry: Entry) -> float:
    """When `entry` came in, in Unix seconds. If the clock of the web process was ahead of Redis,
    the clock of Redis counts, since that gives the time of a denial."""
    appended_ms, _, _ = entry.id.partition(b"-")
    return min(entry.received_at, int(appended_ms) / 1000)
