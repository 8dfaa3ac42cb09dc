"""Fates: what a drain reports about its entries to the ledger, secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from destinations.base import Destination, Outcome, Response
from gateway.delivery.planning import Ended
from gateway.delivery.send import Result
from gateway.delivery.warnings import warning_words
from gateway.event.endings import WITH_WARNINGS
from gateway.queue.entry import Entry
from gateway.queue.fates import PENDING, SUBMITTED, SUBMITTED_WORDS, Fate

MAX_WORDS = 500
"""Characters of a vendor's words that the ledger keeps."""

REMEMBERED = 100
"""How many reasons are remembered in masked form: most responses have the same reason."""

TEST = "sent as a test"

Told = tuple[Entry, Outcome]
"""An entry and its outcome."""


class FateMaker:
    """Makes the fates of one drain's entries, except those that have no receipt.

    reports: whether there is a ledger; without one, no fates are made.
    """

    def __init__(self, destination: Destination[Any], reports: bool, dry_run: bool = False) -> None:
        self._masked = lru_cache(REMEMBERED)(destination.mask)
        self._reports = reports
        self._delivered = "dry run" if dry_run else "delivered"

    def of_results(self, results: Sequence[Result]) -> list[Fate]:
        """The fates of the entries in `results`, in order."""
        fates: list[Fate] = []
        for result in results:
            if not isinstance(result, Ended):
                pairs = zip(result.entries, result.outcomes, strict=True)
                fates += self._made(pairs, result.sent_at, result.response, result.request.test)
            elif result.withheld:
                fates += self.of_withheld([result.entry], result.outcome.reason, result.at)
            else:
                fates += self._made([(result.entry, result.outcome)], result.at)
        return fates

    def of_verdicts(self, told: Iterable[Told], at: float, response: Response | None) -> list[Fate]:
        """The fates of entries whose verdicts were in `response`. at: Unix seconds."""
        return self._made(told, at, response)

    def of_withheld(self, entries: Iterable[Entry], words: str, at: float) -> list[Fate]:
        """The fates of entries that are withheld. words: the reason. at: Unix seconds."""
        outcome = Outcome("rejected", words)
        return self._made([(entry, outcome) for entry in entries], at, result="withheld")

    def _made(
        self,
        told: Iterable[Told],
        at: float,
        response: Response | None = None,
        is_test: bool = False,
        result: str = "",
    ) -> list[Fate]:
        """result: replaces that of the outcomes, unless it is ""."""
        if not self._reports:
            return []
        status = response.status if response else None
        fates: list[Fate] = []
        for entry, outcome in told:
            if not entry.receipt:
                continue
            became = result or self._result_of(outcome)
            fates.append(
                Fate(
                    PENDING if became in ("retry", SUBMITTED) else entry.id.decode(),
                    entry.receipt,
                    entry.passage,
                    became,
                    at,
                    entry.deliveries,
                    status,
                    self._words_of(outcome, is_test),
                )
            )
        return fates

    def _result_of(self, outcome: Outcome) -> str:
        """The result as the ledger names it."""
        if outcome.result != "delivered":
            return outcome.result
        return WITH_WARNINGS if outcome.warnings else self._delivered

    def _words_of(self, outcome: Outcome, is_test: bool) -> str:
        """The warnings, `TEST` for a test, and the masked reason, in one text."""
        reason = self._masked(outcome.reason) if outcome.reason else ""
        if outcome.warnings or is_test:
            words = [warning_words(outcome), TEST if is_test else "", reason]
            reason = "; ".join(filter(None, words))
        if outcome.result == SUBMITTED:
            reason = SUBMITTED_WORDS + reason
        return reason[:MAX_WORDS]
