"""Time series for charts: how many events that came in at a time ended how.

They are made from the counts, never from events. A stored day has counts by the minute, and by the
hour for each value of a dimension; a day that is over has counts by the hour and by the day. So a
day of a million events takes a few hundred rows for each value, and a chart of 90 days by the day
takes fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, select
from sqlalchemy.sql.functions import sum as sum_of

from gateway.ledger.bounded_values import OTHER
from gateway.ledger.day_rows import NONE, Traits, received_by
from gateway.ledger.hour_counts import Counted, counted, of_hours, over_days
from gateway.ledger.reading import LedgerReader
from gateway.ledger.tables import minutes
from gateway.queue.counting import AGAIN
from gateway.queue.receipts import YEAR_10000, day_name, day_number

MINUTE, HOUR, DAY = 60, 3600, 86_400
MAX_BUCKETS = 750
"""A month by the hour, or half a day by the minute."""
MAX_BUCKETS_BY_VALUE = 200
"""The same with a dimension: a week by the hour, and a half year by the day."""
TOP = 10

_OF_RECEIVED = frozenset(map(received_by, Traits._fields))
_REST_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*Traits._fields, *_OF_RECEIVED), ()),
    "reason": ("withheld", "rejected"),
}
"""The dimensions that have a rest of further values in a series, with the endings that they count;
all endings if none is named."""

Key = tuple[int, str, str, str]
"""The first second of a bucket (Unix), the value of the dimension, the destination and the
ending."""


@dataclass(frozen=True, slots=True)
class Series:
    """step: seconds of a bucket. first, last: the first second (Unix) of the first and the last
    bucket. values: of the dimension, those with most events first, and last `OTHER` for the rest.
    counts: only of buckets in which something was counted."""

    step: int
    first: int
    last: int
    values: Sequence[str] = ("",)
    counts: Counter[Key] = field(default_factory=Counter)

    @property
    def buckets(self) -> range:
        """The first second of each bucket."""
        return range(self.first, self.last + 1, self.step)

    @property
    def hours(self) -> range:
        """The hours of the series, since 1970; only if a bucket is at least an hour."""
        return range(self.first // HOUR, (self.last + self.step) // HOUR)


def series(
    reader: LedgerReader,
    since: float,
    until: float,
    step: int,
    dimension: str = "",
    *,
    destination: str | None = None,
    top: int = TOP,
) -> Series:
    """The events that came in between two times (Unix seconds), in whole buckets.

    step: seconds: a number of minutes that divides an hour, an hour, or a day (UTC). With a
    dimension, or if the period includes a day that is over, it becomes at least an hour. dimension:
    as `LedgerReader.counts` takes it, or as `received_by` returns it: then all events that came in
    are counted, each once. destination: the only one that is counted, None for all. top: how many
    values are counted separately; the rest is `OTHER`.

    Raises ValueError for another step, a period that ends before it begins, and too many buckets.
    """
    if step not in (HOUR, DAY) and (step <= 0 or step % MINUTE or HOUR % step):
        raise ValueError("a step is a day, an hour, or minutes that divide an hour")
    if not 0 <= since <= until < YEAR_10000:
        raise ValueError("a series needs a time that ends after it begins, before year 10000")
    over = over_days(reader)
    first, last = (day_name(day_number(at)) for at in (since, until))
    if step < HOUR and (dimension or any(first <= day <= last for day in over)):
        step = HOUR
    made = Series(step, int(since // step) * step, int(until // step) * step)
    most = MAX_BUCKETS_BY_VALUE if dimension else MAX_BUCKETS
    if len(made.buckets) > most:
        raise ValueError(f"a series has 1 to {most} buckets, not {len(made.buckets)}")
    if step < HOUR:
        _count_minutes(reader, made, destination)
        return made
    if dimension in _OF_RECEIVED:
        destination = NONE
    apart = dimension in _REST_OF
    values = _top(reader, made, over, dimension, destination, top) if dimension else [""]
    whole: Counter[Key] = Counter()
    for each in counted(reader, made.hours, over, [dimension], by_day=step == DAY):
        only = values if apart else None
        _count(made.counts, each, step, dimension, destination, only)
        if apart:
            _count(whole, each, step, "", destination, None)
    if apart:
        if destination is None:
            whole = Counter({key: n for key, n in whole.items() if key[2] != NONE})
        _add_rest(made.counts, whole, _REST_OF[dimension])
    found = {key[1] for key in made.counts}
    named = [value for value in (*values, OTHER) if value in found]
    return replace(made, values=named or [""])


def _top(
    reader: LedgerReader,
    made: Series,
    over: frozenset[str],
    dimension: str,
    destination: str | None,
    top: int,
) -> list[str]:
    """The values with most events."""
    found: Counter[str] = Counter()
    for each in counted(reader, made.hours, over, [dimension], by_day=True):
        query = _value_query(each.table, destination is not None)
        for value, events in each.rows(query, [dimension], destination=destination):
            found[value] += events
    found.pop(OTHER, None)
    return sorted(found, key=lambda value: (-found[value], value))[:top]


def _count(
    counts: Counter[Key],
    each: Counted,
    step: int,
    dimension: str,
    destination: str | None,
    values: Sequence[str] | None,
) -> None:
    """Adds to `counts` what `each` counts. values: the only ones that are counted, None for all."""
    query = _bucket_query(each.table, step, destination is not None, values is not None)
    for place, value, name, ending, number in each.rows(
        query, [dimension], destination=destination, values=values
    ):
        if not ending.startswith(AGAIN):
            key = place * step, value, name, ending
            counts[key] = counts.get(key, 0) + number


@cache
def _value_query(table: Table, of_one: bool) -> Select[Any]:
    value = table.c.value
    query = select(value, sum_of(table.c.number)).where(*of_hours(table)).group_by(value)
    return query.where(table.c.destination == bindparam("destination")) if of_one else query


@cache
def _bucket_query(table: Table, step: int, of_one: bool, has_values: bool) -> Select[Any]:
    columns = table.c
    keys = columns.hour // (step // HOUR), columns.value, columns.destination, columns.ending
    query = select(*keys, sum_of(columns.number)).where(*of_hours(table)).group_by(*keys)
    if of_one:
        query = query.where(columns.destination == bindparam("destination"))
    if has_values:
        query = query.where(columns.value.in_(bindparam("values", expanding=True)))
    return query


def _count_minutes(reader: LedgerReader, made: Series, destination: str | None) -> None:
    columns = minutes.c
    keys = columns.minute // (made.step // MINUTE), columns.destination, columns.ending
    first, last = made.first // MINUTE, (made.last + made.step) // MINUTE - 1
    chosen: list[ColumnElement[bool]] = [columns.minute.between(first, last)]
    if destination is not None:
        chosen.append(columns.destination == destination)
    wanted = select(*keys, sum_of(columns.number)).where(*chosen).group_by(*keys)
    for day in reader.days_between(made.first, made.last + made.step - 1):
        with reader.reading.open_day(day) as file:
            for place, name, ending, number in file.execute(wanted).all() if file else ():
                if not ending.startswith(AGAIN):
                    made.counts[place * made.step, "", name, ending] += number


def _add_rest(counts: Counter[Key], whole: Counter[Key], endings: Sequence[str]) -> None:
    """Adds to `counts`, as `OTHER`, what the values in it lack compared with `whole`: so no row of
    any other value is read. endings: the only ones that have a rest; all if none is named."""
    rest = whole.copy()
    for (bucket, _, name, ending), number in counts.items():
        rest[bucket, "", name, ending] -= number
    for (bucket, _, name, ending), number in rest.items():
        if number > 0 and (not endings or ending in endings):  # less than 0: stored meanwhile
            counts[bucket, OTHER, name, ending] = number
