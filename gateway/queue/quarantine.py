"""The quarantine: events that did not fit their schema. Found, released, dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.pipeline import Decision
from gateway.queue.append import FORGETFUL, Appender, Remembered, Wake
from gateway.queue.kept import Kept, Shelf, pages
from gateway.queue.keys import QUARANTINE
from gateway.queue.tally import Tally

_GONE = "GONE"
"""How an error of `append.lua` begins that names entries which are not there any more."""


@dataclass(frozen=True, slots=True)
class Quarantined(Kept):
    """An event that is withheld everywhere because it did not fit its schema.

    event: as it was when that was found, before any rule. It is kept since it was appended.
    """


IN_QUARANTINE: Shelf[Quarantined] = Shelf(QUARANTINE, b"q", Quarantined)
"""Where they are."""


class Releaser(Appender):
    """Appends what was decided about events in quarantine, as intake does with new ones; they
    leave the quarantine in the same step, or on a cluster in the one after it."""

    def __init__(self, redis: Redis, wake: Wake, remembered: Remembered = FORGETFUL) -> None:
        super().__init__(redis, Tally(), wake, remembered)

    async def let_out(self, decided: Mapping[str, Decision]) -> int:
        """Appends the decisions, by the ids of the entries that they are about, in one atomic step
        with the deletion of these, and wakes the destinations. Returns how many there were.

        An entry that somebody else has released or dropped is left out. Raises as `append` does.
        """
        left = dict(decided)
        while left:
            appendix = self._appendix(list(left.values()))
            self._refuse_full(appendix)
            appendix.released = list(left)
            try:
                await self._write([appendix])
                break
            except ResponseError as error:
                code, *gone = str(error).split()
                if code != _GONE:
                    raise
                left = {each: decision for each, decision in left.items() if each not in gone}
        await asyncio.gather(*self._waking)
        return len(left)


async def drop(redis: Redis, ids: Sequence[str]) -> int:
    """Deletes the entries `ids`, and returns how many were there. Their events stay withheld."""
    return sum([await redis.xdel(QUARANTINE, *page) for page in pages(ids)])
