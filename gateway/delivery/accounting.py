"""Accounting: counts the outcomes of one destination's events and stores the counts in Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from destinations.base import Destination, Outcome, Response
from gateway.delivery.exchange import response_record
from gateway.delivery.fate_maker import FateMaker
from gateway.delivery.planning import Ended
from gateway.delivery.policy import takes_nothing_now
from gateway.delivery.send import Attempt, Result
from gateway.delivery.warnings import warning_words
from gateway.queue.counting import BY_ERASURE, reason_of
from gateway.queue.dead_letters import encode_dead_letter
from gateway.queue.drain_notes import write_failure, write_warning
from gateway.queue.entry import Entry
from gateway.queue.fates import SUBMITTED
from gateway.queue.keys import DestinationKeys
from gateway.queue.pending_counts import DELIVERY, PendingCounts
from gateway.queue.read import Reader
from gateway.queue.settle import Ending, Reporting, Settler
from gateway.queue.stored_events import StoreBounds
from gateway.queue.submitted import NO_ENTRY, Resolved, Ticket, Tickets


class Accounting:
    """The accounting of one drain. Its methods that write raise what Redis raised."""

    def __init__(
        self,
        redis: Redis,
        keys: DestinationKeys,
        destination: Destination[Any],
        reader: Reader,
        tickets: Tickets,
        bounds: StoreBounds,
        reporting: Reporting | None = None,
        dry_run: bool = False,
    ) -> None:
        """reporting: how outcomes are reported to the ledger; None without a ledger."""
        self._redis = redis
        self._keys = keys
        self._destination = destination
        self._reader = reader
        self._tickets = tickets
        self._pending_counts = PendingCounts()
        self._settler = Settler(redis, keys, self._pending_counts, bounds, reporting)
        self._fates = FateMaker(destination, reporting is not None, dry_run)
        self._last_failure: tuple[float, str] | None = None
        self._last_warning: tuple[float, str] | None = None

    def count(self, attempt: Attempt) -> None:
        """Counts an attempt, whether it is the last one for its entries or not."""
        results = {outcome.result for outcome in attempt.outcomes}
        self._pending_counts.add(f"attempts:{results.pop() if len(results) == 1 else 'partial'}")
        taken = ("delivered", SUBMITTED)
        failed = [outcome for outcome in attempt.outcomes if outcome.result not in taken]
        if failed:
            self._note_failure(attempt.sent_at, failed[-1].reason)
        for outcome in attempt.outcomes:
            if outcome.warnings:
                self._last_warning = attempt.sent_at, warning_words(outcome)
                break

    def count_poll(self, at: float, failure: str = "") -> None:
        """Counts a poll for verdicts. failure: why it failed, "" if it was answered."""
        self._pending_counts.add(f"polls:{'failed' if failure else 'answered'}")
        if failure:
            self._note_failure(at, f"verdicts could not be read: {failure}")

    def _note_failure(self, at: float, reason: str) -> None:
        self._last_failure = at, self._destination.mask(reason)

    async def settle(self, results: Sequence[Result]) -> None:
        """Ends the entries of `results` that have an ending, and notes the submitted ones. Hands
        back entries if the destination takes no events now; other failures stay pending."""
        for result in results:
            if not isinstance(result, Ended):
                for (ticket, poll_after), rows in submissions(result):
                    await self._tickets.submit(ticket, poll_after, rows)
        endings: list[Ending] = []
        throttled: list[Entry] = []
        now = time.time()
        for result in results:
            if isinstance(result, Ended):
                endings.append(self._ending_unsent(result))
                continue
            for entry, outcome in zip(result.entries, result.outcomes, strict=True):
                if outcome.result not in ("retry", SUBMITTED):
                    ending = self._ending(entry, outcome, result.sent_at, result.response, now)
                    endings.append(ending)
                elif takes_nothing_now(outcome):
                    throttled.append(entry)
        fates = self._fates.of_results(results)
        if endings or fates:
            await self._settler.settle(endings, fates)
        if throttled:
            await self._reader.hand_back(throttled)

    async def resolve(
        self,
        ticket: Ticket,
        entries: Sequence[Entry],
        verdicts: Mapping[bytes, Outcome],
        response: Response | None,
        again_in: float,
    ) -> None:
        """Ends the `entries` of `ticket` according to their `verdicts`, or has them sent again.

        An entry that is sent again has spent a try, unless the destination takes no events now.
        verdicts: by the id of the entry. response: the response that contained them. again_in:
        seconds until the vendor is asked about the entries that have no verdict yet.
        """
        endings: list[Ending] = []
        retries: list[tuple[bytes, int]] = []
        now = time.time()
        told = [(entry, verdicts[entry.id]) for entry in entries if entry.id in verdicts]
        for entry, outcome in told:
            if outcome.result == "retry":
                spent = entry.deliveries - int(takes_nothing_now(outcome))
                retries.append((entry.id, spent))
            else:
                endings.append(self._ending(entry, outcome, now, response, now))
        fates = self._fates.of_verdicts(told, now, response)
        left = ticket.without(frozenset(verdicts))
        resolved = Resolved(ticket, left, again_in, self._tickets.consumer, retries)
        await self._settler.settle(endings, fates, resolved)

    async def withhold(self, entries: Sequence[Entry], words: str) -> None:
        """Ends `entries` because their visitors have withdrawn consent, or may have. words: the
        reason for the ledger, which says which of the two."""
        endings = [_withheld(entry, reason_of("delivery", "withdrawn")) for entry in entries]
        fates = self._fates.of_withheld(entries, words, time.time())
        await self._settler.settle(endings, fates)

    async def write_notes(self) -> None:
        """Writes the counts that no ending carries, the last failure and the last warning."""
        await self._settler.settle([])
        if self._last_failure is not None:
            (at, reason), self._last_failure = self._last_failure, None
            await write_failure(self._redis, self._keys, at, reason)
        if self._last_warning is not None:
            (at, words), self._last_warning = self._last_warning, None
            await write_warning(self._redis, self._keys, at, words)

    def _ending_unsent(self, result: Ended) -> Ending:
        if result.withheld:
            return _withheld(result.entry, BY_ERASURE)
        return self._dead(result.entry, result.outcome, result.at, None)

    def _ending(
        self, entry: Entry, outcome: Outcome, at: float, response: Response | None, now: float
    ) -> Ending:
        """The ending of `entry` after the vendor's response or verdict."""
        if outcome.result != "delivered":
            return self._dead(entry, outcome, at, response)
        DELIVERY.observe(self._pending_counts, max(0.0, now - entry.received_at))
        ended = "warned" if outcome.warnings else "delivered"
        known = entry.size, entry.received_at
        return Ending(entry.id, ended, b"", True, *known, again=entry.again)

    def _dead(self, entry: Entry, outcome: Outcome, at: float, response: Response | None) -> Ending:
        shown = response_record(self._destination, response)
        reason = self._destination.mask(outcome.reason)
        letter = encode_dead_letter(entry, outcome.result, reason, at, shown)
        known = entry.trusted, entry.size, entry.received_at
        return Ending(entry.id, outcome.result, letter, *known, again=entry.again)


def submissions(attempt: Attempt) -> Iterator[tuple[tuple[str, float], list[bytes]]]:
    """Each ticket under which entries of `attempt` were submitted, with the seconds until the first
    poll, and a row for each entry of the request: its id, or `NO_ENTRY` if it has another ticket or
    none."""
    tickets = dict.fromkeys(
        (outcome.ticket, outcome.poll_after)
        for outcome in attempt.outcomes
        if outcome.result == SUBMITTED
    )
    for ticket, poll_after in tickets:
        pairs = zip(attempt.entries, attempt.outcomes, strict=True)
        under_it = {entry.id for entry, outcome in pairs if outcome.ticket == ticket}
        carried = [entry.id for entry in attempt.carried or attempt.entries]
        rows = [each if each in under_it else NO_ENTRY for each in carried]
        yield (ticket, poll_after), rows


def _withheld(entry: Entry, reason: str) -> Ending:
    known = entry.size, entry.received_at
    return Ending(entry.id, "withheld", b"", True, *known, reason, entry.again)
