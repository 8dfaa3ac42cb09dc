"""Settle: entries end, are counted, and leave the stream, in one atomic step."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from gateway.queue.connect import script
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.tally import Tally


class Ending(NamedTuple):
    """How one entry ended. result: delivered, rejected, expired, or withheld when its visitor has
    said no meanwhile. letter: its dead letter."""

    entry_id: bytes
    result: str
    letter: bytes = b""


class Settler:
    """Settles the entries of one destination, together with what its tally gathered."""

    def __init__(self, redis: Redis, destination: str, tally: Tally) -> None:
        self._of = DestinationKeys.of(destination)
        self._script = redis.register_script(script("settle"))
        self._tally = tally

    async def settle(self, endings: Sequence[Ending]) -> None:
        """Returns once `endings` are durable, all or none. Settling an entry twice counts it once.

        Raises a redis-py error when that is not certain.
        """
        counts = self._tally.take()
        counters = [value for pair in counts.items() for value in pair]
        alike: dict[tuple[str, bytes], list[bytes]] = {}
        for entry_id, result, letter in endings:
            alike.setdefault((result, letter), []).append(entry_id)
        groups = [
            value
            for (result, letter), ids in alike.items()
            for value in (result, letter, b" ".join(ids))
        ]
        try:
            keys = [self._of.stream, self._of.counts, self._of.dead, self._of.minute(time.time())]
            await self._script(keys, [GROUP, len(counts), *counters, *groups])
        except BaseException:
            self._tally.put_back(counts)
            raise
