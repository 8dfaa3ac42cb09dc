"""Settle: entries end, are counted, and leave the stream, in one atomic step."""

import time
from dataclasses import dataclass

from redis.asyncio import Redis

from gateway.queue.connect import script
from gateway.queue.group_commit import GroupCommit
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.tally import Tally


@dataclass(frozen=True, slots=True)
class Ending:
    """How one entry ended. result: delivered, rejected, expired, or withheld when its visitor has
    said no meanwhile. letter: its dead letter."""

    entry_id: bytes
    result: str
    letter: bytes = b""


class Settler:
    """Settles the entries of one destination in group commits, with what its tally gathered."""

    def __init__(self, redis: Redis, destination: str, tally: Tally) -> None:
        of = DestinationKeys.of(destination)
        self._of = of
        self._script = redis.register_script(script("settle"))
        self._tally = tally
        self._commits = GroupCommit(self._commit)

    async def settle(self, endings: list[Ending]) -> None:
        """Returns once `endings` are durable. Settling an entry twice counts it once."""
        await self._commits.submit(endings)

    async def _commit(self, group: list[list[Ending]]) -> None:
        counts = self._tally.take()
        counters = [value for pair in counts.items() for value in pair]
        endings = [
            value
            for endings in group
            for ending in endings
            for value in (ending.entry_id, ending.result, ending.letter)
        ]
        try:
            keys = [self._of.stream, self._of.counts, self._of.dead, self._of.minute(time.time())]
            await self._script(keys, [GROUP, len(counts), *counters, *endings])
        except BaseException:
            self._tally.put_back(counts)
            raise
