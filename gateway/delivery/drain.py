"""The drain: sends the events of one destination's stream until it is empty.

    read      entries that are due for a retry, then new ones, as many as the window takes; those
              of visitors who have withdrawn consent end here (`withdrawals`)
    plan      expired entries end here; the destination makes requests of the others
    send      up to `in_flight` requests at once; a refused batch comes back in halves
              (`sender_pool`)
    judge     the breaker says when to pause the destination (`breaker`, `pausing`); a response
              about the whole destination is confirmed with another event first (`trial`)
    settle    delivered, rejected and expired entries end, all whose results have arrived together
              in one step; the others stay pending (`settling`)
    poll      vendors that answer later are asked what became of earlier events (`polling`)

It ends when it is stopped, when the destination is paused, or when its time is over (`stay`). The
next drain takes what is left.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from redis.asyncio import Redis

from destinations.base import Outcome
from gateway.delivery.accounting import Accounting
from gateway.delivery.adaptive_rate import AdaptiveRate
from gateway.delivery.assignment import Assignment
from gateway.delivery.background import Background
from gateway.delivery.breaker import Breaker, Doubt, Resume, Trip, whole_failure
from gateway.delivery.daily_quota import DailyQuota
from gateway.delivery.doubts import (
    Doubts,
    hold_trial,
    resting,
    sent_alone,
    spend_try,
    split_by_verdict,
)
from gateway.delivery.pausing import Pausing
from gateway.delivery.policy import is_throttled, waits
from gateway.delivery.polling import BRIEF_SECONDS, Polling
from gateway.delivery.rate_notes import RateNotes
from gateway.delivery.reading_pace import ReadingPace
from gateway.delivery.send import Attempt, AttemptObserver, Result, Sender, Sent, highest_usage
from gateway.delivery.sender_pool import SenderPool
from gateway.delivery.settling import Settlement
from gateway.delivery.stay import Stay
from gateway.delivery.trial import Rest
from gateway.delivery.trim import bounds_of
from gateway.delivery.window import Window
from gateway.delivery.withdrawals import Withdrawals
from gateway.queue.entry import Entry
from gateway.queue.keys import Keys
from gateway.queue.lease import Lease
from gateway.queue.read import Reader, count_waiting
from gateway.queue.submitted import Tickets
from gateway.system.tasks import wait_for_event

BLOCK_MS = 250
LOOK_SECONDS = 1.0
WIND_DOWN_SECONDS = 30.0
MAX_READ = 500


class Drain:
    """One drain of one destination; `run` does all of the above, `stop` asks it to end soon.

    watch: called with every attempt. call_help: wakes another drain for this destination when its
    backlog is too long for one drain and `delivery.drains` allows more.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        assignment: Assignment,
        lease: Lease,
        stay: Stay,
        watch: AttemptObserver,
        call_help: Callable[[], Awaitable[object]],
    ) -> None:
        self._redis = redis
        self._assignment = assignment
        self._keys = keys.destination(assignment.name)
        self._lease = lease
        self._stay = stay
        self._watch = watch
        self._call_help = call_help
        self._reader = Reader(redis, self._keys, lease.holder)
        tickets = Tickets(redis, self._keys, lease.holder)
        self._accounting = Accounting(
            redis,
            self._keys,
            assignment.destination,
            self._reader,
            tickets,
            bounds_of(assignment.settings),
            assignment.reporting,
            dry_run=assignment.client is None,
        )
        self._withdrawals = Withdrawals(redis, keys, assignment.stops, self._accounting)
        self._breaker = Breaker()
        self._pausing = Pausing(
            redis, self._keys, assignment.name, self._breaker, assignment.destination.mask
        )
        self._rate = AdaptiveRate(assignment.settings)
        max_events = assignment.destination.limits.max_events
        self._rate_notes = RateNotes(redis, self._keys, self._rate, max_events)
        self._window = Window(assignment.window)
        self._wait = waits(assignment.settings.backoff)
        self._doubts = Doubts(self._reader, lease, self._wait, self._window, self._admit)
        self._background = Background(self._on_change)
        sender = Sender(
            assignment.destination,
            assignment.client,
            assignment.policy,
            self._count,
            assignment.is_erased,
            self._admit,
        )
        self._pool = SenderPool(
            sender, self._rate, self._breaker, self._background, self._take_answer
        )
        self._settlement = Settlement(self._accounting, self._background, self._window.release)
        self._polling = Polling(
            assignment.destination,
            assignment.client,
            self._reader,
            tickets,
            self._accounting,
            assignment.settings,
            self._trip,
        )
        self._pace = ReadingPace(assignment.linger)
        self._quota = DailyQuota(redis, keys, assignment, self._pace)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Ends the drain as soon as the requests under way have their responses."""
        self._stopped.set()
        self._window.notify()
        self._pool.stop()
        self._polling.stop()

    @property
    def _ending(self) -> bool:
        return self._stopped.is_set()

    async def run(self) -> None:
        """Drains. Raises what Redis raised; entries that have not ended stay pending."""
        try:
            await self._restore()
            await self._read_and_send()
        finally:
            self.stop()
            await self._background.wait()
            unsent = [*self._doubts.entries, *self._pool.unsent()]
            self._background.start(self._reader.hand_back(unsent))
            await self._background.wait()
        await self._write_notes()
        if self._background.error is not None:
            raise self._background.error

    async def _restore(self) -> None:
        """Takes over the state of the destination that earlier drains left in Redis."""
        await self._rate_notes.restore()
        self._doubts.restore(await self._pausing.restore())
        if self._breaker.state == "open":
            self.stop()

    async def _read_and_send(self) -> None:
        looked = 0.0
        while not self._ending:
            now = time.monotonic()
            if self._breaker.state == "doubting" and not self._pool.is_busy:
                await self._end_doubt()
                continue
            if now - looked >= LOOK_SECONDS:
                looked = now
                await self._look()
            if self._batch_size() == 0:
                await self._window.wait(LOOK_SECONDS)
                self._stay.has_worked()
            elif await self._read_new() != 0 or self._window.ids:
                self._stay.has_worked()
            if await self._stay.is_over(now):
                await self._wind_down()
                break

    async def _wind_down(self) -> None:
        """Completes what the next drain would have to repeat.

        Waits for the responses to the requests under way, but no longer than `WIND_DOWN_SECONDS`;
        halves refused batches until a part of each has a result; and ends a doubt.
        """
        self._pool.wind_down()
        until = time.monotonic() + WIND_DOWN_SECONDS
        while self._pool.is_busy and (left := until - time.monotonic()) > 0:
            await self._window.wait(left)
        if self._breaker.state == "doubting" and not self._pool.is_busy and not self._ending:
            await self._end_doubt()

    def _batch_size(self) -> int:
        """How many entries to read now."""
        return self._window.free(self._breaker.allowance(self._window.size), self._pool.is_waiting)

    async def _look(self) -> None:
        """The periodic work: lets the rate recover, reads entries that are due for a retry, asks
        for verdicts, writes counts and notes, and calls for help when the backlog is long."""
        self._rate.recover()
        others = await self._lease.others()
        due = await self._reader.due(self._wait, others, self._batch_size(), self._window.ids)
        await self._dispatch(due, bool(due) and await self._pausing.is_paused())
        self._background.start(self._polling.poll())
        await self._write_notes()
        await self._stay.look_at_memory()
        more_may_come = len(others) + 1 < self._assignment.settings.drains
        if more_may_come and await count_waiting(self._redis, self._keys) > 2 * self._window.size:
            await self._call_help()

    async def _write_notes(self) -> None:
        """Writes counts, the last failure and warning, and the notes of the rate; sets the pace by
        the daily quota."""
        await self._accounting.write_notes()
        await self._quota.heed(time.time())
        await self._rate_notes.write()

    async def _read_new(self) -> int | None:
        """Reads new entries and returns their number; None if it was not time to read."""
        await self._linger()
        size = min(self._batch_size(), MAX_READ)
        if size == 0 or self._ending or self._pace.wait(time.monotonic()) > 0:
            return None
        entries, paused = await self._reader.new(size, BLOCK_MS)
        if entries:
            self._pace.has_read(len(entries), size, time.monotonic())
        await self._dispatch(entries, paused)
        return len(entries)

    async def _linger(self) -> None:
        """Waits until it is time to read, or to look, or the drain is stopped."""
        seconds = min(self._pace.wait(time.monotonic()), LOOK_SECONDS)
        if seconds > 0:
            await wait_for_event(self._stopped, seconds)

    async def _dispatch(self, entries: Sequence[Entry], paused: bool) -> None:
        """Has `entries` sent. paused: another drain paused the destination while this one read, so
        the entries are handed back and the drain stops."""
        if not entries:
            return
        if paused:
            await self._reader.hand_back(entries)
            self.stop()
            return
        self._put(await self._admit(entries))

    def _put(self, entries: Sequence[Entry]) -> None:
        """Has `entries` sent; those that cannot be sent end here."""
        self._settlement.add(self._pool.put(entries))

    async def _admit(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Adds `entries` to the window and returns them, without those that withdrawn consent
        ends."""
        left = await self._withdrawals.withhold(entries)
        self._window.add(left)
        if len(left) < len(entries):
            kept = {entry.id for entry in left}
            self._window.drop(entry for entry in entries if entry.id not in kept)
        return left

    def _count(self, attempt: Attempt) -> None:
        self._accounting.count(attempt)
        self._quota.count()
        self._watch(attempt)

    def _take_answer(self, sent: Sent) -> None:
        """Queues the results for settling, and carries out what the breaker says."""
        results = sent.results
        failure = whole_failure(results)
        self._adapt_rate(results, failure)
        is_probe = self._breaker.state == "probing"
        advice = self._breaker.judge(failure, sent.is_answered)
        if isinstance(advice, Doubt):
            self._settlement.add(self._doubts.add(results))
            self._window.notify()
            return
        self._settlement.add([*map(spend_try, results)] if is_probe else results)
        if isinstance(advice, Trip):
            self._trip(advice, sent_alone(split_by_verdict(results)[0]))
        elif isinstance(advice, Resume):
            self._background.start(self._pausing.resume())

    def _adapt_rate(self, results: Sequence[Result], failure: Outcome | None) -> None:
        """Adapts the rate to the vendor's response."""
        if failure is not None and is_throttled(failure):
            self._rate.throttle()
        usage = highest_usage(results)
        if usage is not None:
            self._rate.heed(usage)

    async def _end_doubt(self) -> None:
        """Holds a trial: finds out whether the destination or the suspects are to blame."""
        trial = await self._doubts.open_trial()
        if not trial.suspects:
            self._breaker.end_doubt(proven=False)
            return
        others = await self._doubts.read_others(self._pool.take_unsent())
        end = await hold_trial(
            trial, others, self._send_now, self._settlement.add, lambda: not self._ending
        )
        if isinstance(end, Rest):
            await self._polling.poll(BRIEF_SECONDS)
            self.stop()
            await self._pausing.note_suspects(trial.single_suspects)
            await self._reader.hand_back(resting(trial.suspects))
            return
        if isinstance(end, Trip):
            self._breaker.pause()
            await self._pausing.pause(end, trial.single_suspects)
            await self._polling.poll(BRIEF_SECONDS)
            self.stop()
        elif not self._ending:
            self._breaker.end_doubt(trial.is_proven)
            if trial.is_proven:
                await self._pausing.resume()
        left = [*trial.suspects, *others]
        self._put(left if self._ending else await self._admit(left))

    async def _send_now(self, entries: Sequence[Entry]) -> list[Result]:
        results = await self._pool.send_now(await self._admit(entries))
        self._adapt_rate(results, whole_failure(results))
        return results

    def _trip(self, trip: Trip, suspects: Sequence[bytes] = ()) -> None:
        self.stop()
        self._background.start(self._pausing.pause(trip, suspects))

    def _on_change(self) -> None:
        if self._background.error is not None:
            self.stop()
        self._window.notify()
