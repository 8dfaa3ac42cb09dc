"""How long a drain keeps its worker, which all destinations share."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.redis_full import is_full
from gateway.queue.wake import jobs_wait
from gateway.redis_client.connect import RedisError

log = logging.getLogger(__name__)

ASK_SECONDS = 0.25
AWAY_SECONDS = 10.0
"""How long RQ's server is left alone after it failed to answer."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a drain stays, in seconds.

    idle: without work, while no other job waits. busy: with work, while another job waits.
    longest: in any case, except to complete requests under way (`job.STOP_SECONDS`). While memory
    is full, jobs cannot be queued, so the drain acts as if another job waited.

    By default an idle drain stays as long as any other: starting a drain takes ten times as long as
    delivering an event.
    """

    idle: float = 300.0
    busy: float = 2.0
    longest: float = 300.0


class Stay:
    """The stay of one drain. jobs: where RQ is. While that server is away, the drain stays as if no
    other job waited and no memory was full: no other drain can start then. So `jobs` should not
    retry for long."""

    def __init__(self, jobs: Redis, keys: Keys, patience: Patience = Patience()) -> None:
        self._jobs = jobs
        self._keys = keys
        self._patience = patience
        self._memory_is_full = False
        self._asked = 0.0
        self._away_until = -inf
        self._began = self._last_work = time.monotonic()
        self.lasted_to_the_end = False
        """Whether it is over because of its age, and for no other reason."""

    def has_worked(self) -> None:
        self._last_work = time.monotonic()

    async def look_at_memory(self) -> None:
        self._memory_is_full = await self._answer(lambda: is_full(self._jobs))

    async def is_over(self, now: float) -> bool:
        """Whether the drain should end. now: when the last round of reading began."""
        age, idle = now - self._began, now - self._last_work
        patience = self._patience
        if age > patience.longest or idle > patience.idle:
            self.lasted_to_the_end = True
            return True
        if idle > 0 or age > patience.busy:
            return self._memory_is_full or await self._others_wait()
        return False

    async def _others_wait(self) -> bool:
        """Whether another job waits. Asks Redis every `ASK_SECONDS` at most; False in between."""
        now = time.monotonic()
        if now - self._asked < ASK_SECONDS:
            return False
        self._asked = now
        return await self.others_wait_now()

    async def others_wait_now(self) -> bool:
        """Whether another job waits; False while RQ's server is away."""
        return await self._answer(lambda: jobs_wait(self._jobs, self._keys))

    async def _answer(self, ask: Callable[[], Awaitable[bool]]) -> bool:
        """The answer of RQ's server; False while it is away."""
        if time.monotonic() < self._away_until:
            return False
        try:
            answer = await ask()
        except RedisError as error:
            if self._away_until == -inf:
                log.warning("a drain goes on without RQ's server: %s", type(error).__name__)
            self._away_until = time.monotonic() + AWAY_SECONDS
            return False
        self._away_until = -inf
        return answer
