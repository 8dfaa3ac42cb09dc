"""The drain: empties one destination's stream, as long as there is something to do.

    read      entries whose retry is due, then new ones, as many as there is room for
    plan      expired ones end here; the destination makes requests of the others
    send      up to `in_flight` requests at once
    settle    delivered, rejected and expired entries end, as many at once as have come back by
              then; the others stay pending

It ends when it is told to, when the destination is paused, or when it has had its time. What is
left then is the next drain's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from destinations.base import Destination, Outcome, Request
from gateway.delivery.books import Books, is_throttled
from gateway.delivery.lease import Lease
from gateway.delivery.memory import is_full, write_note
from gateway.delivery.pace import Pace
from gateway.delivery.pause import is_probing, pause, resume
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE, DeliverySettings, deadline, waits
from gateway.delivery.send import Attempt, Sender, Watch, plan
from gateway.delivery.wake import QUEUE_KEY
from gateway.http.client import Client
from gateway.queue.entry import Entry
from gateway.queue.keys import DestinationKeys
from gateway.queue.late import withdrawn
from gateway.queue.read import Reader

log = logging.getLogger(__name__)

BLOCK_MS = 250
LOOK_SECONDS = 1.0
LONGEST_READ = 500
READ_SECONDS = 0.005
"""Events that come one by one, but closer than this, are read together. One that comes after a
silence is read at once."""
SETTLE_SECONDS = 0.002
"""Answers that come within this time are settled together. What was answered and is not settled
yet is sent once more if the drain is killed, as is what was under way."""
SHARE = "share"
"""Field of the counts: thousandths of the configured pace."""

_ABOUT_ALL = ("destination", "configuration")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a drain stays, in seconds.

    idle: without work, while no other job waits. busy: with work, while another job waits.
    longest: in any case; RQ ends jobs that take longer than `wake.JOB_SECONDS`. When memory is
    full, nobody can queue a job, so another one may be wanted at any time.

    By default an idle drain stays as long as any: to start one takes ten times as long as it takes
    a drain to deliver an event.
    """

    idle: float = 300.0
    busy: float = 2.0
    longest: float = 300.0


class Drain:
    """One drain of one destination; `run` does all of the above, `stop` asks it to end soon.

    client: None for a dry run. watch: is told of every attempt. call_help: wakes another drain
    for this destination, when it has too much for one and may have several. stops: consent types
    whose denial also stops events that came before it. jobs: where RQ is, unless beside the events.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        destination: Destination[Any],
        settings: DeliverySettings,
        client: Client | None,
        lease: Lease,
        watch: Watch,
        call_help: Callable[[], Awaitable[object]],
        patience: Patience = Patience(),
        stops: Collection[str] = (),
        jobs: Redis | None = None,
    ) -> None:
        self._redis, self._name, self._destination = redis, name, destination
        self._jobs = redis if jobs is None else jobs
        self._settings, self._lease, self._patience = settings, lease, patience
        self._stops = stops
        self._watch, self._call_help = watch, call_help
        self._keys = DestinationKeys.of(name)
        self._reader = Reader(redis, name, lease.holder)
        self._waits = waits(settings.backoff)
        self._books = Books(redis, name, destination, self._reader)
        self._max_age = deadline(settings, destination.limits)
        give_up = settings.on_ambiguous == "give_up"
        self._sender = Sender(
            destination, client, settings.tries, self._max_age, self._count, give_up
        )
        self._pace = Pace(settings)  # `run` knows what the last drain left of it
        self._in_flight = self._pace.in_flight
        self._window = min(max(8 * settings.in_flight, 2 * destination.limits.max_events), 4000)
        self._held: set[bytes] = set()
        self._planned: deque[tuple[Sequence[Entry], Request]] = deque()
        self._answered: list[Attempt] = []
        self._senders = 0
        self._settling = False
        self._freed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._probing = False
        self._ending = False
        self._stopped = asyncio.Event()
        self._pausing = False
        self._was_slow = False
        self._memory_is_full = False
        self._asked_for_others = 0.0
        self._read_at = 0.0
        self._error: BaseException | None = None
        self.stayed_to_the_end = False
        """Whether it ended because of its age, and for no other reason."""

    def stop(self) -> None:
        """Ends the drain as soon as the requests under way have their answers."""
        self._ending = True
        self._stopped.set()
        self._freed.set()
        self._sender.stop()

    async def run(self) -> None:
        """Drains. Raises what Redis raised, with the entries left pending."""
        try:
            await self._read_and_send()
        finally:
            self.stop()
            await self._wait_for_tasks()
            self._start(self._hand_back_unsent())
            await self._wait_for_tasks()
        await self._write_notes()
        if self._error is not None:
            raise self._error

    async def _read_and_send(self) -> None:
        started = last_work = time.monotonic()
        looked = 0.0
        self._probing = await is_probing(self._redis, self._name)
        share = await self._redis.hget(self._keys.counts, SHARE)
        self._pace = Pace(self._settings, int(share or 1000) / 1000)
        self._in_flight = self._pace.in_flight
        self._ending = self._ending or await self._is_paused()
        while not self._ending:
            now = time.monotonic()
            if self._room() == 0:
                self._freed.clear()
                await self._freed.wait()
                continue
            if now - looked >= LOOK_SECONDS:
                looked = now
                await self._look()
            if await self._read_new() or self._held:
                last_work = time.monotonic()
            if await self._has_had_its_time(now - started, now - last_work):
                break

    def _room(self) -> int:
        """How many entries to read now. While some are waiting to be sent, that is none until
        there is room for many: reading and settling cost less by the hundred."""
        if self._probing:
            return 0 if self._held else 1
        room = max(0, self._window - len(self._held))
        return 0 if self._planned and 2 * room < self._window else room

    async def _look(self) -> None:
        """What is done now and then: entries whose retry is due, and counts without endings."""
        others = await self._lease.others()
        due = await self._reader.due(self._waits, others, self._room(), self._held)
        await self._dispatch(due, paused=bool(due) and await self._is_paused())
        await self._write_notes()
        self._memory_is_full = await is_full(self._jobs)
        more_may_come = len(others) + 1 < self._settings.drains
        if more_may_come and await self._redis.xlen(self._keys.stream) > 2 * self._window:
            await self._call_help()

    async def _write_notes(self) -> None:
        """Counts that belong to no ending, the last failure, and the pace."""
        await self._books.write_notes()
        self._pace.recover()
        if self._pace.share < 1 or self._was_slow:
            self._was_slow = self._pace.share < 1
            share = int(self._pace.share * 1000)
            await write_note(self._redis, "HSET", self._keys.counts, SHARE, share)

    async def _read_new(self) -> int:
        too_early = self._read_at + READ_SECONDS - time.monotonic()
        if too_early > 0:
            await asyncio.sleep(too_early)
        room = min(self._room(), LONGEST_READ)
        if room == 0:
            return 0
        entries, paused = await self._reader.new(room, BLOCK_MS)
        if entries:
            self._read_at = time.monotonic()
        await self._dispatch(entries, paused)
        return len(entries)

    async def _has_had_its_time(self, age: float, idle: float) -> bool:
        patience = self._patience
        if age > patience.longest or idle > patience.idle:
            self.stayed_to_the_end = True
            return True
        if idle > 0 or age > patience.busy:
            return self._memory_is_full or await self._others_wait()
        return False

    async def _others_wait(self) -> bool:
        """Whether another job does; as often as an idle drain asks, a busy one does too."""
        now = time.monotonic()
        if now - self._asked_for_others < BLOCK_MS / 1000:
            return False
        self._asked_for_others = now
        return bool(await self._jobs.llen(QUEUE_KEY))

    async def _is_paused(self) -> bool:
        return bool(await self._redis.exists(self._keys.pause))

    async def _dispatch(self, entries: Sequence[Entry], paused: bool) -> None:
        """paused: by another drain, while this one waited."""
        if not entries:
            return
        if paused:
            await self._reader.hand_back(entries)
            self._ending = True
            return
        entries = await self._without_withdrawn(entries)
        self._held.update(entry.id for entry in entries)
        for planned in plan(self._destination, entries, self._max_age, time.time()):
            if isinstance(planned, Attempt):
                self._settle_soon([planned])
            else:
                self._planned.append(planned)
        for _ in range(min(len(self._planned), self._in_flight - self._senders)):
            self._senders += 1
            self._start(self._send_planned())

    async def _without_withdrawn(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Those of `entries` whose visitors have not said no since; the others end here."""
        stopped = await withdrawn(self._redis, entries, self._stops)
        if not stopped:
            return entries
        await self._books.withhold(stopped)
        return [entry for entry in entries if entry not in stopped]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._error = error
        self._ending = True
        self._freed.set()

    async def _wait_for_tasks(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _send_planned(self) -> None:
        """Sends one request after the other, while some wait. As many of these run at once as
        there may be requests under way."""
        try:
            while self._planned and not self._ending:
                planned = self._planned.popleft()
                await self._wait_for_turn(len(planned[0]))
                if self._ending:
                    self._planned.appendleft(planned)
                else:
                    await self._deliver(*planned)
        finally:
            self._senders -= 1
            self._freed.set()

    async def _deliver(self, entries: Sequence[Entry], request: Request) -> None:
        attempts = await self._sender.send(entries, request)
        failed = self._judge(attempts)
        self._settle_soon(attempts)
        if failed is not None:
            made = await pause(self._redis, self._name, failed.reason, failed.retry_after)
            log.warning("%s is paused for %.0f s: %s", self._name, made.seconds, made.reason)
        elif self._probing:
            self._probing = False
            await resume(self._redis, self._name)

    async def _wait_for_turn(self, events: int) -> None:
        seconds = self._pace.wait(events, time.monotonic())
        if seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), seconds)

    def _settle_soon(self, attempts: Sequence[Attempt]) -> None:
        self._answered += attempts
        if not self._settling:
            self._settling = True
            self._start(self._settle_answered())

    async def _settle_answered(self) -> None:
        """Settles what has come back, and then what came back meanwhile. If Redis fails, what
        follows is settled nevertheless, or it would be sent again."""
        while self._answered:
            await asyncio.sleep(SETTLE_SECONDS)
            attempts, self._answered = self._answered, []
            try:
                await self._books.settle(attempts)
            except Exception as error:
                self._fail(error)
            else:
                for attempt in attempts:
                    self._release(attempt.entries)
        self._settling = False

    async def _hand_back_unsent(self) -> None:
        await self._reader.hand_back([entry for entries, _ in self._planned for entry in entries])

    def _release(self, entries: Sequence[Entry]) -> None:
        self._held.difference_update([entry.id for entry in entries])
        self._freed.set()

    def _judge(self, attempts: Sequence[Attempt]) -> Outcome | None:
        """The failure for which the destination has to be paused, if there is one."""
        outcomes = (outcome for attempt in attempts for outcome in attempt.outcomes)
        failed = next((o for o in outcomes if o.result == "retry" and o.scope in _ABOUT_ALL), None)
        if failed is None:
            self._failures = 0
            return None
        self._failures += 1
        if is_throttled(failed):
            self._pace.throttle()
        at_once = failed.scope == "configuration" or is_throttled(failed) or self._probing
        if self._pausing or not (at_once or self._failures >= FAILURES_BEFORE_PAUSE):
            return None
        self._pausing = True
        self.stop()
        return failed

    def _count(self, attempt: Attempt) -> None:
        self._books.count(attempt)
        self._watch(attempt)
