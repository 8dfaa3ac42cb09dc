"""Makes the events of decisions durable, and tells the sender when that fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from gateway.pipeline.decision import Decision
from gateway.queue.admission import Full
from gateway.queue.group_commit import Overloaded
from gateway.redis_client.connect import RedisError
from gateway.sources.base import Batch, Refused
from gateway.spool.file import SpoolError, SpoolFull
from gateway.web.rare_warning import RareWarning

log = logging.getLogger(__name__)

RETRY_AFTER = 2
"""Seconds after which a sender may try again while Redis is away or full."""

DecisionObserver = Callable[[list[Decision]], None]

ReleaseHeld = Callable[[str, Sequence[Decision]], Awaitable[None]]
"""Releases the events that are held for the page with this token, given the decisions about what
the page sent now. Raises a redis-py error when that is not certain."""

CountRefused = Callable[[str, int], None]
"""Receives the reason for which events are refused, and their number."""


class EventAppender(Protocol):
    """What makes events durable: an `Appender`, or one with a spool."""

    async def append(self, decisions: list[Decision]) -> bool:
        """Returns once the events of `decisions` are durable. The result is whether events are held
        that wait for the consent stated in these.

        Raises TypeError when an event cannot be represented in JSON, `Full` when a limit was
        reached (perhaps after a part was appended, as `gateway.queue.admission` says), and a
        redis-py error, `Overloaded` or `SpoolError` when it is not certain that they are durable.
        """


class Storage:
    """watch: receives the decisions that were appended. release_held: called when a page states
    the consent for which its held events wait."""

    def __init__(
        self,
        appender: EventAppender,
        count_refused: CountRefused,
        watch: DecisionObserver | None = None,
        release_held: ReleaseHeld | None = None,
    ) -> None:
        self._appender = appender
        self._count_refused = count_refused
        self._watch = watch
        self._release_held = release_held
        self._warnings: dict[str, RareWarning] = {}

    async def store(self, decisions: list[Decision], batch: Batch) -> None:
        """Returns once the events of `decisions`, made from those of `batch`, are durable. Raises
        `Refused` when any of them is not, or when that is not certain."""
        if await self._append(decisions, batch):
            await self._release(batch.page_token, decisions)

    async def _append(self, decisions: list[Decision], batch: Batch) -> bool:
        """Returns whether events are held that wait for the consent stated in these."""
        try:
            awaited = await self._appender.append(decisions)
        except TypeError:
            raise Refused(400, "malformed", "an event cannot be represented in JSON") from None
        except Full as error:
            if error.awaited:
                with suppress(Refused):  # the retry releases them too
                    await self._release(batch.page_token, decisions)
            raise self._full(error, batch) from None
        except (RedisError, Overloaded, SpoolError) as error:
            self._warn("event", "%s could not be stored", error, len(decisions))
            reason = "spool_full" if isinstance(error, SpoolFull) else "unavailable"
            message = "events could not be stored; retry the whole request"
            raise self._refused(reason, len(decisions), message) from None
        if self._watch is not None:
            self._watch(decisions)
        return awaited

    async def _release(self, page_token: str, decisions: Sequence[Decision]) -> None:
        if self._release_held is None:
            return
        try:
            await self._release_held(page_token, decisions)
        except (RedisError, Overloaded) as error:
            self._warn("page", "held events of %s could not be released", error, 1)
            message = (
                "the events are stored, but held events of this page could not be released; retry "
                "the whole request"
            )
            raise self._refused("unavailable", 1, message) from None

    def _warn(self, noun: str, what: str, error: Exception, number: int) -> None:
        text = (
            f"{what}, and the senders were told to try again ({type(error).__name__}); check that "
            "Redis answers and has free memory"
        )
        if text not in self._warnings:
            self._warnings[text] = RareWarning(log, noun, text)
        self._warnings[text].add(number)
        self._warnings[text].say(time.monotonic())

    def _full(self, error: Full, batch: Batch) -> Refused:
        if not error.events:
            return self._refused("full", len(batch.events), str(error))
        unread = {each.index for each in batch.refused}
        places = [index for index in range(len(batch.events) + len(unread)) if index not in unread]
        events = [
            {"index": places[place], "taken": taken, "full": full}
            for place, taken, full in error.events
        ]
        message = (
            f"{error}; the listed events were not accepted for all of their destinations; retry "
            f"the whole request"
        )
        return self._refused("full", len(events), message, events)

    def _refused(
        self, reason: str, count: int, message: str, events: Sequence[object] = ()
    ) -> Refused:
        self._count_refused(reason, count - 1)  # `Intake` counts one for the request
        return Refused(503, reason, message, RETRY_AFTER, events)
