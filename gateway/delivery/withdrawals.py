"""Withdrawals: ends entries whose visitors have withdrawn consent since the events came in."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from redis.asyncio import Redis

from gateway.delivery.accounting import Accounting
from gateway.queue.entry import Entry
from gateway.queue.held_consent import NOT_REMEMBERED, WITHDRAWN, is_beyond_memory, withdrawn
from gateway.queue.keys import Keys


class Withdrawals:
    """The withdrawals that concern one destination.

    keys: of the gateway. stops: a later denial of one of these consent types stops an event; empty
    if withdrawals are not remembered.
    """

    def __init__(
        self, redis: Redis, keys: Keys, stops: Collection[str], accounting: Accounting
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._stops = stops
        self._accounting = accounting

    async def withhold(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Ends the entries whose visitors have withdrawn consent, or that are so old that a
        withdrawal may have been forgotten; returns the others. Raises what Redis raised."""
        if not self._stops:
            return entries
        now = time.time()
        stopped = await withdrawn(self._redis, self._keys, entries, self._stops)
        left = [entry for entry in entries if entry not in stopped]
        old = [each for each in left if is_beyond_memory(each.visitors, each.received_at, now)]
        for ended, words in ((stopped, WITHDRAWN), (old, NOT_REMEMBERED)):
            if ended:
                await self._accounting.withhold(ended, words)
        return [entry for entry in left if entry not in old]
