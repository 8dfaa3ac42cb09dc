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
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from destinations.base import Destination, Outcome, Request
from gateway.delivery.lease import Lease
from gateway.delivery.pause import current_pause, is_probing, pause, resume
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE, DeliverySettings, waits
from gateway.delivery.send import Attempt, Sender, Watch, plan
from gateway.delivery.wake import QUEUE_KEY
from gateway.http.client import Client
from gateway.queue.entry import Entry, encode_dead_letter
from gateway.queue.keys import DestinationKeys
from gateway.queue.read import Reader
from gateway.queue.settle import Ending, Settler
from gateway.queue.tally import DELIVERY, Tally

log = logging.getLogger(__name__)

BLOCK_MS = 250
LOOK_SECONDS = 1.0
LONGEST_READ = 500


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a drain stays, in seconds.

    idle: without work, while no other job waits. busy: with work, while another job waits.
    longest: in any case; RQ ends jobs that take longer than `wake.JOB_SECONDS`.
    """

    idle: float = 60.0
    busy: float = 2.0
    longest: float = 300.0


class Drain:
    """One drain of one destination; `run` does all of the above, `stop` asks it to end soon.

    client: None for a dry run. watch: is told of every attempt. call_help: wakes another drain
    for this destination, when it has too much for one and may have several.
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
    ) -> None:
        self._redis, self._name, self._destination = redis, name, destination
        self._settings, self._lease, self._patience = settings, lease, patience
        self._watch, self._call_help = watch, call_help
        self._stream = DestinationKeys.of(name).stream
        self._reader = Reader(redis, name, lease.holder)
        self._waits = waits(settings.backoff)
        self._tally = Tally()
        self._settler = Settler(redis, name, self._tally)
        limits = destination.limits
        self._max_age = timedelta(seconds=settings.max_age) if settings.max_age else limits.max_age
        self._sender = Sender(destination, client, settings.tries, self._max_age, self._count)
        self._window = min(max(4 * settings.in_flight, 2 * limits.max_events), 4000)
        self._slots = asyncio.Semaphore(settings.in_flight)
        self._sending: set[asyncio.Task[None]] = set()
        self._held = 0
        self._failures = 0
        self._probing = False
        self._ending = False
        self._error: BaseException | None = None

    def stop(self) -> None:
        """Ends the drain as soon as the requests under way have their answers."""
        self._ending = True

    async def run(self) -> None:
        """Drains. Raises what Redis raised, with the entries left pending."""
        started = last_work = time.monotonic()
        looked = 0.0
        self._probing = await is_probing(self._redis, self._name)
        self._ending = self._ending or await current_pause(self._redis, self._name) is not None
        while not self._ending:
            now = time.monotonic()
            if self._room() == 0:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
                continue
            if now - looked >= LOOK_SECONDS:
                looked = now
                await self._look()
            if await self._read_new():
                last_work = time.monotonic()
            elif self._held:
                last_work = now
            if await self._has_had_its_time(now - started, now - last_work):
                break
        self._ending = True
        if self._sending:
            await asyncio.wait(self._sending)
        await self._settler.settle([])
        if self._error is not None:
            raise self._error

    def _room(self) -> int:
        if self._probing:
            return 0 if self._held else 1
        return max(0, self._window - self._held)

    async def _look(self) -> None:
        """What is done now and then: entries whose retry is due, and counts without endings."""
        others = await self._lease.others()
        self._dispatch(await self._reader.due(self._waits, others, self._room()))
        await self._settler.settle([])
        more_may_come = len(others) + 1 < self._settings.drains
        if more_may_come and await self._redis.xlen(self._stream) > 2 * self._window:
            await self._call_help()

    async def _read_new(self) -> int:
        room = min(self._room(), LONGEST_READ)
        entries = await self._reader.new(room, BLOCK_MS) if room else []
        self._dispatch(entries)
        return len(entries)

    async def _has_had_its_time(self, age: float, idle: float) -> bool:
        patience = self._patience
        if age > patience.longest or idle > patience.idle:
            return True
        if idle > 0 or age > patience.busy:
            return bool(await self._redis.llen(QUEUE_KEY))
        return False

    def _dispatch(self, entries: Sequence[Entry]) -> None:
        self._held += len(entries)
        for planned in plan(self._destination, entries, self._max_age, time.time()):
            if isinstance(planned, Attempt):
                self._start(self._finish([planned]))
            else:
                self._start(self._deliver(*planned))

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
            if self._ending:
                await self._reader.hand_back(entries)
                self._held -= len(entries)
                return
            attempts = await self._sender.send(entries, request)
        await self._finish(attempts)

    async def _finish(self, attempts: Sequence[Attempt]) -> None:
        """Settles what has ended, hands back what the vendor asked to wait with, and leaves
        pending what failed."""
        endings: list[Ending] = []
        to_hand_back: list[Entry] = []
        for attempt in attempts:
            for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True):
                if outcome.result != "retry":
                    endings.append(self._ending_of(entry, outcome, attempt))
                elif outcome.retry_after is not None:
                    to_hand_back.append(entry)
        if endings:
            await self._settler.settle(endings)
        if to_hand_back:
            await self._reader.hand_back(to_hand_back)
        self._held -= sum(len(attempt.entries) for attempt in attempts)
        for attempt in attempts:
            await self._judge_destination(attempt.outcomes)

    def _ending_of(self, entry: Entry, outcome: Outcome, attempt: Attempt) -> Ending:
        if outcome.result == "delivered":
            DELIVERY.observe(self._tally, max(0.0, time.time() - entry.received_at))
            return Ending(entry.id, outcome.result)
        answer = attempt.response
        response = (
            {"status": answer.status, "body": answer.body[:2000].decode(errors="replace")}
            if answer
            else None
        )
        letter = encode_dead_letter(
            entry, outcome.result, outcome.reason, attempt.sent_at, response
        )
        return Ending(entry.id, outcome.result, letter)

    async def _judge_destination(self, outcomes: Sequence[Outcome]) -> None:
        """Pauses the destination when it fails as a whole, and notes when it works again."""
        failed = next(
            (o for o in outcomes if o.result == "retry" and o.scope == "destination"), None
        )
        if failed is None:
            self._failures = 0
            if self._probing:
                self._probing = False
                await resume(self._redis, self._name)
            return
        self._failures += 1
        if self._ending:
            return
        if self._probing or failed.retry_after or self._failures >= FAILURES_BEFORE_PAUSE:
            self._ending = True
            made = await pause(self._redis, self._name, failed.reason, failed.retry_after)
            log.warning("%s is paused for %.0f s: %s", self._name, made.seconds, made.reason)

    def _count(self, attempt: Attempt) -> None:
        results = {outcome.result for outcome in attempt.outcomes}
        self._tally.add(f"attempts:{results.pop() if len(results) == 1 else 'partial'}")
        self._watch(attempt)
