"""Erasure in Redis: finds and withholds pending entries, and rewrites the files without them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.event.endings import WITH_WARNINGS
from gateway.queue.counting import NO_REASON
from gateway.queue.entry import Entry, decode, unreadable_entry
from gateway.queue.fates import Fate
from gateway.queue.feeds import Feeds
from gateway.queue.keys import DestinationKeys, Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.settle import Ending, Reporting, Settler
from gateway.queue.stored_events import pages

PAGE = 500
POLL_SECONDS = 0.05


async def destinations_in_redis(redis: Redis, keys: Keys) -> set[str]:
    """The names of destinations with pending events or dead letters, configured or not."""
    found = set()
    pattern = keys.destination("*")
    for each in (pattern.stream, pattern.dead):
        before, after = each.split("*")
        async for key in redis.scan_iter(each, count=1000, _type="stream"):
            name = key.decode(errors="replace").removeprefix(before).removesuffix(after)
            if await redis.xlen(key):
                found.add(name)
    return found


async def pending_entries(redis: Redis, keys: DestinationKeys) -> AsyncIterator[Entry]:
    """Every entry of a destination's stream, whether a drain has it or not, oldest first."""
    start = "-"
    while True:
        rows: Any = await redis.xrange(keys.stream, start, "+", PAGE)
        for entry_id, fields in rows:
            data = fields.get(b"e", b"")
            try:
                yield decode(entry_id, 0, data)
            except (KeyError, TypeError, ValueError):
                yield unreadable_entry(entry_id, 0, data)
        if len(rows) < PAGE:
            return
        start = f"({rows[-1][0].decode()}"


async def withhold(
    redis: Redis,
    keys: DestinationKeys,
    entries: Sequence[Entry],
    counted: str,
    reason: str,
    reporting: Reporting | None,
) -> None:
    """Ends `entries`, also those that a drain has: they leave the stream and count as withheld.
    Also deletes the notes of the last failure and warning, since these may repeat content of an
    event.

    counted: the reason under which they are counted (`gateway.queue.counting`). reason: in words.
    reporting: how the ledger learns of it, if there is one.
    """
    await _end(redis, keys, entries, "withheld", counted, reason, reporting)
    await redis.delete(keys.error, keys.warning)


async def end_unanswered(
    redis: Redis,
    keys: DestinationKeys,
    entries: Sequence[Entry],
    reason: str,
    reporting: Reporting | None,
) -> None:
    """Ends `entries` that were submitted as delivered, with `reason` as a warning. reporting: as
    for `withhold`."""
    await _end(redis, keys, entries, "warned", NO_REASON, reason, reporting)


async def _end(
    redis: Redis,
    keys: DestinationKeys,
    entries: Sequence[Entry],
    result: Literal["withheld", "warned"],
    counted: str,
    reason: str,
    reporting: Reporting | None,
) -> None:
    if reporting is not None:
        await Feeds(redis, reporting.keys, [reporting.destination]).announce()
    settler = Settler(redis, keys, PendingCounts(), reporting=reporting)
    told = WITH_WARNINGS if result == "warned" else result
    for page in pages(entries):
        endings = [
            Ending(
                *(entry.id, result, b"", True),
                *(entry.size, entry.received_at, counted, entry.again),
            )
            for entry in page
        ]
        await settler.settle(endings, list(_fates(page, told, reason)) if reporting else [])


async def forget_recent(redis: Redis, keys: Keys) -> None:
    """Empties the demo shop's list of recent events."""
    await redis.delete(keys.recent)


async def rewrite_files(redis: Redis, seconds: float) -> bool:
    """Makes the embedded server rewrite its append-only file, without deleted data. Returns whether
    that succeeded within `seconds`.

    Until the server restarts, rewritten files contain commands instead of a snapshot: a snapshot of
    a stream contains the bytes of deleted entries while one entry of the same node is left.
    """
    deadline = time.monotonic() + seconds
    await redis.config_set("aof-use-rdb-preamble", "no")
    while True:
        try:
            await redis.bgrewriteaof()
            break
        except ResponseError:  # an earlier rewrite is in progress
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
    while True:
        info = await redis.info("persistence")
        if not info["aof_rewrite_in_progress"] and not info["aof_rewrite_scheduled"]:
            return bool(info["aof_last_bgrewrite_status"] == "ok")
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)


def _fates(entries: Iterable[Entry], result: str, reason: str) -> Iterable[Fate]:
    now = time.time()
    for entry in entries:
        if entry.receipt:
            known = entry.id.decode(), entry.receipt, entry.passage
            yield Fate(*known, result, now, 0, None, reason)
