"""Rate limits that all web processes share, if `rate_limit` of a source is shared."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.scripts import script


class Spending(NamedTuple):
    """What one sender has spent in this process.

    sender: its address or network. sizes: for its buckets of requests, events and bytes, the tokens
    of a full bucket and the tokens added each second. spent: tokens of each.
    """

    sender: str
    sizes: Sequence[tuple[float, float]]
    spent: Sequence[int]


async def share_spendings(
    redis: Redis, keys: Keys, source: str, spendings: Sequence[Spending]
) -> list[tuple[float, ...]]:
    """Takes `spendings` from the budgets that all processes share, and returns the tokens for
    requests, events and bytes that each sender has left, negative if too many were spent.

    A budget expires when it is full again. Raises a redis-py error when it is not certain that
    anything was taken.
    """
    arguments = [argument for each in spendings for argument in _arguments(each)]
    names = [f"{keys.limits}{source}:{each.sender}" for each in spendings]
    rows = await redis.register_script(script("share_limits"))(names, arguments)
    return [tuple(map(float, row)) for row in rows]


def _arguments(spending: Spending) -> Iterator[str]:
    for (amount, per_second), spent in zip(spending.sizes, spending.spent, strict=True):
        yield from (repr(amount), repr(per_second), repr(spent))
