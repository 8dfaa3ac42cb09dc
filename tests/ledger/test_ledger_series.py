"""Series for charts: their buckets agree with the rows of the events."""

from __future__ import annotations

import time
from collections import Counter
from math import inf, nan

import pytest
from sqlalchemy import select

from gateway.ledger.bounded_values import OTHER
from gateway.ledger.day_rows import OF_DAY
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import DAY, HOUR, MINUTE, Key, Series, series
from gateway.ledger.tables import endings, events, kept_hours
from tests.support.events import decide, make_event
from tests.support.large_ledger import fill
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

END, DAYS = 1_796_000_000.0, 2.5


def told_by_events(
    reader: LedgerReader, since: float, step: int, dimension: str = ""
) -> Counter[Key]:
    """The same counts from the rows, except for `accepted`."""
    found: Counter[Key] = Counter()
    value = endings.c.reason if dimension == "reason" else events.c.get(dimension, events.c.name)
    wanted = (
        select(events.c.at, value, endings.c.destination, endings.c.ending)
        .where(events.c.receipt == endings.c.receipt, events.c.at >= since)
        .order_by(events.c.at)
    )
    for day in reader.reading.days():
        with reader.reading.open_day(day) as file:
            for at, value, destination, ending in file.execute(wanted) if file else ():
                bucket = int(at // step) * step
                found[bucket, value if dimension else "", destination, ending] += 1
    return found


def of_endings(made: Series) -> Counter[Key]:
    return Counter({key: n for key, n in made.counts.items() if key[3] != "accepted" and key[2]})


def without_values(counts: Counter[Key]) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for (bucket, _, destination, ending), number in counts.items():
        found[bucket, "", destination, ending] += number
    return found


def remove_days(place: LedgerFolder | LedgerDatabase, until: str = "~") -> None:
    """Removes the days before `until`, so that only their counts by the hour are left."""
    store = place.to_write()
    store.open()
    for day in store.days():
        if day < until:
            store.remove(day, keeps_failures=True)
    store.close()


@pytest.mark.parametrize("step", [MINUTE, 5 * MINUTE, HOUR, DAY])
def test_buckets_count_what_the_events_say(filled: LedgerReader, step: int) -> None:
    since = END - min(DAYS * DAY, 700 * step) // step * step
    since -= since % step
    made = series(filled, since, END, step)
    assert made.step == step
    assert of_endings(made) == told_by_events(filled, since, step)
    assert {key[0] for key in made.counts} <= set(made.buckets)


@pytest.mark.parametrize("dimension", ["name", "source", "country", "browser"])
@pytest.mark.parametrize("step", [HOUR, DAY])
def test_values_and_the_rest_make_all(filled: LedgerReader, dimension: str, step: int) -> None:
    since = END - DAYS * DAY
    since -= since % step
    made = series(filled, since, END, step, dimension, top=2)
    told = told_by_events(filled, since, step, dimension)
    ranked = Counter[str]()
    for key, number in told.items():
        ranked[key[1]] += number
    top = sorted(ranked, key=lambda value: (-ranked[value], value))[:2]
    assert sorted(made.values) == sorted([*top, OTHER] if len(ranked) > 2 else top)
    apart = Counter({key: number for key, number in told.items() if key[1] in top})
    assert Counter({k: n for k, n in of_endings(made).items() if k[1] != OTHER}) == apart
    assert without_values(of_endings(made)) == without_values(told)


def test_reasons_have_a_rest_of_what_they_count(filled: LedgerReader) -> None:
    made = series(filled, END - DAY, END, DAY, "reason", top=1)
    assert made.values == ["ad_storage is denied", OTHER]
    assert {key[3] for key in made.counts} == {"withheld", "rejected"}


def test_one_destination_is_counted_alone(filled: LedgerReader) -> None:
    whole = series(filled, END - DAY, END, HOUR, "name")
    made = series(filled, END - DAY, END, HOUR, "name", destination="meta")
    assert made.counts == {key: n for key, n in whole.counts.items() if key[2] == "meta"}


@pytest.mark.parametrize("is_by_day", [True, False], ids=["by day", "of an earlier version"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["all over", "some over"])
def test_days_that_are_over_count_the_same(
    place: LedgerFolder | LedgerDatabase, is_by_day: bool, is_whole: bool
) -> None:
    fill(place, 300, DAYS, END)
    reader = LedgerReader(place)

    def everything() -> list[Series]:
        return [
            series(reader, END - DAYS * DAY, END, step, dimension, top=3)
            for step in (HOUR, DAY)
            for dimension in ("", "name", "country", "reason")
        ]

    before = everything()
    remove_days(place, "~" if is_whole else reader.reading.days()[-1])
    if not is_by_day:
        forget_days(place)
    assert everything() == before
    made = series(reader, END - DAYS * DAY, END - DAYS * DAY + HOUR, MINUTE)
    assert (made.step, made.counts.total() > 0) == (HOUR, True)  # minutes are not kept


def forget_days(place: LedgerFolder | LedgerDatabase) -> None:
    """Removes the counts that an earlier version did not keep."""
    with place.to_read().open_kept() as file:
        assert file is not None
        by_day = file.execute(select(kept_hours).where(kept_hours.c.dimension == OF_DAY)).all()
    assert by_day
    if isinstance(place, LedgerFolder):
        import sqlite3

        database = sqlite3.connect(place.counts)
        database.execute("DELETE FROM hours WHERE dimension LIKE 'day:%'")
        database.commit()
        database.close()
    else:
        import psycopg

        with psycopg.connect(place.url) as connection:
            connection.execute(f'SET search_path TO "{place.schema} kept"')
            connection.execute("DELETE FROM hours WHERE dimension LIKE 'day:%'")


@pytest.mark.parametrize("is_by_day", [True, False], ids=["by day", "of an earlier version"])
async def test_what_ends_late_is_counted_by_the_day_too(books: Books, is_by_day: bool) -> None:
    await books.append(decide(make_event(0), ["ads"]))
    await books.store()
    books.writer.close()
    remove_days(books.place)
    if not is_by_day:
        forget_days(books.place)
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    now = time.time()
    for step in (HOUR, DAY):
        for dimension in ("", "name"):
            made = series(books.reader, now - DAY, now + DAY, step, dimension)
            told: Counter[str] = Counter()
            for key, number in made.counts.items():
                if key[2] == "ads":
                    told[key[3]] += number
            assert told == {"accepted": 1, "delivered": 1}


@pytest.mark.parametrize(
    ("span", "step", "dimension"),
    [
        (DAY, 7, ""),
        (DAY, 0, ""),
        (DAY, -60, ""),
        (DAY, 2 * HOUR, ""),
        (-DAY, HOUR, ""),
        (inf, HOUR, ""),
        (nan, HOUR, ""),
        (END, MINUTE, ""),
        (DAY, MINUTE, ""),
        (40 * DAY, HOUR, ""),
        (10 * DAY, HOUR, "name"),
    ],
)
def test_a_series_is_bounded(
    place: LedgerFolder | LedgerDatabase, span: float, step: int, dimension: str
) -> None:
    with pytest.raises(ValueError, match=r"step|buckets|time"):
        series(LedgerReader(place), END - span, END, step, dimension)


def test_an_empty_ledger_has_empty_series(place: LedgerFolder | LedgerDatabase) -> None:
    made = series(LedgerReader(place), END - DAY, END, HOUR, "name")
    assert (made.counts, len(made.buckets)) == ({}, 25)
