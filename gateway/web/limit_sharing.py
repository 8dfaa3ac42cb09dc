"""Shares the budgets of senders with the other web processes, in the background."""

from collections.abc import Iterable, Iterator
from itertools import islice

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.shared_limits import Spending, share_spendings
from gateway.web.rate_limit import Bucket
from gateway.web.sender_limit import SenderLimit

SHARED_PART = 1 / 16
"""Part of a bucket that its sender must have spent since the last time to be shared. So the address
of a usual visitor never gets to Redis, and little is written."""

MAX_SHARED = 500
"""Senders of one source whose budgets are shared at a time; the others follow."""


async def share_limits(redis: Redis, keys: Keys, limits: Iterable[SenderLimit]) -> None:
    """Tells Redis what senders have spent, and learns what they have left in all processes.

    Raises a redis-py error; then the process counts on its own, and tells Redis the next time.
    """
    for limit in limits:
        shared = [*islice(_much_spent(limit), MAX_SHARED)]
        if not shared:
            continue
        spendings = [Spending(key, bucket.sizes, bucket.spent()) for key, bucket in shared]
        lefts = await share_spendings(redis, keys, limit.name, spendings)
        for (_, bucket), spending, left in zip(shared, spendings, lefts, strict=True):
            bucket.take_over(limit.clock(), spending.spent, left)


def _much_spent(limit: SenderLimit) -> Iterator[tuple[str, Bucket]]:
    for key, bucket in limit.buckets():
        for spent, size in zip(bucket.spent(), bucket.sizes, strict=True):
            if spent > SHARED_PART * size.amount:
                yield key, bucket
                break
