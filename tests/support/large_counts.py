"""The counts of a large ledger without its events, as a million events a day leave them.

    python -m tests.support.large_counts FOLDER [KEPT_DAYS]

The rows are like those of production: every value is counted in every hour, at every destination,
with every ending that it can have.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gateway.ledger.day_rows import NONE, RECEIVED, Alike, DayRows, Traits
from gateway.ledger.delays import BUCKETS
from gateway.ledger.folder import LedgerFolder
from gateway.queue.receipts import day_name, day_number
from tests.support.large_ledger import BROWSERS, COUNTRIES, DESTINATIONS, NAMES

EVENTS_A_DAY = 1_000_000
STORED_DAYS = 7
KEPT_DAYS = 181
"""Enough for a chart of 90 days and of the days before it, on the same weekdays."""

CONSENTS = ("all granted", "ads denied", "analytics denied", "all denied")
SOURCES = ("site", "shop", "app")
REASONS = tuple(f"{kind} is denied ({n})" for kind in ("ad_storage", "rule") for n in range(10))


def fill_counts(folder: LedgerFolder, end: float, kept_days: int = KEPT_DAYS) -> None:
    """Writes the counts of `STORED_DAYS` days up to `end` (Unix seconds), and of the `kept_days`
    days before, of which only the counts are kept."""
    store = folder.to_write()
    store.open()
    try:
        last = day_number(end)
        for number in range(last - STORED_DAYS - kept_days + 1, last + 1):
            until = min(24 * (number + 1), int(end // 3600) + 1)
            store.write(day_name(number), _rows(24 * number, until), "large", "1-0")
            if number <= last - STORED_DAYS:
                store.remove(day_name(number), keeps_failures=False)
    finally:
        store.close()


def _rows(first: int, until: int) -> DayRows:
    """The rows of the hours from `first` to the one before `until`, which are all alike."""
    of_hour = DayRows(alike=_alike())
    of_hour.count()
    rows = DayRows()
    for hour in range(first, until):
        for (_, *key), number in of_hour.hours.items():
            dimension, value, destination, ending = key
            rows.hours[hour, dimension, value, destination, ending] = number
        for (_, destination, ending), number in of_hour.minutes.items():
            for minute in range(60 * hour, 60 * (hour + 1)):
                rows.minutes[minute, destination, ending] = number // 60
    return rows


def _alike() -> Counter[Alike]:
    """The counts of one hour, at its first minute."""
    found: Counter[Alike] = Counter()
    each = EVENTS_A_DAY // 24 // len(COUNTRIES)
    for traits in _traits():
        found[0, traits, NONE, RECEIVED, ""] += each
        for place, name in enumerate(DESTINATIONS):
            found[0, traits, name, "accepted", ""] += each
            delivered, withheld = 8 * each // 10, each // 10
            for number, bucket in enumerate(BUCKETS[:5]):
                found[0, traits, name, "delivered", bucket] += delivered // 5 + number
            for reason in REASONS[place::2]:
                found[0, traits, name, "withheld", reason] += withheld // len(REASONS) + 1
            found[0, traits, name, "rejected", f"HTTP {400 + place}"] += 1
    return found


def _traits() -> Iterator[Traits]:
    """One for each country; the other values take turns."""
    for number, country in enumerate(COUNTRIES):
        yield Traits(
            NAMES[number % len(NAMES)],
            SOURCES[number % len(SOURCES)],
            CONSENTS[number % len(CONSENTS)],
            country,
            BROWSERS[number % len(BROWSERS)],
        )


def main(folder: str, kept_days: str = str(KEPT_DAYS)) -> None:
    began = time.monotonic()
    fill_counts(LedgerFolder(Path(folder)), time.time(), int(kept_days))
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
