"""A Redis hash that is copied into memory periodically, so that no event waits for Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from gateway.stages.enrichment.table_mistake import TableMistake

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

_AT_ONCE = 1000
"""Fields read per command, so that a big hash delays neither Redis nor the events."""

_AGAIN_SECONDS = 5.0
"""How soon a failed copy is repeated, unless the next one is due earlier."""


class KeptHash:
    """The copy of a hash. value: rows by the hash's field names; empty until the first `refresh`.

    seconds: between two copies. row: from a value of the hash to the row to keep; an entry for
    which it raises `TableMistake` is left out.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        row: Callable[[str], Mapping[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.value: Mapping[str, Mapping[str, Any]] = {}
        self._name = name
        self._seconds = seconds
        self._row = row
        self._clock = clock
        self._due = float("-inf")
        self._trouble = ""

    async def refresh(self, redis: Redis) -> None:
        """Copies the hash if that is due. If it cannot be read, the last copy stays in use."""
        if self._clock() < self._due:
            return
        wait = self._seconds
        try:
            rows, unusable = await self._copy(redis)
        except RedisError as error:
            wait = min(wait, _AGAIN_SECONDS)
            self._tell(f"cannot be read: {type(error).__name__}")
        else:
            self.value = rows
            self._tell(f"has {unusable} unusable entries, which are ignored" if unusable else "")
        self._due = self._clock() + wait

    async def _copy(self, redis: Redis) -> tuple[dict[str, Mapping[str, Any]], int]:
        rows: dict[str, Mapping[str, Any]] = {}
        unusable = 0
        async for key, value in redis.hscan_iter(self._name, count=_AT_ONCE):
            try:
                rows[_text(key)] = self._row(_text(value))
            except (TableMistake, UnicodeDecodeError):
                unusable += 1
        return rows, unusable

    def _tell(self, trouble: str) -> None:
        """Logs `trouble` unless it was the last trouble logged."""
        if trouble and trouble != self._trouble:
            log.error("the Redis hash %s %s", self._name, trouble)
        self._trouble = trouble


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
