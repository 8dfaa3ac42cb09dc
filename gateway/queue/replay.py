"""Replay: puts events of one destination into its stream again, each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from gateway.queue.feed import encode_replay
from gateway.queue.keys import DestinationKeys
from gateway.queue.receipts import day_number
from gateway.queue.scripts import script
from gateway.queue.settle import Reporting, fed_by
from gateway.queue.stored_events import pages

REMEMBERED_SECONDS = 86_400
"""How long the beginning of a passage is remembered: much longer than the ledger takes to store
it."""


class Replay(NamedTuple):
    """One event that is sent again. entry: as `gateway.queue.entry.encode_entry` writes it. letter:
    the id of its dead letter, if it has one. received_at, receipt, passage: as in `Entry`."""

    entry: bytes
    received_at: float
    letter: str = ""
    receipt: str = ""
    passage: int = 1


async def put_back(
    redis: Redis,
    keys: DestinationKeys,
    replays: Sequence[Replay],
    reporting: Reporting | None = None,
) -> int:
    """Puts `replays` into the stream of their destination, and returns how many were.

    They are accepted again: same event, same event id, no attempts counted yet. Their dead letters
    are removed. A replay is left out if somebody else has replayed or dropped its dead letter, or
    if its passage has begun in the last `REMEMBERED_SECONDS`. Each page of them is one atomic step.
    The destination is not woken. reporting: None without a ledger.
    """
    run = redis.register_script(script("replay", "letters", "feed", "counting"))
    names = [keys.dead, keys.untrusted, keys.counts, keys.stream, keys.replays]
    record: list[bytes | int] = [b"", 0]
    if reporting is not None:
        names += fed_by(redis, reporting)
        record = [encode_replay(reporting.destination), reporting.most]
    count = 0
    for page in pages(replays):
        arguments: list[bytes | str | int] = [*record, REMEMBERED_SECONDS]
        for each in page:
            passage = f"{each.receipt}/{each.passage}" if each.receipt else ""
            arguments += [each.letter, passage, day_number(each.received_at), each.entry]
        count += await run(names, arguments)
    return count
