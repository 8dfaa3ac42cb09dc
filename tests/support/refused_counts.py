"""Reads how often sources refused requests and events."""

from __future__ import annotations

import time

from redis import Redis

from tests.support.keys import KEYS


def count_refused(redis: Redis, source: str, reason: str) -> int:
    """How often `source` refused for `reason`, once the count has arrived in Redis."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if count := redis.hget(KEYS.counts, f"refused:{source}:{reason}"):
            return int(count)  # type: ignore[arg-type]
        time.sleep(0.01)
    return 0
