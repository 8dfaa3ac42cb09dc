"""The drain: empties one destination's stream, as long as there is something to do.

    read      entries whose retry is due, then new ones, as many as there is room for
    plan      expired ones end here; the destination makes requests of the others
    send      up to `in_flight` requests at once
    settle    delivered, rejected and expired entries end; the others stay pending

It ends when it is told to, when the destination is paused, or when it has had its time. What is
left then is the next drain's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from destinations.base import Destination, Outcome, Request
from gateway.delivery.lease import Lease
from gateway.delivery.memory import is_full, write_note
from gateway.delivery.pace import Pace
from gateway.delivery.pause import is_probing, pause, resume
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE, DeliverySettings, deadline, waits
from gateway.delivery.send import Attempt, Sender, Watch, plan, response_record
from gateway.delivery.wake import QUEUE_KEY
from gateway.http.client import Client
from gateway.queue.entry import Entry, encode_dead_letter
from gateway.queue.keys import DestinationKeys
from gateway.queue.late import withdrawn
from gateway.queue.read import Reader
from gateway.queue.settle import Ending, Settler
from gateway.queue.tally import DELIVERY, Tally

log = logging.getLogger(__name__)

BLOCK_MS = 250
LOOK_SECONDS = 1.0
LONGEST_READ = 500
SHARE = "share"
"""Field of the counts: thousandths of the configured pace."""

_ABOUT_ALL = ("destination", "configuration")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a drain stays, in seconds.

    idle: without work, while no other job waits. busy: with work, while another job waits.
    longest: in any case; RQ ends jobs that take longer than `wake.JOB_SECONDS`. When memory is
    full, nobody can queue a job, so another one may be wanted at any time.
    """

    idle: float = 60.0
    busy: float = 2.0
    longest: float = 300.0


class Drain:
    """One drain of one destination; `run` does all of the above, `stop` asks it to end soon.

    client: None for a dry run. watch: is told of every attempt. call_help: wakes another drain
    for this destination, when it has too much for one and may have several. stops: consent types
    whose denial also stops events that came before it.
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
    ) -> None:
        self._redis, self._name, self._destination = redis, name, destination
        self._settings, self._lease, self._patience = settings, lease, patience
        self._stops = stops
        self._watch, self._call_help = watch, call_help
        self._keys = DestinationKeys.of(name)
        self._reader = Reader(redis, name, lease.holder)
        self._waits = waits(settings.backoff)
        self._tally = Tally()
        self._settler = Settler(redis, name, self._tally)
        self._max_age = deadline(settings, destination.limits)
        give_up = settings.on_ambiguous == "give_up"
        self._sender = Sender(
            destination, client, settings.tries, self._max_age, self._count, give_up
        )
        self._pace = Pace(settings)
        self._window = min(max(4 * settings.in_flight, 2 * destination.limits.max_events), 4000)
        self._slots = asyncio.Semaphore(settings.in_flight)  # `run` knows the pace
        self._sending: set[asyncio.Task[None]] = set()
        self._held: set[bytes] = set()
        self._failures = 0
        self._probing = False
        self._ending = False
        self._stopped = asyncio.Event()
        self._pausing = False
        self._was_slow = False
        self._memory_is_full = False
        self._error: BaseException | None = None
        self._last_failure: dict[str, Any] | None = None

    def stop(self) -> None:
        """Ends the drain as soon as the requests under way have their answers."""
        self._ending = True
        self._stopped.set()
        self._sender.stop()

    async def run(self) -> None:
        """Drains. Raises what Redis raised, with the entries left pending."""
        try:
            await self._read_and_send()
        finally:
            self.stop()
            if self._sending:
                await asyncio.wait(self._sending)
        await self._write_notes()
        if self._error is not None:
            raise self._error

    async def _read_and_send(self) -> None:
        started = last_work = time.monotonic()
        looked = 0.0
        self._probing = await is_probing(self._redis, self._name)
        share = await self._redis.hget(self._keys.counts, SHARE)
        self._pace = Pace(self._settings, int(share or 1000) / 1000)
        self._slots = asyncio.Semaphore(self._pace.in_flight)
        self._ending = self._ending or bool(await self._redis.exists(self._keys.pause))
        while not self._ending:
            now = time.monotonic()
            if self._room() == 0:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
                continue
            if now - looked >= LOOK_SECONDS:
                looked = now
                await self._look()
            if await self._read_new() or self._held:
                last_work = time.monotonic()
            if await self._has_had_its_time(now - started, now - last_work):
                break

    def _room(self) -> int:
        if self._probing:
            return 0 if self._held else 1
        return max(0, self._window - len(self._held))

    async def _look(self) -> None:
        """What is done now and then: entries whose retry is due, and counts without endings."""
        others = await self._lease.others()
        await self._dispatch(await self._reader.due(self._waits, others, self._room(), self._held))
        await self._write_notes()
        self._memory_is_full = await is_full(self._redis)
        more_may_come = len(others) + 1 < self._settings.drains
        if more_may_come and await self._redis.xlen(self._keys.stream) > 2 * self._window:
            await self._call_help()

    async def _write_notes(self) -> None:
        """Counts that belong to no ending, the pace, and the last failure."""
        await self._settler.settle([])
        self._pace.recover()
        if self._pace.share < 1 or self._was_slow:
            self._was_slow = self._pace.share < 1
            share = int(self._pace.share * 1000)
            await write_note(self._redis, "HSET", self._keys.counts, SHARE, share)
        if self._last_failure is not None:
            failure, self._last_failure = self._last_failure, None
            await write_note(self._redis, "SET", self._keys.error, orjson.dumps(failure))

    async def _read_new(self) -> int:
        room = min(self._room(), LONGEST_READ)
        entries = await self._reader.new(room, BLOCK_MS) if room else []
        await self._dispatch(entries)
        return len(entries)

    async def _has_had_its_time(self, age: float, idle: float) -> bool:
        patience = self._patience
        if age > patience.longest or idle > patience.idle:
            return True
        if idle > 0 or age > patience.busy:
            return self._memory_is_full or bool(await self._redis.llen(QUEUE_KEY))
        return False

    async def _dispatch(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        if await self._redis.exists(self._keys.pause):  # by another drain, while this one waited
            await self._reader.hand_back(entries)
            self._ending = True
            return
        entries = await self._without_withdrawn(entries)
        self._held.update(entry.id for entry in entries)
        for planned in plan(self._destination, entries, self._max_age, time.time()):
            if isinstance(planned, Attempt):
                self._start(self._finish([planned]))
            else:
                self._start(self._deliver(*planned))

    async def _without_withdrawn(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Those of `entries` whose visitors have not said no since; the others end here."""
        stopped = await withdrawn(self._redis, entries, self._stops)
        if not stopped:
            return entries
        await self._settler.settle([Ending(entry.id, "withheld") for entry in stopped])
        return [entry for entry in entries if entry not in stopped]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._error = task.exception()
            self._ending = True

    async def _deliver(self, entries: Sequence[Entry], request: Request) -> None:
        async with self._slots:
            await self._wait_for_turn(len(entries))
            if self._ending:
                await self._reader.hand_back(entries)
                self._release(entries)
                return
            attempts = await self._sender.send(entries, request)
            failed = self._judge(attempts)  # before the slot is free for another request
        await self._finish(attempts)
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

    async def _finish(self, attempts: Sequence[Attempt]) -> None:
        """Settles what has ended, hands back what the vendor throttled, and leaves pending what
        failed."""
        endings: list[Ending] = []
        throttled: list[Entry] = []
        for attempt in attempts:
            for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True):
                if outcome.result != "retry":
                    endings.append(self._ending_of(entry, outcome, attempt))
                elif outcome.scope == "configuration" or _is_throttled(outcome):
                    throttled.append(entry)
        if endings:
            await self._settler.settle(endings)
        if throttled:
            await self._reader.hand_back(throttled)
        for attempt in attempts:
            self._release(attempt.entries)

    def _release(self, entries: Sequence[Entry]) -> None:
        self._held.difference_update(entry.id for entry in entries)

    def _ending_of(self, entry: Entry, outcome: Outcome, attempt: Attempt) -> Ending:
        if outcome.result == "delivered":
            DELIVERY.observe(self._tally, max(0.0, time.time() - entry.received_at))
            return Ending(entry.id, outcome.result)
        response = response_record(self._destination, attempt.response)
        reason = self._destination.mask(outcome.reason)
        letter = encode_dead_letter(entry, outcome.result, reason, attempt.sent_at, response)
        return Ending(entry.id, outcome.result, letter)

    def _judge(self, attempts: Sequence[Attempt]) -> Outcome | None:
        """The failure for which the destination has to be paused, if there is one."""
        outcomes = [outcome for attempt in attempts for outcome in attempt.outcomes]
        failed = next((o for o in outcomes if o.result == "retry" and o.scope in _ABOUT_ALL), None)
        if failed is None:
            self._failures = 0
            return None
        self._failures += 1
        if _is_throttled(failed):
            self._pace.throttle()
        at_once = failed.scope == "configuration" or _is_throttled(failed) or self._probing
        if self._pausing or not (at_once or self._failures >= FAILURES_BEFORE_PAUSE):
            return None
        self._pausing = True
        self.stop()
        return failed

    def _count(self, attempt: Attempt) -> None:
        results = {outcome.result for outcome in attempt.outcomes}
        self._tally.add(f"attempts:{results.pop() if len(results) == 1 else 'partial'}")
        for outcome in attempt.outcomes:
            if outcome.result != "delivered":
                reason = self._destination.mask(outcome.reason)
                self._last_failure = {"at": attempt.sent_at, "reason": reason}
        self._watch(attempt)


def _is_throttled(outcome: Outcome) -> bool:
    return outcome.scope == "destination" and outcome.retry_after is not None
