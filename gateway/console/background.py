"""Work that operators start, and that goes on when they leave the page: replays, releases, drops,
erasures.

The process of the console does the work. When that process ends, the work ends after the events
that it has in hand; what was done is done, and is in the log of operators' actions.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from gateway.console.apart import apart
from gateway.console.trouble import Trouble
from gateway.operations.stopped import Stopped
from gateway.redis_client.connect import RedisError
from gateway.system.tasks import cancel_and_wait

log = logging.getLogger(__name__)

MAX_ENDED = 50
"""How many that have ended are remembered."""

BUSY = (
    "“{title}” by {user} is still at work there. Wait until it has ended, so that the two do not "
    "get in each other's way."
)
ENDED_EARLY = (
    "The console was stopped or started again, so this ended early. What was done is done."
)
FAILED = "This ended early: {}. What was done is done. The log of the console says more."


@dataclass(slots=True)
class Work:
    """Work in progress, or that has ended.

    title: such as ``Replay dead letters``. verb: what is done to events, such as ``Replayed``.
    others: what someone else may have done to them meanwhile. places: where no other work may be at
    the same time. user: who started it. back: the page where it was started. total: selected
    events, None until they are counted. tried, succeeded: events so far. notes, trouble: in
    sentences.
    """

    title: str
    verb: str
    others: str
    places: frozenset[str]
    user: str
    back: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    started: float = field(default_factory=time.time)
    total: int | None = None
    tried: int = 0
    succeeded: int = 0
    ended: float | None = None
    notes: list[str] = field(default_factory=list)
    trouble: str = ""

    def advance(self, tried: int, succeeded: int) -> None:
        self.tried += tried
        self.succeeded += succeeded


Do = Callable[[Redis, Work], Coroutine[Any, Any, None]]


class Background:
    """The work in progress in this process, and the last that has ended."""

    def __init__(self) -> None:
        self._works: dict[str, Work] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def all(self) -> list[Work]:
        """The newest first."""
        return [*reversed(self._works.values())]

    def find(self, work_id: str) -> Work | None:
        return self._works.get(work_id)

    def start(self, redis_url: str, work: Work, do: Do) -> None:
        """Begins `work`. Raises `Trouble` while other work is at one of its places."""
        for other in self._works.values():
            if other.ended is None and other.places & work.places:
                raise Trouble(409, BUSY.format(title=other.title, user=other.user))
        ended = [each.id for each in self._works.values() if each.ended is not None]
        for work_id in ended[: max(0, len(ended) - MAX_ENDED + 1)]:
            del self._works[work_id]
        self._works[work.id] = work
        task = asyncio.create_task(_run(redis_url, work, do))
        self._tasks[work.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(work.id, None))

    async def close(self) -> None:
        """Cancels all work, and returns when it has ended."""
        await cancel_and_wait(*self._tasks.values())


async def _run(redis_url: str, work: Work, do: Do) -> None:
    try:
        await apart(redis_url, lambda redis: do(redis, work))
    except asyncio.CancelledError:
        work.trouble = ENDED_EARLY
        raise
    except Stopped as stopped:
        work.trouble = str(stopped)
    except RedisError as error:
        work.trouble = FAILED.format(f"Redis does not answer ({type(error).__name__})")
    except Exception as error:  # whatever it is, its page says so and the console goes on
        log.exception("%s ended early", work.title)
        work.trouble = FAILED.format(type(error).__name__)
    finally:
        work.ended = time.time()
