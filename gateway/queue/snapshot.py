"""A snapshot: what Redis counts for destinations at one moment, and the feed of the ledger that
tells of them.

One script reads the counts and the id of the newest record. The records up to it are read
afterwards, page by page: no call keeps Redis long from other work. They do not change, but the
ledger takes off what it has stored. Records that it took off meanwhile are missing in a snapshot,
and counted in totals of the ledger that are read after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from gateway.queue.counting import DAYS_FROM, DAYS_KEPT
from gateway.queue.feed import Feed, FeedRecord
from gateway.queue.keys import Keys
from gateway.queue.receipts import day_name
from gateway.queue.scripts import script
from gateway.redis_client.connect import is_cluster


@dataclass(frozen=True, slots=True)
class Snapshot:
    """feed: its name, "" where the ledger has not begun. dropped: records that were left out since
    the feed is there. newest: the id of its newest record, "" without one. records: those up to it
    that the ledger has not taken off. counts: by destination, of those of which the feed tells.
    pending: events in the stream of each destination, and those held for it. days: the counts of
    each destination by the UTC day on which events came in, such as ``2026-11-30``, for the last
    `DAYS_KEPT` days. whole_from: the first day that these count as a whole, by destination, if they
    do."""

    feed: str
    dropped: int
    newest: str
    records: Sequence[FeedRecord]
    counts: Mapping[str, Mapping[str, int]]
    pending: Mapping[str, int]
    days: Mapping[str, Mapping[str, Mapping[str, int]]]
    whole_from: Mapping[str, str]


async def read_snapshot(feed: Feed, destinations: Iterable[str] = ()) -> Snapshot:
    """Of `feed`, and of all destinations of which it tells. destinations: some of these, where one
    feed tells of all, for which nothing may be counted yet."""
    redis, keys, of = feed.redis, feed.keys, feed.destination
    if is_cluster(redis):
        names = [of] * bool(of)
    else:
        names = sorted({*destinations, *await _counted(redis, keys)})
    stream, counts_of_feed, name = keys.feed_of(of)
    own = [counts_of_feed, stream, name]
    keys_of = map(keys.destination, names)
    read = redis.register_script(script("snapshot"))
    feed_name, dropped, newest, numbers, first = await read(
        [*own, *(key for each in keys_of for key in (each.counts, each.stream))], [DAYS_KEPT]
    )
    records = [record async for page in feed.pages(newest.decode()) for record in page]
    counts, pending, days, whole_from = {}, {}, {}, {}
    for destination, (flat, length, by_day) in zip(names, numbers, strict=True):
        counted = counts[destination] = _named(flat)
        pending[destination] = length + counted.get("held", 0)
        days[destination] = {day_name(day): _named(each) for day, each in enumerate(by_day, first)}
        if DAYS_FROM in counted:
            whole_from[destination] = day_name(counted[DAYS_FROM])
    return Snapshot(
        *(feed_name.decode(), dropped, newest.decode(), records),
        *(counts, pending, days, whole_from),
    )


async def _counted(redis: Redis, keys: Keys) -> set[str]:
    pattern = keys.destination("*").counts
    before, after = pattern.split("*")
    found = redis.scan_iter(pattern, count=1000, _type="hash")
    return {
        key.decode(errors="replace").removeprefix(before).removesuffix(after) async for key in found
    }


def _named(flat: Sequence[Any]) -> dict[str, int]:
    return {key.decode(): int(value) for key, value in _pairs(flat)}


def _pairs(flat: Sequence[Any]) -> list[tuple[Any, Any]]:
    return [*zip(flat[::2], flat[1::2], strict=True)]
