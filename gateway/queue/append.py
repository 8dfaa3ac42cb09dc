"""Append: decisions become entries of the destinations' streams, in one atomic step."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Self

import orjson
from redis.asyncio import Redis

from gateway.pipeline import Decision
from gateway.queue.appendix import Appendix, plan_of
from gateway.queue.connect import RedisError, script
from gateway.queue.group_commit import GroupCommit
from gateway.queue.keys import (
    COUNTS,
    DUE,
    EVENTS,
    QUARANTINE,
    SAID,
    WAKE_MARK_MS,
    WITHDRAWN,
    DestinationKeys,
)
from gateway.queue.room import Full
from gateway.queue.tally import Tally
from gateway.settings import Settings

log = logging.getLogger(__name__)

LONGEST_WAIT = 2.0
"""Seconds. With the time-out of the connection, within which a sender is answered when Redis
hangs, however many wait."""

WITHDRAWAL_SECONDS = 7 * 86_400
"""As long as events may wait for their destination: what vendors accept at most."""

Wake = Callable[[Sequence[str]], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of events, and for how long.

    dedupe: seconds in which a destination takes an event once; 0 for any number of times.
    hold: seconds for which an event waits for late consent, and how many of one visitor do.
    withdrawal: seconds for which a denial stops what was appended before it; 0 not at all.
    """

    dedupe: int = 0
    hold: tuple[int, int] = (0, 0)
    withdrawal: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        hold = settings.consent.hold
        return cls(
            settings.dedupe_window or 0,
            (hold.seconds, hold.most_events) if hold else (0, 0),
            WITHDRAWAL_SECONDS if settings.consent.withdrawals else 0,
        )


FORGETFUL = Memory()


@dataclass(frozen=True, slots=True)
class Release:
    """That the oldest events of a visitor that waited, wait no longer.

    first: the oldest. count: of them. due: Unix seconds when the rest is looked at again. said:
    what the visitor had stated when they were read, "" for nothing.
    """

    visitor: str
    first: bytes
    count: int
    due: float
    said: str


class Appender:
    """Appends decisions in group commits and wakes the destinations that sleep.

    wake: queues a job for each of the destinations named; called after the append, and not
    waited for: if it fails, the sweep finds the events.
    """

    def __init__(self, redis: Redis, tally: Tally, wake: Wake, memory: Memory = FORGETFUL) -> None:
        self._script = redis.register_script(script("append"))
        self._tally, self._wake, self._memory = tally, wake, memory
        self._commits = GroupCommit(
            self._commit,
            weigh=attrgetter("weight"),
            size=attrgetter("size"),
            longest_wait=LONGEST_WAIT,
        )
        self._waking: set[asyncio.Task[None]] = set()
        self.full: Mapping[str, str] = {}
        """What takes no more events: see `gateway.queue.room.what_is_full`."""

    async def append(self, decisions: list[Decision]) -> None:
        """Returns once the events of `decisions` are durable at every destination, and counted.

        An event that a destination took already, within the time of `Memory.dedupe`, counts there
        as repeated, and as nothing else.
        Raises a redis-py error when that is not certain, `Overloaded` when too much waits, `Full`
        when there is no room for them, and TypeError when an event cannot be written as JSON.
        """
        appendix = self._appendix(decisions)
        for name, reason in self.full.items():
            if name == "" or name in appendix.sent:
                raise Full(reason)
        await self._commits.submit(appendix)

    def _appendix(self, decisions: list[Decision]) -> Appendix:
        return Appendix(decisions, marked=bool(self._memory.dedupe))

    async def flush_counts(self) -> None:
        """Writes what the tally holds, for times without events."""
        if self._tally:
            await self._commits.submit(Appendix())

    async def release(
        self, decisions: list[Decision], destinations: Sequence[str], release: Release
    ) -> bool:
        """Appends `decisions` in the place of events that waited; False, and nothing is done, when
        they are gone or their visitor has spoken anew.

        destinations: for which they waited, each as often as it did.
        """
        appendix = self._appendix(decisions)
        appendix.said = {}
        appendix.held = {name: -count for name, count in Counter(destinations).items()}
        return await self._write([appendix], release)

    async def _commit(self, group: list[Appendix]) -> None:
        await self._write(group)

    async def _write(self, group: list[Appendix], release: Release | None = None) -> bool:
        destinations, payloads, plan = plan_of(group)
        counts = self._tally.take()
        plan |= {
            "counters": counts,
            "mark_ms": WAKE_MARK_MS,
            "window": self._memory.dedupe,
            "hold": (1000 * self._memory.hold[0], self._memory.hold[1]),
            "withdrawn_ms": 1000 * self._memory.withdrawal,
            "release": release and _release_plan(release, len(payloads) + 1),
        }
        keys = [COUNTS, QUARANTINE, DUE, SAID, EVENTS, WITHDRAWN]
        for name in destinations:
            of = DestinationKeys.of(name)
            keys += [of.stream, of.counts, of.wake, of.drains, of.pause, of.seen]
        first = [release.first] if release else []
        try:
            asleep = await self._script(keys, [orjson.dumps(plan), *payloads, *first])
        except BaseException:
            self._tally.put_back(counts)
            raise
        if asleep is None:
            self._tally.put_back(counts)
            return False
        if asleep:
            task = asyncio.create_task(self._wake_up([destinations[at - 1] for at in asleep]))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)
        return True

    async def _wake_up(self, destinations: list[str]) -> None:
        try:
            await self._wake(destinations)
        except RedisError as error:
            log.warning("no job could be queued, the sweep will: %s", type(error).__name__)


def _release_plan(release: Release, first: int) -> dict[str, Any]:
    return {
        "visitor": release.visitor,
        "first": first,
        "count": release.count,
        "due": int(1000 * release.due),
        "said": release.said,
    }
