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
"""Fields asked for in one command: a big hash holds up neither Redis nor the events."""

_AGAIN_SECONDS = 5.0
"""How soon a copy that failed is tried again, if it is not due earlier."""


class KeptHash:
    """The copy. value: its rows by the names of the hash's fields; empty until the first
    `refresh`.

    seconds: between two copies. row: from a value to what is kept of it; an entry for which it
    raises `TableMistake` is left out.
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
        """Copies the hash if that is due. While Redis cannot give it, the last copy stays."""
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
        """Logs `trouble`, but not again while it stays the same."""
        if trouble and trouble != self._trouble:
            log.error("the Redis hash %s %s", self._name, trouble)
        self._trouble = trouble


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
