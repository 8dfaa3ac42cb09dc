"""Settle: entries end, are counted, and leave the stream, in one atomic step.

The same step keeps the dead letters of the destination within their bounds. It removes those that
are too old; beyond another bound, the oldest of untrusted senders and then the oldest of all. So no
sender without a key can displace the dead letters of a sender with a key.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from redis.asyncio import Redis

from gateway.queue.counting import NO_REASON
from gateway.queue.fates import Fate, encode_fates
from gateway.queue.keys import GROUP, DestinationKeys, Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.receipts import day_number
from gateway.queue.scripts import script
from gateway.queue.stored_events import UNBOUNDED, StoreBounds
from gateway.queue.submitted import Resolved
from gateway.redis_client.connect import is_cluster

MAX_REMOVED = 500
"""How many more dead letters one step may remove than it adds."""


class Ending(NamedTuple):
    """How one entry ended. result: delivered, warned (delivered with warnings, which counts as
    both), rejected, expired, or withheld. letter: its dead letter. trusted: whether its sender is.
    reason: the reason by which it is counted if it is withheld, as
    `gateway.queue.counting.reason_of` writes it. size, received_at, again: as in
    `gateway.queue.entry.Entry`."""

    entry_id: bytes
    result: str
    letter: bytes = b""
    trusted: bool = True
    size: int = 0
    received_at: float = 0.0
    reason: str = NO_REASON
    again: bool = False


@dataclass(frozen=True, slots=True)
class Reporting:
    """How the ledger learns what became of a destination's entries. keys: of the gateway. most:
    bytes that the feed may hold. version: of the configuration."""

    keys: Keys
    most: int
    destination: str
    version: str


def fed_by(redis: Redis, reporting: Reporting) -> list[str]:
    """The keys of the feed and its counts, as scripts take them: on a cluster, the destination's
    own."""
    of = reporting.keys.feed_of(reporting.destination if is_cluster(redis) else "")
    return [of.stream, of.counts]


class Settler:
    """Settles the entries of one destination, together with its pending counts."""

    def __init__(
        self,
        redis: Redis,
        keys: DestinationKeys,
        pending_counts: PendingCounts,
        bounds: StoreBounds = UNBOUNDED,
        reporting: Reporting | None = None,
    ) -> None:
        """reporting: None without a ledger."""
        self._of = keys
        self._script = redis.register_script(
            script("settle", "letters", "feed", "counting", "submitted")
        )
        self._reporting = reporting
        self._feed = fed_by(redis, reporting) if reporting else []
        self._pending_counts = pending_counts
        self._bounds = bounds

    async def settle(
        self,
        endings: Sequence[Ending],
        fates: Sequence[Fate] = (),
        resolved: Resolved | None = None,
    ) -> int:
        """Returns once `endings` are durable, all or none. Settling an entry twice counts it once.

        fates: of these entries, and of entries that stay pending, for the ledger. resolved: the
        ticket by which they end. If another drain has changed the ticket, nothing is done.

        Removes dead letters beyond the bounds, even without endings, and returns how many: at most
        `MAX_REMOVED` more than were added. Raises a redis-py error when it is not certain that
        `endings` are durable.
        """
        counts = self._pending_counts.take()
        counters = [value for pair in counts.items() for value in pair]
        alike: dict[tuple[str, str, int, bytes, bool, bool], list[bytes]] = {}
        for entry_id, result, letter, trusted, size, received_at, reason, again in endings:
            kind = result, reason, day_number(received_at), letter, trusted, again
            alike.setdefault(kind, []).append(b"%b %d" % (entry_id, size))
        groups = [
            value
            for (result, reason, day, letter, trusted, again), ids in alike.items()
            for value in (result, reason, day, letter, int(trusted), int(again), b" ".join(ids))
        ]
        of, bounds = self._of, self._bounds
        kept = [bounds.letters, bounds.size, int(1000 * bounds.seconds), MAX_REMOVED]
        keys = [of.stream, of.counts, of.dead, of.untrusted, of.minute(time.time())]
        keys += [of.tickets, of.polls]
        ticket = resolved.as_arguments() if resolved else [b""]
        report: list[bytes | int] = [b"", 0]
        if self._reporting is not None and fates:
            to = self._reporting
            keys += self._feed
            later = [ending.entry_id.decode() for ending in endings if ending.again]
            report = [encode_fates(to.destination, to.version, fates, later), to.most]
        arguments = [GROUP, *kept, *report, len(counts), *counters, *ticket, *groups]
        try:
            removed: int = await self._script(keys, arguments)
        except BaseException:
            self._pending_counts.put_back(counts)
            raise
        if removed < 0:
            self._pending_counts.put_back(counts)
        return max(0, removed)
