"""Notes of the rate for the next drain: the share of the limits, and when a request may start.

The time is noted in Unix seconds, since a monotonic clock means nothing to another process.
"""

from __future__ import annotations

import time

from redis.asyncio import Redis

from gateway.delivery.adaptive_rate import AdaptiveRate
from gateway.queue.drain_notes import read_next_request, read_share, write_next_request, write_share
from gateway.queue.keys import DestinationKeys


class RateNotes:
    """The notes of one destination's `rate`. Its methods raise what Redis raised.

    events: the most that one request can carry.
    """

    def __init__(
        self, redis: Redis, keys: DestinationKeys, rate: AdaptiveRate, events: int
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._rate = rate
        self._events = events

    async def restore(self) -> None:
        """Restores the rate to the state that the last drain noted."""
        self._rate.restore(await read_share(self._redis, self._keys))
        seconds = await read_next_request(self._redis, self._keys) - time.time()
        if seconds > 0:
            self._rate.hold(seconds, self._events, time.monotonic())

    async def write(self) -> None:
        """Writes what has changed since the last call."""
        share = self._rate.share_to_note()
        if share is not None:
            await write_share(self._redis, self._keys, share)
        seconds = self._rate.wait_to_note(time.monotonic())
        if seconds is not None:
            await write_next_request(self._redis, self._keys, time.time() + seconds)
