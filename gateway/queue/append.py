"""Append: decisions become entries of the destinations' streams, in one atomic step."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.event import Event
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
    """What one request adds: its payloads, what the event of each is known by, and for each
    destination which of them it gets.

    marked: whether an event may be known again; if not, its mark is empty. weight: entries of
    streams. size: bytes of the payloads.
    """

    __slots__ = ("marks", "payloads", "sent", "size", "weight", "withheld")

    def __init__(self, decisions: list[Decision], marked: bool = False) -> None:
        self.payloads: list[bytes] = []
        self.marks: list[str] = []
        self.sent: dict[str, list[int]] = {}
        self.withheld: dict[str, int] = {}
        for decision in decisions:
            self._add(decision, mark(decision.event) if marked else "")
        self.weight = sum(map(len, self.sent.values()))
        self.size = sum(map(len, self.payloads))

    def _add(self, decision: Decision, known_by: str) -> None:
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
                self.marks.append(known_by)
                number = len(self.payloads)
                if unchanged:
                    shared = number
            self.sent.setdefault(name, []).append(number)


def mark(event: Event) -> str:
    """What an event is known by when it comes again: a digest of its name and its `event_id`.

    The name is part of it since a page may well give what belongs together one id.
    """
    text = f"{event['event_name']}\0{event['event_id']}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


class Appender:
    """Appends decisions in group commits and wakes the destinations that sleep.

    wake: queues a job for each of the destinations named; called after the append, and not
    waited for: if it fails, the sweep finds the events. dedupe: seconds in which a destination
    takes an event once; None for any number of times.
    """

    def __init__(self, redis: Redis, tally: Tally, wake: Wake, dedupe: int | None = None) -> None:
        self._script = redis.register_script(script("append"))
        self._tally, self._wake, self._dedupe = tally, wake, dedupe
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

        An event that a destination took already, within the time of `dedupe`, counts there as
        repeated, and as nothing else.
        Raises a redis-py error when that is not certain, `Overloaded` when too much waits, `Full`
        when there is no room for them, and TypeError when an event cannot be written as JSON.
        """
        appendix = self._appendix(decisions)
        for name, reason in self.full.items():
            if name == "" or name in appendix.sent:
                raise Full(reason)
        await self._commits.submit(appendix)

    def _appendix(self, decisions: list[Decision]) -> Appendix:
        return Appendix(decisions, marked=self._dedupe is not None)

    async def flush_counts(self) -> None:
        """Writes what the tally holds, for times without events."""
        if self._tally:
            await self._commits.submit(Appendix([]))

    async def _commit(self, group: list[Appendix]) -> None:
        destinations, payloads, plan = _merge(group)
        counts = self._tally.take()
        plan |= {"counters": counts, "mark_ms": WAKE_MARK_MS, "window": self._dedupe or 0}
        keys = [COUNTS]
        for name in destinations:
            of = DestinationKeys.of(name)
            keys += [of.stream, of.counts, of.wake, of.drains, of.pause, of.seen]
        try:
            asleep = await self._script(keys, [orjson.dumps(plan), *payloads])
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


def _merge(group: list[Appendix]) -> tuple[list[str], list[bytes], dict[str, Any]]:
    """The destinations that a group concerns, its payloads, and the script's plan for them."""
    sent: dict[str, list[int]] = {}
    withheld: dict[str, int] = {}
    payloads: list[bytes] = []
    marks: list[str] = []
    for appendix in group:
        before = len(payloads)
        for name, count in appendix.withheld.items():
            withheld[name] = withheld.get(name, 0) + count
        for name, numbers in appendix.sent.items():
            sent.setdefault(name, []).extend(before + number for number in numbers)
        payloads += appendix.payloads
        marks += appendix.marks
    destinations = list(sent.keys() | withheld.keys())
    of_each = [(withheld.get(name, 0), sent.get(name, [])) for name in destinations]
    return destinations, payloads, {"marks": marks, "destinations": of_each}
