"""Append: decisions become entries of the destinations' streams, in one atomic step.

A request with very many entries is appended in several steps, so that other requests get their
turns in between. The entries of one event are always added in one step.

On a cluster there is one such step for each destination, all at once. Once they are confirmed, one
more step writes the gateway's own keys: an event enters or leaves the quarantine only after it is
counted everywhere. After a failure the sender repeats the whole request; events that a destination
has already taken are recognised by their marks. The same holds for requests that were refused in
part.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Self

import orjson
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from gateway.configuration.settings import Settings
from gateway.pipeline.decision import Decision
from gateway.queue.admission import HOLD_FULL, Full, admit, are_trusted, withhold_held
from gateway.queue.append_batch import AppendBatch
from gateway.queue.append_plan import parts_of, plan_of
from gateway.queue.bounds import ALL_MEMORY, HOLD, OPEN, Closed, share_of
from gateway.queue.commits import KEEP_SECONDS, Commit, Series
from gateway.queue.counting import reason_of
from gateway.queue.feed import Feeding
from gateway.queue.group_commit import GroupCommit
from gateway.queue.held_release import NOTHING, Release, Undecided, Waited
from gateway.queue.keys import WAKE_MARK_MS, Keys
from gateway.queue.marks import MIN_WINDOW, PARTS, WITHDRAWAL_SECONDS, window_of
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.scripts import script
from gateway.queue.wake_marks import lengthen_marks
from gateway.redis_client.connect import RedisError, is_cluster

log = logging.getLogger(__name__)

MAX_WAIT = 2.0
"""Seconds that a request waits for its commit to begin. With the time-out of the connection, this
bounds the time to an answer when Redis hangs."""

MAX_STEP = 4_000
"""Maximum number of entries in one step of a divided request. They take Redis 20 ms."""

WINDOW = 0.004
"""Maximum number of seconds that a commit waits for more requests, under load."""

QueueJobs = Callable[[Sequence[str]], Coroutine[Any, Any, int | None]]
"""Queues a job for each of the destinations named. Returns the milliseconds that their wake marks
should live, None to leave the marks as they are."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What Redis remembers of events and visitors, and for how long."""

    dedupe: int = 0
    """Seconds during which a destination takes an event only once; 0 for no such limit."""
    hold: tuple[int, int] = (0, 0)
    """Seconds for which an event waits for consent, and how many events of one page may wait."""
    withdrawal: int = 0
    """Seconds for which a denial stops events that were appended before it; 0 for not at all."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        hold = settings.consent.hold
        return cls(
            settings.dedupe_window,
            (hold.seconds, hold.most_events) if hold else (0, 0),
            WITHDRAWAL_SECONDS if settings.consent.withdrawals else 0,
        )


NO_RETENTION = Retention()

TOO_MANY = reason_of("hold", "too many held")
"""The reason of an event that cannot be held since too many of its page are."""


class Appender:
    """Appends decisions in group commits and wakes destinations that have no drain.

    queue_jobs: called after an append, which does not wait for it; if it fails, the sweep finds
    the events. feeding: how the ledger learns of the decisions; None without one.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        pending_counts: PendingCounts,
        queue_jobs: QueueJobs,
        retention: Retention = NO_RETENTION,
        feeding: Feeding | None = None,
    ) -> None:
        self._redis = redis
        self.keys = keys
        self._script = redis.register_script(script("append", "letters", "feed", "counting"))
        # encoded once: redis-py would encode them for each commit
        self._own = _encoded(keys.own)
        self._keys_of = cache(lambda destination: _encoded(keys.destination(destination).appended))
        self._feed_of = cache(lambda name: _encoded(keys.destination(name).in_place_of_own))
        self._pending_counts = pending_counts
        self._queue_jobs = queue_jobs
        self._retention = retention
        self._in_parts = is_cluster(redis)
        self._feeding = feeding
        self._marks_all = bool(retention.dedupe) or self._in_parts
        self._marks_until = 0.0
        self._window = window_of(retention.dedupe, self._in_parts)
        self._series = Series()
        self._commits = GroupCommit(
            self._commit,
            weigh=attrgetter("weight"),
            size=attrgetter("size"),
            longest_wait=MAX_WAIT,
            window=WINDOW,
        )
        self._waking: set[asyncio.Task[None]] = set()
        self._closed = OPEN

    @property
    def closed(self) -> Closed:
        """What is closed, and to which senders."""
        return self._closed

    @closed.setter
    def closed(self, closed: Closed) -> None:
        if closed.destinations:
            self._marks_until = time.monotonic() + MIN_WINDOW
        self._closed = closed

    async def append(self, decisions: list[Decision]) -> bool:
        """Returns once the events of `decisions` are durable at every destination, and counted. The
        result is whether events are held for which `decisions` state consent.

        An event that a destination took within the last `Retention.dedupe` seconds (on a cluster
        at least `MIN_WINDOW`) is only counted there as repeated. Raises a redis-py error when it is
        not certain that the events are durable, `Overloaded` when too much waits, `Full` when a
        limit was reached, and TypeError when an event cannot be represented in JSON.

        `Full` may come after a part was appended, as `gateway.queue.admission` says, and so may the
        other errors where `decisions` are divided.
        """
        return await self.submit(self._commits, decisions, self._closed)

    async def submit(
        self, commits: GroupCommit[AppendBatch], decisions: Sequence[Decision], closed: Closed
    ) -> bool:
        """Appends `decisions` through `commits`, as `append` does."""
        share = share_of(are_trusted(decisions))
        batches, refused = self._admit(decisions, closed)
        for batch in batches:
            await commits.submit(batch, share)
        awaited = any(batch.awaited for batch in batches)
        if refused is not None:
            refused.awaited = awaited
            raise refused
        return awaited

    def _admit(
        self, decisions: Sequence[Decision], closed: Closed
    ) -> tuple[list[AppendBatch], Full | None]:
        """The batches of what can be appended of `decisions`, and the `Full` to raise afterwards,
        if any. Raises `Full` when nothing can be appended, and TypeError as `append` does."""
        if not closed.untrusted:  # then nothing is closed to anyone
            return self._batches_of(decisions), None
        reasons = closed.to(are_trusted(decisions))
        if HOLD in reasons and (withheld := withhold_held(decisions, reasons[HOLD])):
            self._pending_counts.add(HOLD_FULL, withheld)
        admission = admit(decisions, reasons)
        if admission.refused is None:
            return self._batches_of(decisions), None
        batches = []
        for part in self._parts(admission.decisions):
            batch = AppendBatch(part, marked=True, feeding=self._feeding)
            batch.renewed = [*range(1, len(batch.payloads) + 1)]
            batches.append(batch)
        return batches, admission.refused

    def _batches_of(self, decisions: Sequence[Decision]) -> list[AppendBatch]:
        return [self.batch_of(part) for part in self._parts(decisions)]

    def _parts(self, decisions: Sequence[Decision]) -> list[Sequence[Decision]]:
        """`decisions`, divided if they have very many entries.

        When a later part fails, the sender repeats them all. So the decisions of a trusted sender
        are divided only if each would be recognised as repeated. Those of other senders are always
        divided: a stranger must not keep Redis busy for long.
        """
        if len(decisions) <= 1 or len(decisions) * len(decisions[0].verdicts) <= MAX_STEP:
            return [decisions]
        if self._in_parts:  # each destination has a step of its own
            return [decisions]
        if are_trusted(decisions) and not self._recognises(decisions):
            return [decisions]
        most = max(1, MAX_STEP // len(decisions[0].verdicts))
        return [decisions[at : at + most] for at in range(0, len(decisions), most)]

    def _recognises(self, decisions: Sequence[Decision]) -> bool:
        return (
            self._marks_all
            and self._window >= MIN_WINDOW
            and all(decision.has_own_id for decision in decisions)
        )

    def batch_of(self, decisions: Sequence[Decision]) -> AppendBatch:
        """The batch of `decisions`. Raises TypeError as `append` does."""
        marked = self._marks_all
        if self._marks_until and not marked:
            # events that were refused in part are repeated
            marked = time.monotonic() < self._marks_until
        return AppendBatch(decisions, marked, self._feeding)

    def refuse_if_full(self, batch: AppendBatch) -> None:
        """Raises `Full` when the memory of Redis or a destination of `batch` has reached its limit.
        batch: made by an operator."""
        for name, reason in self._closed.trusted.items():
            if name == ALL_MEMORY or name in batch.sent:
                raise Full(reason)

    async def write(self, group: list[AppendBatch], commits: Sequence[Commit] = ()) -> None:
        """Appends `group` at once, whatever else is being committed: all or none, on a cluster for
        each destination. Raises a redis-py error when that is not certain.

        commits: this commit, and an earlier one that may have appended, or may still append, all
        that the series of this commit brings (`group` may be a part of it). Redis carries out
        either the earlier commit or those of this series.
        """
        await self._write(group, commits)

    async def flush_counts(self) -> None:
        """Writes the pending counts, for times without events."""
        if self._pending_counts:
            await self._commits.submit(AppendBatch())

    async def wait_for_wake_ups(self) -> None:
        """Returns once the destinations of all appends so far have been woken."""
        await asyncio.gather(*self._waking)

    async def release(
        self,
        decisions: list[Decision],
        waited: Sequence[Waited],
        release: Release,
        undecided: Undecided = NOTHING,
    ) -> bool:
        """Appends `decisions` in place of the held events that they are about. Returns False, and
        does nothing, when these have been released already or their page has stated something
        since.

        waited: one for each destination of each event. undecided: further held events, which end
        without a decision.
        """
        batch = self.batch_of(decisions)
        batch.said, batch.denied = {}, {}
        for name, day in undecided.waited:
            batch.withheld.setdefault(name, Counter())[day, undecided.reason] += 1
        for name, day in (*waited, *undecided.waited):
            batch.held.setdefault(name, Counter())[day] -= 1
        return await self._write([batch], release=release, unanswered=undecided.record)

    async def _commit(self, group: list[AppendBatch]) -> None:
        may_repeat = self._in_parts  # as `_append_part` does
        await self._write(group, [self._series.next()] if may_repeat else ())

    async def _write(
        self,
        group: list[AppendBatch],
        commits: Sequence[Commit] = (),
        release: Release | None = None,
        unanswered: bytes = b"",
    ) -> bool:
        if self._in_parts:
            parts, group = parts_of(group)
            await _all_of(self._append_part(part, commits) for part in parts)
            if parts and not group:  # the counts can wait: a flush has no parts
                return True
        counts = self._pending_counts.take()
        try:
            appended = await self._append(group, commits, self._own, counts, release, unanswered)
        except BaseException:
            self._pending_counts.put_back(counts)
            raise
        if not appended:
            self._pending_counts.put_back(counts)
        return appended

    async def _append_part(self, part: list[AppendBatch], commits: Sequence[Commit]) -> None:
        try:
            await self._append(part, commits)
        except RedisConnectionError:  # perhaps a stale connection
            await self._append(part, commits)

    async def _append(
        self,
        group: list[AppendBatch],
        commits: Sequence[Commit],
        own: Sequence[bytes] | None = None,
        counts: Mapping[str, int] | None = None,
        release: Release | None = None,
        unanswered: bytes = b"",
    ) -> bool:
        """Appends `group` in one step. own: the gateway's own keys; None for a part of one
        destination. Returns as `release` does."""
        destinations, payloads, plan = plan_of(group)
        alone = destinations[0] if own is None else ""
        plan |= {
            "commits": commits,
            "commits_kept": KEEP_SECONDS,
            "counters": counts or {},
            "mark_ms": WAKE_MARK_MS,
            "window": self._window,
            "hold": (1000 * self._retention.hold[0], self._retention.hold[1], TOO_MANY),
            "parts": PARTS,
            "withdrawn_ms": 1000 * self._retention.withdrawal,
            "release": release and release.plan(len(payloads) + 1),
            "feed_bytes": self._feeding.most if self._feeding else 0,
            "unanswered": len(payloads) + 2 if release and unanswered else 0,
            "alone": alone,
            "unmarked": [
                place for place, name in enumerate(destinations, 1) if name in self._closed.unmarked
            ],
        }
        keys = [key for name in destinations for key in self._keys_of(name)]
        first = [release.first, unanswered] if release else []
        keys += self._feed_of(alone) if own is None else own
        written = await self._script(keys, [orjson.dumps(plan), *payloads, *first])
        if written is None:
            return False
        asleep, awaited = written
        if awaited:
            pages = {page.decode() for page in awaited}
            for batch in group:
                batch.awaited = not pages.isdisjoint(batch.said)
        if asleep:
            task = asyncio.create_task(self._wake_up([destinations[at - 1] for at in asleep]))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)
        return True

    async def _wake_up(self, destinations: list[str]) -> None:
        try:
            if mark_ms := await self._queue_jobs(destinations):
                marks = [self.keys.destination(name).wake for name in destinations]
                await lengthen_marks(self._redis, marks, mark_ms)
        except RedisError as error:
            log.warning("could not queue a job; the sweep will queue it: %s", type(error).__name__)


def _encoded(keys: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(key.encode() for key in keys)


async def _all_of(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all `steps`, then raises the error of the first that failed."""
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
