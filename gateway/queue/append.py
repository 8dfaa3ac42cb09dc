"""Append: decisions become entries of the destinations' streams, in one atomic step."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from gateway.pipeline import Decision
from gateway.queue.connect import RedisError, script
from gateway.queue.entry import encode
from gateway.queue.group_commit import GroupCommit
from gateway.queue.keys import COUNTS, DestinationKeys
from gateway.queue.room import Full
from gateway.queue.tally import Tally

log = logging.getLogger(__name__)

LONGEST_WAIT = 2.0
"""Seconds. With the time-out of the connection, within which a sender is answered when Redis
hangs, however many wait."""

WAKE_MARK_MS = 10_000
"""How long a destination counts as woken while its job waits; then the sweep wakes it again."""

Wake = Callable[[Sequence[str]], Coroutine[Any, Any, None]]


class Appendix:
    """What one request adds: its payloads, and for each destination which of them it gets."""

    __slots__ = ("payloads", "sent", "weight", "withheld")

    def __init__(self, decisions: list[Decision]) -> None:
        self.payloads: list[bytes] = []
        self.sent: dict[str, list[int]] = {}
        self.withheld: dict[str, int] = {}
        for decision in decisions:
            self._add(decision)
        self.weight = sum(map(len, self.sent.values()))

    def _add(self, decision: Decision) -> None:
        shared: int | None = None  # most destinations get the event as it stands: written once
        for name, verdict in decision.verdicts.items():
            if verdict.event is None:
                self.withheld[name] = self.withheld.get(name, 0) + 1
                continue
            unchanged = verdict.event is decision.event and not verdict.applied
            if unchanged and shared is not None:
                number = shared
            else:
                self.payloads.append(encode(decision, verdict.event, verdict.applied))
                number = len(self.payloads)
                if unchanged:
                    shared = number
            self.sent.setdefault(name, []).append(number)


class Appender:
    """Appends decisions in group commits and wakes the destinations that sleep.

    wake: queues a job for each of the destinations named; called after the append, and not
    waited for: if it fails, the sweep finds the events.
    """

    def __init__(self, redis: Redis, tally: Tally, wake: Wake) -> None:
        self._script = redis.register_script(script("append"))
        self._tally, self._wake = tally, wake
        self._commits = GroupCommit(
            self._commit, lambda appendix: appendix.weight, longest_wait=LONGEST_WAIT
        )
        self._waking: set[asyncio.Task[None]] = set()
        self.full: Mapping[str, str] = {}
        """What takes no more events: see `gateway.queue.room.what_is_full`."""

    async def append(self, decisions: list[Decision]) -> None:
        """Returns once the events of `decisions` are durable at every destination, and counted.

        Raises a redis-py error when that is not certain, `Overloaded` when too much waits, `Full`
        when there is no room for them, and TypeError when an event cannot be written as JSON.
        """
        appendix = Appendix(decisions)
        for name, reason in self.full.items():
            if name == "" or name in appendix.sent:
                raise Full(reason)
        await self._commits.submit(appendix)

    async def flush_counts(self) -> None:
        """Writes what the tally holds, for times without events."""
        if self._tally:
            await self._commits.submit(Appendix([]))

    async def _commit(self, group: list[Appendix]) -> None:
        destinations, arguments = _merge(group)
        counts = self._tally.take()
        keys = [COUNTS]
        for name in destinations:
            of = DestinationKeys.of(name)
            keys += [of.stream, of.counts, of.wake, of.drains, of.pause]
        counters = [value for pair in counts.items() for value in pair]
        payloads = [payload for appendix in group for payload in appendix.payloads]
        try:
            asleep = await self._script(
                keys,
                [len(payloads), *payloads, len(counts), *counters, WAKE_MARK_MS, *arguments],
            )
        except BaseException:
            self._tally.put_back(counts)
            raise
        if asleep:
            task = asyncio.create_task(self._wake_up([destinations[at - 1] for at in asleep]))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)

    async def _wake_up(self, destinations: list[str]) -> None:
        try:
            await self._wake(destinations)
        except RedisError as error:
            log.warning("no job could be queued, the sweep will: %s", type(error).__name__)


def _merge(group: list[Appendix]) -> tuple[list[str], list[int]]:
    """The destinations that a group concerns, and the script's arguments about each of them."""
    sent: dict[str, list[int]] = {}
    withheld: dict[str, int] = {}
    before = 0
    for appendix in group:
        for name, count in appendix.withheld.items():
            withheld[name] = withheld.get(name, 0) + count
        for name, numbers in appendix.sent.items():
            sent.setdefault(name, []).extend(before + number for number in numbers)
        before += len(appendix.payloads)
    destinations = list(sent.keys() | withheld.keys())
    arguments: list[int] = []
    for name in destinations:
        numbers = sent.get(name, [])
        arguments += [withheld.get(name, 0), len(numbers), *numbers]
    return destinations, arguments
