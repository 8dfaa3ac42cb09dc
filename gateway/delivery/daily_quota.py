"""A vendor's daily quota of requests: the fewer are left, the longer events wait for others.

The count is in Redis, for all drains of all destinations that share the quota
(`gateway.queue.request_counts`).

Each drain spreads the requests that are left over the rest of the day, as if it were alone. With
several drains the number shrinks faster, and each drain slows down accordingly, so that some
requests are left until the end of the day. A tenth is kept for requests that do not wait: full
batches, further tries, and halves of refused batches.
"""

from __future__ import annotations

from redis.asyncio import Redis

from gateway.configuration.delivery import shortest_deadline
from gateway.delivery.assignment import Assignment
from gateway.delivery.reading_pace import ReadingPace
from gateway.queue.keys import Keys
from gateway.queue.request_counts import DAY_SECONDS, RequestCounts

SPARE_SHARE = 0.1
MAX_SECONDS = 300.0
"""The longest linger: as long as a drain stays, since the next one reads at once."""
MAX_SHARE_OF_AGE = 0.01
"""Largest share of an event's maximum age that it waits for others, so that it does not expire."""


def lasting_linger(
    shortest: float, longest: float, quota: int, sent: int, seconds_left: float
) -> float:
    """Seconds between two requests that make the rest of `quota` last until the end of the day.

    shortest, longest: bounds of the result. sent: requests of all drains today. seconds_left: of
    the day.
    """
    left = quota * (1 - SPARE_SHARE) - sent
    if left <= 0:
        return max(shortest, longest)
    return max(shortest, min(longest, seconds_left / left))


class DailyQuota:
    """The quota in one drain, whose `pace` it sets. A dry run uses none of it."""

    def __init__(self, redis: Redis, keys: Keys, assignment: Assignment, pace: ReadingPace) -> None:
        limits, settings = assignment.destination.limits, assignment.settings
        self._quota = limits.requests_per_day if assignment.client else 0
        self._counts = RequestCounts(redis, keys, assignment.destination.quota or assignment.name)
        self._shortest = limits.linger.total_seconds()
        age = shortest_deadline(settings, limits).total_seconds()
        self._longest = min(MAX_SECONDS, MAX_SHARE_OF_AGE * age)
        self._is_fixed = settings.linger is not None
        self._pace = pace
        self._uncounted = 0

    def count(self) -> None:
        """Counts a request that was sent."""
        self._uncounted += 1

    async def heed(self, now: float) -> None:
        """Adds the requests since the last call to the count in Redis, and sets the pace unless the
        configuration fixes it. now: Unix seconds. Raises what Redis raises."""
        if not self._quota:
            return
        uncounted, self._uncounted = self._uncounted, 0
        sent = await self._counts.add(uncounted, now)
        if not self._is_fixed:
            left = DAY_SECONDS - now % DAY_SECONDS
            linger = lasting_linger(self._shortest, self._longest, self._quota, sent, left)
            self._pace.linger(linger)
