"""How long the ledger keeps what, and what goes first where there is no room.

    a day       `ledger.keep_days`; then its counts are kept by the hour, and its failures by event
    failures    `ledger.failures_keep_days`, in a fifth of `ledger.max_bytes` at most: beyond it the
                oldest ones go
    hours       `ledger.counts_keep_days`
    configurations  as long as the longest of these, after they were replaced

Beyond `ledger.max_bytes` the oldest day goes before its time, and leaves its failures. On a disk
that is nearly full there is no room to copy them: first the oldest failures go, then the oldest
days with theirs. The newest day stays.
"""

from __future__ import annotations

import logging
import time
from typing import Protocol

from gateway.configuration.ledger import LedgerSettings

log = logging.getLogger(__name__)

SHARE_OF_FAILURES = 0.2

REMEMBERED_DAYS = 3660
"""How long a day is known to be over: what comes for it later is counted, and makes no new day."""

DISK = "its disk is nearly full"
BYTES = "ledger.max_bytes is reached"


class Retained(Protocol):
    """What the ledger stores and removes, day by day. Raises as `gateway.ledger.store.Store`."""

    def days(self) -> list[str]:
        """The days that are stored, oldest first."""

    def days_of_failures(self) -> list[str]:
        """The days of which failures are kept, oldest first."""

    def size(self, day: str) -> int:
        """Bytes on disk."""

    def size_of_failures(self, day: str) -> int: ...

    def is_full(self) -> bool:
        """Whether there is little room left."""

    def is_over(self, day: str) -> bool: ...

    def remove(self, day: str, keeps_failures: bool) -> None:
        """Removes `day` and keeps its counts, with the last record that they have of each feed.
        keeps_failures: also its events that were rejected or expired somewhere, with all that is
        stored of them. Whatever kills it, another call leaves each of them once."""

    def remove_failures(self, day: str) -> None: ...

    def forget(self, now: float, days: int) -> None:
        """Removes the counts of hours that are more than `days` old."""

    def forget_configurations(self, now: float, days: int) -> None:
        """Removes those that were replaced more than `days` ago."""


def clean(store: Retained, settings: LedgerSettings, now: float) -> None:
    """Removes what is not kept any longer, then what makes room. now: Unix seconds."""
    oldest_failures = day_before(now, settings.failures_keep_days)
    for day in store.days():
        if store.is_over(day) or day < day_before(now, settings.keep_days):
            store.remove(day, day >= oldest_failures)
    for day in store.days_of_failures():
        if day < oldest_failures:
            store.remove_failures(day)
    store.forget(now, settings.counts_keep_days)
    longest = max(settings.keep_days, settings.failures_keep_days, settings.counts_keep_days)
    store.forget_configurations(now, longest)
    _make_room(store, settings.max_bytes, oldest_failures)


def _make_room(store: Retained, most: int, oldest_failures: str) -> None:
    while True:
        days, failures, is_full = store.days(), store.days_of_failures(), store.is_full()
        kept = sum(map(store.size_of_failures, failures))
        is_beyond = kept + sum(map(store.size, days)) > most
        why = DISK if is_full else BYTES
        is_last = is_beyond and len(days) < 2
        if failures and (is_full or is_last or kept > SHARE_OF_FAILURES * most):
            log.warning("the failures of %s are removed before their time: %s", failures[0], why)
            store.remove_failures(failures[0])
        elif len(days) > 1 and (is_full or is_beyond):
            log.warning("the ledger of %s is removed before its time: %s", days[0], why)
            store.remove(days[0], not is_full and days[0] >= oldest_failures)
        else:
            return


def day_before(now: float, days: int) -> str:
    """The UTC day that was `days` ago. now: Unix seconds."""
    return time.strftime("%Y-%m-%d", time.gmtime(now - 86_400 * days))
