"""Totals: how many events the ledger has counted, including those of days that it has removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select
from sqlalchemy.sql.functions import sum as sum_of

from gateway.event.endings import WITH_WARNINGS
from gateway.ledger.rows import RowMaker
from gateway.ledger.tables import (
    baselines,
    kept_hours,
    kept_totals,
    late_progress,
    minutes,
    progress,
)
from gateway.queue.counting import AGAIN
from gateway.queue.feed import FeedRecord, id_key
from gateway.queue.receipts import day_name, day_number

Ended = Counter[tuple[str, str]]
"""Numbers of events by destination and ending (or ``accepted``), which may have the prefix
`AGAIN`."""

LATE = ""
"""Stands for a day, for records that were added late to days that are over."""


@dataclass(slots=True)
class Totals:
    """counts: of all events. days: the same by the day on which they came in, for days that are
    kept. last_ids: the id of the last record that is counted, by day. over: days without a file."""

    counts: Ended = field(default_factory=Counter)
    days: dict[str, Ended] = field(default_factory=dict)
    last_ids: dict[str, str] = field(default_factory=dict)
    over: frozenset[str] = frozenset()

    def has(self, day: str, record_id: str) -> bool:
        """Whether this record is counted for this day."""
        last_ids = [self.last_ids.get(day, "0-0")]
        if day in self.over:
            last_ids.append(self.last_ids.get(LATE, "0-0"))
        return id_key(record_id) <= max(map(id_key, last_ids))

    def is_up_to(self, record_id: str) -> bool:
        """Whether no record is counted that came after this one. record_id: "" for no record."""
        bound = id_key(record_id or "0-0")
        return all(id_key(last) <= bound for last in self.last_ids.values())

    def add(self, day: str, destination: str, ending: str, number: int) -> None:
        self.counts[destination, ending] += number
        self.days.setdefault(day, Counter())[destination, ending] += number

    def of(self, destinations: Container[str]) -> Totals:
        """The same for `destinations` only; others may have another feed."""

        def chosen(counts: Ended) -> Ended:
            return Counter({key: n for key, n in counts.items() if key[0] in destinations})

        days = {day: chosen(counts) for day, counts in self.days.items()}
        return replace(self, counts=chosen(self.counts), days=days)

    def with_records(self, records: Iterable[FeedRecord]) -> Totals:
        """The totals as they will be once `records` are stored too."""
        maker = RowMaker("none", lambda _: None, self.has)
        for record in records:
            try:
                maker.add(record)
            except (KeyError, TypeError, ValueError, IndexError):
                continue  # the writer also leaves it out, and logs it
        days = {day: counts.copy() for day, counts in self.days.items()}
        made = Totals(self.counts.copy(), days, self.last_ids, self.over)
        for day, rows in maker.days.items():
            for (_, destination, ending), number in rows.minutes.items():
                made.add(day, destination, ending, number)
        return made


def add_day(totals: Totals, file: Connection, day: str, feed: str) -> None:
    """Adds the counts of the file of `day`, in one query, so that they match the last record."""
    last = select(progress.c.last_id).where(progress.c.feed == feed).scalar_subquery()
    columns = minutes.c.destination, minutes.c.ending
    wanted = select(*columns, sum_of(minutes.c.number).label("number"), last.label("last_id"))
    for row in file.execute(wanted.group_by(*columns)):
        totals.add(day, row.destination, row.ending, row.number)
        totals.last_ids[day] = row.last_id or "0-0"


def add_kept(totals: Totals, file: Connection, feed: str, since: float) -> None:
    """Adds the counts of days that are over, and those by day from the day of `since` on."""
    last = select(late_progress.c.last_id).where(late_progress.c.feed == feed).scalar_subquery()
    for row in file.execute(select(kept_totals, last.label("last_id"))):
        totals.counts[row.destination, row.ending] += row.number
        totals.last_ids[LATE] = row.last_id or "0-0"
    of_days = late_progress.c.feed.endswith(f" {feed}", autoescape=True)
    for row in file.execute(select(late_progress).where(of_days)):
        totals.last_ids[row.feed.removesuffix(f" {feed}")] = row.last_id
    day, *columns = kept_hours.c.hour // 24, kept_hours.c.destination, kept_hours.c.ending
    wanted = (
        select(day.label("day"), *columns, sum_of(kept_hours.c.number).label("number"))
        .where(kept_hours.c.hour >= 24 * day_number(since), kept_hours.c.dimension == "")
        .group_by(day, *columns)
    )
    for row in file.execute(wanted):
        of_day = totals.days.setdefault(day_name(row.day), Counter())
        of_day[row.destination, row.ending] += row.number


def baseline_in(file: Connection, feed: str) -> Ended:
    """The baseline that `gateway.ledger.balance.baseline_of` made; empty if the ledger has not
    begun."""
    rows = file.execute(select(baselines).where(baselines.c.feed == feed))
    return Counter({(row.destination, row.ending): row.number for row in rows})


def merged(counts: Mapping[tuple[str, str], int], destination: str) -> dict[str, int]:
    """The counts of one destination, with endings as Redis counts them: dry runs and deliveries
    with warnings count as delivered."""
    named: Counter[str] = Counter()
    for (name, counted), number in counts.items():
        if name == destination:
            again = AGAIN if counted.startswith(AGAIN) else ""
            ending = counted.removeprefix(again)
            delivered = ending in ("dry run", WITH_WARNINGS)
            named[again + ("delivered" if delivered else ending)] += number
    return named
