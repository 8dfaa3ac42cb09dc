"""A snapshot: what Redis counts for destinations at one moment, and the records about them in the
feed of the ledger.

One script reads the counts and the id of the newest record. The records up to this id are read
afterwards, page by page, so that no call keeps Redis busy for long. Records do not change, but the
ledger removes those that it has stored. Records that it removed meanwhile are missing in a
snapshot, but are counted in totals of the ledger that are read later.
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
    """feed: its name, "" if the ledger has not begun. dropped: number of records that were ever
    left out of the feed. newest: the id of its newest record, "" without one. records: those up to
    `newest` that the ledger has not removed. counts: by destination, for the destinations of the
    feed. pending: for each destination, the events in its stream and those held for it. days: the
    counts of each destination by the UTC day on which events came in, such as ``2026-11-30``, for
    the last `DAYS_KEPT` days. whole_from: by destination, the first day that is counted as a whole,
    if there is one."""

    feed: str
    dropped: int
    newest: str
    records: Sequence[FeedRecord]
    counts: Mapping[str, Mapping[str, int]]
    pending: Mapping[str, int]
    days: Mapping[str, Mapping[str, Mapping[str, int]]]
    whole_from: Mapping[str, str]


async def read_snapshot(feed: Feed, destinations: Iterable[str] = ()) -> Snapshot:
    """A snapshot of `feed` and all destinations of the feed. destinations: further ones of the
    gateway's only feed, for which nothing may be counted yet; not used on a cluster."""
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
