"""The records of the latest decisions and outcomes, for the demo shop.

They hold what was sent, so they are only kept where the demo is on. Each is shown to one browser
alone: its field `browser` has the digest of that browser's name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.queue.keys import Keys

Record = dict[str, Any]

KEPT = 500
KEPT_SECONDS = 86_400
"""How long records are kept after the last one was added, even if the demo is off by then."""


class Recorder:
    """Writes records to a short stream in Redis, in the background."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.recent
        self._records: list[Record] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, records: Iterable[Record]) -> None:
        self._records += records
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self.flush())

    async def flush(self) -> None:
        while self._records:
            records, self._records = self._records[:KEPT], self._records[KEPT:]
            pipeline = self._redis.pipeline(transaction=False)
            for record in records:
                pipeline.xadd(self._key, {"r": orjson.dumps(record)}, maxlen=KEPT)
            pipeline.expire(self._key, KEPT_SECONDS)
            await pipeline.execute()


async def recent_records(
    redis: Redis, keys: Keys, after: str, browser: str
) -> tuple[str, list[Record]]:
    """Records for `browser` since `after`, an id from the last call or empty, oldest first; and the
    next id."""
    rows: Any = await redis.xrange(keys.recent, f"({after}" if after else "-", "+", KEPT)
    last = rows[-1][0].decode() if rows else after
    records = [orjson.loads(fields[b"r"]) for _, fields in rows]
    return last, [record for record in records if record.pop("browser", "") == browser]
