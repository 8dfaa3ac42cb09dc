"""Accounting: counts the outcomes of one destination's events and stores the counts in Redis."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from destinations.base import Destination, Outcome, Response
from gateway.delivery.planning import Ended
from gateway.delivery.policy import takes_nothing_now
from gateway.delivery.send import Attempt, Result, response_record
from gateway.delivery.warnings import warning_words
from gateway.queue.counting import ERASED, reason_of
from gateway.queue.drain_notes import write_failure, write_warning
from gateway.queue.entry import Entry, encode_dead_letter
from gateway.queue.feed import WITH_WARNINGS, Fate
from gateway.queue.keys import DestinationKeys
from gateway.queue.pending_counts import DELIVERY, PendingCounts
from gateway.queue.read import Reader
from gateway.queue.settle import Bounds, Ending, Reporting, Settler

MAX_WORDS = 500
"""Characters of a vendor's words that the ledger keeps."""

TEST = "sent as a test"
WITHDRAWN = "the visitor withdrew consent before it was sent"


class Accounting:
    """The accounting of one drain. Its methods that write raise what Redis raised."""

    def __init__(
        self,
        redis: Redis,
        keys: DestinationKeys,
        destination: Destination[Any],
        reader: Reader,
        bounds: Bounds,
        reporting: Reporting | None = None,
        dry_run: bool = False,
    ) -> None:
        """reporting: how the ledger learns what became of the events, if there is one."""
        self._redis = redis
        self._keys = keys
        self._destination = destination
        self._reader = reader
        self._pending_counts = PendingCounts()
        self._settler = Settler(redis, keys, self._pending_counts, bounds, reporting)
        self._reports = reporting is not None
        self._delivered = "dry run" if dry_run else "delivered"
        self._last_failure: tuple[float, str] | None = None
        self._last_warning: tuple[float, str] | None = None

    def count(self, attempt: Attempt) -> None:
        """Counts an attempt, whether it is the last one for its entries or not."""
        results = {outcome.result for outcome in attempt.outcomes}
        self._pending_counts.add(f"attempts:{results.pop() if len(results) == 1 else 'partial'}")
        failed = [outcome for outcome in attempt.outcomes if outcome.result != "delivered"]
        if failed:
            self._last_failure = attempt.sent_at, self._destination.mask(failed[-1].reason)
        for outcome in attempt.outcomes:
            if outcome.warnings:
                self._last_warning = attempt.sent_at, warning_words(outcome)
                break

    async def settle(self, results: Sequence[Result]) -> None:
        """Ends the entries of `results` that have ended, hands back what the vendor throttled,
        and leaves pending what failed."""
        endings: list[Ending] = []
        fates: list[Fate] = []
        throttled: list[Entry] = []
        now = time.time()
        for result in results:
            if isinstance(result, Ended) and result.withheld:
                endings.append(_withheld(result.entry, ERASED))
                self._tell(fates, result.entry, result.outcome, result.at, None, "withheld")
                continue
            if isinstance(result, Ended):
                endings.append(self._dead(result.entry, result.outcome, result.at, None))
                self._tell(fates, result.entry, result.outcome, result.at, None)
                continue
            for entry, outcome in zip(result.entries, result.outcomes, strict=True):
                self._tell(fates, entry, outcome, result.sent_at, result)
                if outcome.result == "delivered":
                    DELIVERY.observe(self._pending_counts, max(0.0, now - entry.received_at))
                    ended = "warned" if outcome.warnings else "delivered"
                    known = entry.size, entry.received_at
                    endings.append(Ending(entry.id, ended, b"", True, *known, again=entry.again))
                elif outcome.result != "retry":
                    endings.append(self._dead(entry, outcome, result.sent_at, result.response))
                elif takes_nothing_now(outcome):
                    throttled.append(entry)
        if endings or fates:
            await self._settler.settle(endings, fates)
        if throttled:
            await self._reader.hand_back(throttled)

    async def withhold(self, entries: Sequence[Entry]) -> None:
        """Ends `entries` because their visitors have withdrawn consent."""
        fates: list[Fate] = []
        for entry in entries:
            self._tell(fates, entry, Outcome("rejected", WITHDRAWN), time.time(), None, "withheld")
        endings = [_withheld(entry, reason_of("delivery", "withdrawn")) for entry in entries]
        await self._settler.settle(endings, fates)

    async def write_notes(self) -> None:
        """Writes counts that belong to no ending, the last failure and the last warning."""
        await self._settler.settle([])
        if self._last_failure is not None:
            (at, reason), self._last_failure = self._last_failure, None
            await write_failure(self._redis, self._keys, at, reason)
        if self._last_warning is not None:
            (at, words), self._last_warning = self._last_warning, None
            await write_warning(self._redis, self._keys, at, words)

    def _tell(
        self,
        fates: list[Fate],
        entry: Entry,
        outcome: Outcome,
        at: float,
        attempt: Attempt | None,
        result: str = "",
    ) -> None:
        """Adds to `fates` what the ledger learns of one entry. result: if not the outcome's."""
        if not (self._reports and entry.receipt):
            return
        ended = result or self._ending_of(outcome)
        fates.append(
            Fate(
                "" if ended == "retry" else entry.id.decode(),
                entry.receipt,
                entry.passage,
                ended,
                at,
                entry.deliveries,
                attempt.response.status if attempt and attempt.response else None,
                self._words_of(outcome, attempt is not None and attempt.request.test),
            )
        )

    def _ending_of(self, outcome: Outcome) -> str:
        """As the ledger names it."""
        if outcome.result != "delivered":
            return outcome.result
        return WITH_WARNINGS if outcome.warnings else self._delivered

    def _words_of(self, outcome: Outcome, test: bool) -> str:
        """The warnings, whether it was a test, and the reason, secrets masked."""
        reason = self._destination.mask(outcome.reason) if outcome.reason else ""
        if outcome.warnings or test:
            words = [warning_words(outcome), TEST if test else "", reason]
            reason = "; ".join(filter(None, words))
        return reason[:MAX_WORDS]

    def _dead(self, entry: Entry, outcome: Outcome, at: float, response: Response | None) -> Ending:
        shown = response_record(self._destination, response)
        reason = self._destination.mask(outcome.reason)
        letter = encode_dead_letter(entry, outcome.result, reason, at, shown)
        known = entry.trusted, entry.size, entry.received_at
        return Ending(entry.id, outcome.result, letter, *known, again=entry.again)


def _withheld(entry: Entry, reason: str) -> Ending:
    known = entry.size, entry.received_at
    return Ending(entry.id, "withheld", b"", True, *known, reason, entry.again)
