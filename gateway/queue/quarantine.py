"""The quarantine: events that did not fit their schema. Found, released, dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError

from gateway.pipeline import Decision
from gateway.queue.append import FORGETFUL, Appender, Memory, Wake
from gateway.queue.connect import script
from gateway.queue.kept import Kept, Shelf, pages
from gateway.queue.keys import QUARANTINE
from gateway.queue.tally import Tally

_GONE = "GONE"

_FIND = f"""
local released, gone = cjson.decode(ARGV[#ARGV]), {{}}
for _, id in ipairs(released) do
  if #redis.call('XRANGE', KEYS[#KEYS], id, id) == 0 then
    gone[#gone + 1] = id
  end
end
if #gone > 0 then
  return redis.error_reply('{_GONE} ' .. table.concat(gone, ' '))
end
"""
_DELETE = """
-- the addition came first: when memory is full it is refused, and nothing is lost
redis.call('XDEL', KEYS[#KEYS], unpack(released))
return asleep
"""


@dataclass(frozen=True, slots=True)
class Quarantined(Kept):
    """An event that is withheld everywhere because it did not fit its schema.

    event: as it was when that was found, before any rule. It is kept since it was appended.
    """


IN_QUARANTINE: Shelf[Quarantined] = Shelf(QUARANTINE, b"q", Quarantined)
"""Where they are."""


class Releaser(Appender):
    """Appends what was decided about events in quarantine, as intake does with new ones; they
    leave the quarantine in the same step. One `let_out` at a time."""

    def __init__(self, redis: Redis, wake: Wake, memory: Memory = FORGETFUL) -> None:
        super().__init__(redis, Tally(), wake, memory)
        self._script = self._releasing = _ReleasingScript(redis)

    async def let_out(self, decided: Mapping[str, Decision]) -> int:
        """Appends the decisions, by the ids of the entries that they are about, in one atomic step
        with the deletion of these, and wakes the destinations. Returns how many there were.

        An entry that somebody else has released or dropped is left out. Raises as `append` does.
        """
        left = dict(decided)
        while left:
            self._releasing.ids = list(left)
            try:
                await self.append(list(left.values()))
                break
            except ResponseError as error:
                code, *gone = str(error).split()
                if code != _GONE:
                    raise
                left = {each: decision for each, decision in left.items() if each not in gone}
        await asyncio.gather(*self._waking)
        return len(left)


class _ReleasingScript(AsyncScript):
    """The script that appends, and in the same step takes the entries `ids` out of the quarantine;
    when one of them is gone it does nothing but name those that are."""

    def __init__(self, redis: Redis) -> None:
        appending = f"local function append()\n{script('append')}\nend\nlocal asleep = append()\n"
        super().__init__(redis, _FIND + appending + _DELETE)
        self.ids: list[str] = []

    async def __call__(
        self, keys: Sequence[Any] | None = None, args: Any = None, client: Any = None
    ) -> Any:
        keys, args = [*(keys or ()), QUARANTINE], [*(args or ()), orjson.dumps(self.ids)]
        return await super().__call__(keys, args, client)


async def drop(redis: Redis, ids: Sequence[str]) -> int:
    """Deletes the entries `ids`, and returns how many were there. Their events stay withheld."""
    return sum([await redis.xdel(QUARANTINE, *page) for page in pages(ids)])
