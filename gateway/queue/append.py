"""Append: decisions become entries of the destinations' streams, in one atomic step.

On a cluster it is one such step for each destination, all at once, and when they are confirmed one
for what is the gateway's own: an event is in quarantine, or has left it, only after it is counted
everywhere. A sender who is told of a failure sends everything again; what a destination has taken
by then is known by its mark.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Self

import orjson
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from gateway.pipeline import Decision
from gateway.queue.appendix import Appendix, parts_of, plan_of
from gateway.queue.connect import RedisError, is_cluster, script
from gateway.queue.group_commit import GroupCommit
from gateway.queue.keys import OWN, WAKE_MARK_MS, DestinationKeys
from gateway.queue.room import Full
from gateway.queue.tally import Tally
from gateway.settings import Settings

log = logging.getLogger(__name__)

LONGEST_WAIT = 2.0
"""Seconds. With the time-out of the connection, within which a sender is answered when Redis
hangs, however many wait."""

WITHDRAWAL_SECONDS = 7 * 86_400
"""As long as events may wait for their destination: what vendors accept at most."""

LEAST_WINDOW = 300
"""Seconds in which an event is taken once on a cluster, where an append may succeed in part."""

_OWN = tuple(key.encode() for key in OWN)
"""As Redis gets them: redis-py would encode them for each commit."""

Wake = Callable[[Sequence[str]], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Remembered:
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


FORGETFUL = Remembered()


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

    def __init__(
        self, redis: Redis, tally: Tally, wake: Wake, remembered: Remembered = FORGETFUL
    ) -> None:
        self._script = redis.register_script(script("append"))
        self._tally, self._wake, self._remembered = tally, wake, remembered
        self._in_parts = is_cluster(redis)
        self._window = max(remembered.dedupe, LEAST_WINDOW if self._in_parts else 0)
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

        An event that a destination took already, within the time of `Remembered.dedupe` (on a
        cluster of `LEAST_WINDOW` at least), counts there as repeated, and as nothing else.
        Raises a redis-py error when that is not certain, `Overloaded` when too much waits, `Full`
        when there is no room for them, and TypeError when an event cannot be written as JSON.
        """
        appendix = self._appendix(decisions)
        if self.full:
            self._refuse_full(appendix)
        await self._commits.submit(appendix)

    def _appendix(self, decisions: list[Decision]) -> Appendix:
        return Appendix(decisions, marked=bool(self._window))

    def _refuse_full(self, appendix: Appendix) -> None:
        for name, reason in self.full.items():
            if name == "" or name in appendix.sent:
                raise Full(reason)

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
        if self._in_parts:
            parts, group = parts_of(group)
            await _all_of(self._append_part(part) for part in parts)
            if parts and not group:  # the counts can wait: who flushes them adds to no destination
                return True
        counts = self._tally.take()
        try:
            appended = await self._append(group, _OWN, counts, release)
        except BaseException:
            self._tally.put_back(counts)
            raise
        if not appended:
            self._tally.put_back(counts)
        return appended

    async def _append_part(self, part: list[Appendix]) -> None:
        try:
            await self._append(part)
        except RedisConnectionError:  # perhaps a connection of old; what was taken has its mark
            await self._append(part)

    async def _append(
        self,
        group: list[Appendix],
        own: Sequence[bytes] = (),
        counts: Mapping[str, int] | None = None,
        release: Release | None = None,
    ) -> bool:
        """Appends `group` in one step. own: the gateway's own keys, if it concerns them."""
        destinations, payloads, plan = plan_of(group)
        plan |= {
            "counters": counts or {},
            "mark_ms": WAKE_MARK_MS,
            "window": self._window,
            "hold": (1000 * self._remembered.hold[0], self._remembered.hold[1]),
            "withdrawn_ms": 1000 * self._remembered.withdrawal,
            "release": release and _release_plan(release, len(payloads) + 1),
        }
        keys = [key for name in destinations for key in _keys_of(name)]
        first = [release.first] if release else []
        asleep = await self._script([*keys, *own], [orjson.dumps(plan), *payloads, *first])
        if asleep:
            task = asyncio.create_task(self._wake_up([destinations[at - 1] for at in asleep]))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)
        return asleep is not None

    async def _wake_up(self, destinations: list[str]) -> None:
        try:
            await self._wake(destinations)
        except RedisError as error:
            log.warning("no job could be queued, the sweep will: %s", type(error).__name__)


@cache
def _keys_of(destination: str) -> tuple[bytes, ...]:
    return tuple(key.encode() for key in DestinationKeys.of(destination).appended)


async def _all_of(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all `steps`, then raises what the first of them raised that failed."""
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _release_plan(release: Release, first: int) -> dict[str, Any]:
    return {
        "visitor": release.visitor,
        "first": first,
        "count": release.count,
        "due": int(1000 * release.due),
        "said": release.said,
    }
