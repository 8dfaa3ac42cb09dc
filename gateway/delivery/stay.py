"""How long a drain keeps its worker, which all destinations share."""

from __future__ import annotations

import time
from dataclasses import dataclass

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.redis_full import is_full
from gateway.queue.wake import jobs_wait

ASK_SECONDS = 0.25


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
    """The stay of one drain. jobs: where RQ is. Its methods raise what Redis raised."""

    def __init__(self, jobs: Redis, keys: Keys, patience: Patience = Patience()) -> None:
        self._jobs = jobs
        self._keys = keys
        self._patience = patience
        self._memory_is_full = False
        self._asked = 0.0
        self._began = self._last_work = time.monotonic()
        self.lasted_to_the_end = False
        """Whether it is over because of its age, and for no other reason."""

    def has_worked(self) -> None:
        self._last_work = time.monotonic()

    async def look_at_memory(self) -> None:
        self._memory_is_full = await is_full(self._jobs)

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
        return await jobs_wait(self._jobs, self._keys)
