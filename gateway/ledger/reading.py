"""Reads the ledger: the story of an event, lists of endings, counts.

Days are read one after the other, since SQLite attaches ten files at most. A day that has been
removed meanwhile is skipped.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.sql.functions import sum as sum_of

from gateway.ledger.answers import Listed, Story, Wanted, listed, story
from gateway.ledger.day_rows import NONE
from gateway.ledger.queries import PAGE, Position, has_digest, listing
from gateway.ledger.recorded import Recorded, recorded_event, recorded_in
from gateway.ledger.tables import (
    attempts,
    configurations,
    endings,
    events,
    hours,
    kept_hours,
    lookups,
    minutes,
    rolled_up,
)
from gateway.ledger.totals import Ended, Totals, add_day, add_kept, baseline_in
from gateway.queue.counting import AGAIN
from gateway.queue.receipts import day_of, first_receipt

Counts = Counter[tuple[str, str, str]]
"""Numbers of events by the value of a dimension, the destination and the ending."""


class Reading(Protocol):
    """A place from which the ledger is read. Its connections have the tables of
    `gateway.ledger.tables` without a schema. Raises as `LedgerReader` does."""

    def days(self) -> list[str]:
        """The days that are stored, oldest first."""

    def open_day(self, day: str) -> AbstractContextManager[Connection | None]:
        """Opens `day`; None if it is not stored, or no longer."""

    def open_kept(self) -> AbstractContextManager[Connection | None]:
        """Opens what outlives the days; None if nothing was written yet."""

    def held(self) -> AbstractContextManager[None]:
        """Keeps connections open for the next query, within the `with` block."""


class Readable(Protocol):
    """The place of a ledger that can be read."""

    def to_read(self) -> Reading: ...


class LedgerReader:
    """Reads the ledger at `place`. Its methods raise `LedgerError` for a ledger of another version,
    and sqlite3.Error or SQLAlchemy's DBAPIError for one that cannot be read."""

    def __init__(self, place: Readable) -> None:
        self.reading = place.to_read()

    def is_empty(self) -> bool:
        """Whether nothing has been stored yet."""
        with self.reading.open_kept() as kept:
            return kept is None

    def days_between(self, since: float | None, until: float | None) -> list[str]:
        """The days that may have events between two times, oldest first."""
        first = "" if since is None else _utc_day(since)
        last = "~" if until is None else _utc_day(until)
        return [day for day in self.reading.days() if first <= day <= last]

    def stories(self, digests: Sequence[str], limit: int) -> Iterator[Story]:
        """The newest events that have one of `digests`, `limit` at most."""
        of_digest = select(lookups.c.receipt).where(*has_digest(digests))
        receipts = of_digest.order_by(lookups.c.receipt.desc())
        for day in reversed(self.reading.days()):
            if limit <= 0:
                return
            with self.reading.open_day(day) as file:
                each_by_all = min(limit * len(digests), sys.maxsize)  # an event may have them all
                newest = events.c.receipt.in_(receipts.limit(each_by_all))
                found = select(events).where(newest).order_by(events.c.receipt.desc()).limit(limit)
                for row in file.execute(found).all() if file else ():
                    yield _story(file, row)
                    limit -= 1

    def story(self, receipt: str) -> Story | None:
        """The event with this receipt."""
        wanted = select(events).where(events.c.receipt == bytes.fromhex(receipt))
        with self.reading.open_day(day_of(receipt)) as file:
            row = file.execute(wanted).first() if file else None
            return _story(file, row) if row else None

    def endings(self, wanted: Wanted) -> Iterator[Listed]:
        """The wanted endings, those of the newest events first."""
        for day in reversed(self.days_between(wanted.since, wanted.until)):
            after: Position | None = None
            while True:
                with self.reading.open_day(day) as file:
                    rows = file.execute(listing(wanted, after)).all() if file else []
                yield from map(listed, rows)
                if len(rows) < PAGE:
                    break
                after = Position(rows[-1].receipt, rows[-1].destination, rows[-1].passage)

    def recorded(self, destination: str, wanted: Wanted) -> Iterator[Recorded]:
        """The wanted events, oldest first, with how each last ended at `destination`. wanted:
        without a destination, an ending and a reason."""
        for day in self.days_between(wanted.since, wanted.until):
            with self.reading.open_day(day) as file:
                if file:
                    yield from recorded_in(file, destination, wanted)

    def recorded_event(self, receipt: str, destinations: Iterable[str]) -> dict[str, Recorded]:
        """The event with this receipt, as each of `destinations` has it; empty if it is not
        stored."""
        with self.reading.open_day(day_of(receipt)) as file:
            return recorded_event(file, receipt, destinations) if file else {}

    def counts(self, since: float, until: float, dimension: str) -> Counts:
        """How many events that came in between two times (Unix seconds) ended how. The times are
        exact to the minute, but to the hour with a dimension and on days that are over.

        dimension: ``""`` for none, or one of `gateway.ledger.day_rows.Traits`, ``reason`` or
        ``delay`` (its values are in `gateway.ledger.delays`).
        """
        found: Counts = Counter()
        first, last = int(since // 3600), int(until // 3600)
        over = self._count_kept(found, first, last, dimension)
        for day in self.days_between(since, until):
            if day in over:
                continue
            with self.reading.open_day(day) as file:
                if file and dimension:
                    _count_hours(found, file, hours, first, last, dimension)
                elif file:
                    _count_hours(found, file, hours, first + 1, last - 1, "")
                    ends = [(int(since // 60), 60 * first + 59), (60 * last, int(until // 60))]
                    for begin, end in ends if last > first else [(ends[0][0], ends[1][1])]:
                        _count_minutes(found, file, begin, end)
        return Counter(
            {key: n for key, n in found.items() if key[1] != NONE and not key[2].startswith(AGAIN)}
        )

    def totals(self, feed: str, since: float = 0.0) -> Totals:
        """All counts, and the last records of `feed` that they include. They are consistent if
        nothing is stored meanwhile: then another call returns the same. since: Unix seconds in the
        first of the days that are over for which counts by day are wanted."""
        totals = Totals()
        with self.reading.open_kept() as file:
            if file:
                totals.over = days_over(file)
                add_kept(totals, file, feed, since)
        for day in self.reading.days():
            with self.reading.open_day(day) as file:
                if file and day not in totals.over:
                    add_day(totals, file, day, feed)
        return totals

    def baseline(self, feed: str) -> Ended:
        """What Redis had counted when the ledger began on `feed`; empty if it has not begun."""
        with self.reading.open_kept() as file:
            return baseline_in(file, feed) if file else Counter()

    def configuration(self, version: str) -> str | None:
        """The configuration of this version, without secrets."""
        wanted = select(configurations.c.text).where(configurations.c.version == version)
        with self.reading.open_kept() as file:
            return file.execute(wanted).scalar() if file else None

    def configurations(self, limit: int) -> list[tuple[str, float]]:
        """The versions that were in force, the newest first, and since when (Unix seconds)."""
        wanted = select(configurations.c.version, configurations.c.since)
        wanted = wanted.order_by(configurations.c.since.desc(), configurations.c.version)
        with self.reading.open_kept() as file:
            rows = file.execute(wanted.limit(limit)).all() if file else []
        return [(row.version, row.since) for row in rows]

    def _count_kept(self, found: Counts, first: int, last: int, dimension: str) -> frozenset[str]:
        """Adds the counts of days that are over, and returns these days."""
        with self.reading.open_kept() as file:
            if file is None:
                return frozenset()
            _count_hours(found, file, kept_hours, first, last, dimension)
            return days_over(file)


def days_over(file: Connection) -> frozenset[str]:
    """The days that no longer have a file."""
    return frozenset(row.day for row in file.execute(select(rolled_up)))


def _story(file: Connection | None, event: Row[Any]) -> Story:
    assert file is not None
    ended = file.execute(select(endings).where(endings.c.receipt == event.receipt)).all()
    tried = file.execute(select(attempts).where(attempts.c.receipt == event.receipt)).all()
    return story(event, ended, tried)


def _count_hours(
    found: Counts, file: Connection, table: Table, first: int, last: int, dimension: str
) -> None:
    """Adds to `found` what `table` counts from the hour `first` to the hour `last`."""
    columns = table.c.value, table.c.destination, table.c.ending
    wanted = (
        select(*columns, sum_of(table.c.number))
        .where(table.c.dimension == dimension, table.c.hour.between(first, last))
        .group_by(*columns)
    )
    for value, destination, ending, number in file.execute(wanted):
        found[value, destination, ending] += number


def _count_minutes(found: Counts, file: Connection, first: int, last: int) -> None:
    columns = minutes.c.destination, minutes.c.ending
    wanted = (
        select(*columns, sum_of(minutes.c.number))
        .where(minutes.c.minute.between(first, last))
        .group_by(*columns)
    )
    for destination, ending, number in file.execute(wanted):
        found["", destination, ending] += number


def _utc_day(at: float) -> str:
    return day_of(first_receipt(at))
