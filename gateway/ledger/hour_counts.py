"""The tables that count by the hour, and which of their rows to read for a period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, select
from sqlalchemy.sql.functions import sum as sum_of

from gateway.ledger.day_rows import OF_DAY, Traits
from gateway.ledger.reading import LedgerReader, days_over
from gateway.ledger.tables import hours, kept_hours
from gateway.queue.counting import AGAIN
from gateway.queue.receipts import day_name

Tally = Counter[tuple[str, str, str, str]]
"""Numbers of events by dimension, its value, destination and ending."""


class Counted(NamedTuple):
    """A table that counts by the hour. hours: those wanted, since 1970. prefix: of dimensions."""

    file: Connection
    table: Table
    prefix: str
    hours: Sequence[int]

    def rows(
        self, query: Select[Any], dimensions: Sequence[str], **values: object
    ) -> Sequence[Any]:
        """The rows of `query`, which has the condition `of_hours`. values: its other parameters."""
        named = [self.prefix + dimension for dimension in dimensions]
        wanted = {"hours": self.hours, "dimensions": named, **values}
        return self.file.execute(query, wanted).all()


def of_hours(table: Table) -> list[ColumnElement[bool]]:
    """The condition for rows of certain hours and dimensions, which the query takes as parameters.
    It lists them one by one: so the key of the table is used up to the value, and no row of another
    dimension is read."""
    columns = table.c
    return [
        columns.hour.in_(bindparam("hours", expanding=True)),
        columns.dimension.in_(bindparam("dimensions", expanding=True)),
    ]


def counted(
    reader: LedgerReader,
    wanted: range,
    over: frozenset[str],
    dimensions: Sequence[str],
    by_day: bool,
) -> Iterator[Counted]:
    """The tables that count the events of the hours `wanted` (since 1970) by `dimensions`. over:
    the days that are over. by_day: whether counts of whole days suffice."""
    stored_by_day = by_day and not {*dimensions} & {*Traits._fields}
    by_name: dict[str, list[int]] = {}
    for hour in wanted:
        by_name.setdefault(day_name(hour // 24), []).append(hour)
    with reader.reading.open_kept() as file:
        if file:
            kept = [of_day for day, of_day in by_name.items() if day in over]
            yield from _counted_in(file, kept_hours, kept, by_day)
    for day in reader.days_between(3600 * wanted.start, 3600 * wanted.stop - 1):
        if day in by_name and day not in over:
            with reader.reading.open_day(day) as file:
                if file:
                    yield from _counted_in(file, hours, [by_name[day]], stored_by_day)


def _counted_in(
    file: Connection, table: Table, wanted: Sequence[Sequence[int]], by_day: bool
) -> Iterator[Counted]:
    """The parts of `table` to read. wanted: the hours of each day."""
    left = [hour for of_day in wanted for hour in of_day]
    whole = [of_day[0] for of_day in wanted if len(of_day) == 24]
    if by_day and whole:
        days = set(file.execute(_days_query(table), {"hours": whole}).scalars())
        left = [hour for hour in left if hour // 24 * 24 not in days]
        if days:
            yield Counted(file, table, OF_DAY, sorted(days))
    if left:
        yield Counted(file, table, "", left)


@cache
def _days_query(table: Table) -> Select[Any]:
    """The first hours of days that are counted by the day, among the hours given."""
    named = table.c.hour.in_(bindparam("hours", expanding=True)), table.c.dimension == OF_DAY
    return select(table.c.hour).distinct().where(*named)


def over_days(reader: LedgerReader) -> frozenset[str]:
    """The days that no longer have a file."""
    with reader.reading.open_kept() as file:
        return days_over(file) if file else frozenset()


def tally(reader: LedgerReader, since: float, until: float, dimensions: Sequence[str]) -> Tally:
    """Counts the events that came in between two times (Unix seconds, in whole hours) by the values
    of each of `dimensions`. It reads each file once, whatever the number of dimensions."""
    wanted = range(int(since // 3600), int(until // 3600) + 1)
    found: Tally = Counter()
    for each in counted(reader, wanted, over_days(reader), dimensions, by_day=True):
        rows = each.rows(_tally_query(each.table), dimensions)
        for dimension, value, destination, ending, number in rows:
            if not ending.startswith(AGAIN):
                key = dimension.removeprefix(each.prefix), value, destination, ending
                found[key] = found.get(key, 0) + number
    return found


@cache
def _tally_query(table: Table) -> Select[Any]:
    """Cached, since making the query takes longer than running it."""
    keys = table.c.dimension, table.c.value, table.c.destination, table.c.ending
    return select(*keys, sum_of(table.c.number)).where(*of_hours(table)).group_by(*keys)
