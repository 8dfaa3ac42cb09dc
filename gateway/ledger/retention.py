"""How long the ledger keeps what, and what is removed first if there is no room.

    a day       `ledger.keep_days`; then its counts are kept by the hour, and its failures by event
    failures    `ledger.failures_keep_days`, in at most a fifth of `ledger.max_bytes`: beyond that
                the oldest are removed
    hours       `ledger.counts_keep_days`
    configurations  as long as the longest of these, after they were replaced

Beyond `ledger.max_bytes` the oldest day is removed early, except for its failures. On a disk that
is nearly full there is no room to copy them: first the oldest failures are removed, then the oldest
days with their failures. The newest day stays.
"""

from __future__ import annotations

import logging
import time
from typing import Protocol

from gateway.configuration.ledger import LedgerSettings

log = logging.getLogger(__name__)

SHARE_OF_FAILURES = 0.2

REMEMBERED_DAYS = 3660
"""How long the ledger remembers that a day is over: later records for it are only counted, and make
no new day."""

DISK = "its disk is nearly full"
BYTES = "ledger.max_bytes is reached"
SHARE = "all failures take more than a fifth of ledger.max_bytes"


class Retained(Protocol):
    """A store of the ledger whose days can be removed. Raises as `gateway.ledger.store.Store`."""

    def days(self) -> list[str]:
        """The days that are stored, oldest first."""

    def days_of_failures(self) -> list[str]:
        """The days whose failures are kept, oldest first."""

    def size(self, day: str) -> int:
        """Bytes on disk."""

    def size_of_failures(self, day: str) -> int: ...

    def is_full(self) -> bool:
        """Whether the disk is nearly full."""

    def is_over(self, day: str) -> bool: ...

    def remove(self, day: str, keeps_failures: bool) -> None:
        """Removes `day`, but keeps its counts and the last record of each feed that they include.
        keeps_failures: whether it also keeps all that is stored of events that were rejected or
        expired somewhere. If it is interrupted, another call completes it without duplicates."""

    def remove_failures(self, day: str) -> None: ...

    def forget(self, now: float, days: int) -> None:
        """Removes the counts of hours that are more than `days` old."""

    def forget_configurations(self, now: float, days: int) -> None:
        """Removes configurations that were replaced more than `days` ago."""


def clean(store: Retained, settings: LedgerSettings, now: float) -> None:
    """Removes what has been kept long enough, then more if room is needed. now: Unix seconds."""
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
            reason = why if is_full or is_last else SHARE
            log.warning("the failures of %s are removed before their time: %s", failures[0], reason)
            store.remove_failures(failures[0])
        elif len(days) > 1 and (is_full or is_beyond):
            log.warning("the ledger of %s is removed before its time: %s", days[0], why)
            store.remove(days[0], not is_full and days[0] >= oldest_failures)
        else:
            return


def day_before(now: float, days: int) -> str:
    """The UTC day that was `days` ago. now: Unix seconds."""
    return time.strftime("%Y-%m-%d", time.gmtime(now - 86_400 * days))
