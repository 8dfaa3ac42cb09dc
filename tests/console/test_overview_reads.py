"""The overview reads few rows, by the primary key of their table, and opens each file once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from gateway.console.pages.overview import numbers
from gateway.console.period import DAY, PERIODS, Period
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.reading import LedgerReader
from tests.ledger.test_ledger_series import remove_days
from tests.support.large_counts import fill_counts
from tests.support.large_ledger import DESTINATIONS, fill

END = 1_796_000_000.0


def period(name: str, until: float = END) -> Period:
    length, step = PERIODS[name]
    return Period(name, (until - length) // step * step + step, until, step)


class Reads:
    """SQLite's plans for queries of `hours`, and the number of files that were opened."""

    def __init__(self) -> None:
        self.plans: list[str] = []
        self.opened = 0

    def explain(self, connection: Any, _: Any, statement: str, values: Any, *__: Any) -> None:
        if "FROM hours" in statement:
            asked = connection.connection.driver_connection
            plan = asked.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            self.plans += [row[3] for row in plan if "hours" in row[3]]

    def open(self, *_: Any) -> None:
        self.opened += 1


@pytest.fixture
def reads() -> Iterator[Reads]:
    reads = Reads()
    event.listen(Engine, "before_cursor_execute", reads.explain)
    event.listen(Pool, "connect", reads.open)
    yield reads
    event.remove(Engine, "before_cursor_execute", reads.explain)
    event.remove(Pool, "connect", reads.open)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> LedgerFolder:
    """A ledger of 15 days, 7 of which have been removed."""
    folder = LedgerFolder(tmp_path_factory.mktemp("week") / "ledger")
    fill(folder, 1500, 15, END)
    remove_days(folder, "2026-11-23")
    return folder


@pytest.mark.parametrize("name", PERIODS)
def test_the_overview_reads_the_rows_that_it_shows(
    week: LedgerFolder, reads: Reads, name: str
) -> None:
    reader = LedgerReader(week)
    shown = numbers(period(name), DESTINATIONS, reader)
    assert shown["now"].received == sum(shown["received"].lines[0].values) > 0
    assert {plan.partition(" (hour=? AND dimension=?")[0] for plan in reads.plans} == {
        "SEARCH hours USING PRIMARY KEY"
    }
    assert reads.opened <= len(reader.reading.days()) + 1


@pytest.mark.nightly
def test_how_long_the_overview_takes_at_a_million_events_a_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, now = LedgerFolder(tmp_path / "ledger"), time.time()
    fill_counts(folder, now)
    reader = LedgerReader(folder)
    for name in PERIODS:
        took = []
        for _ in range(10):
            began = time.perf_counter(), time.thread_time()
            shown = numbers(period(name, now), DESTINATIONS, reader)
            took.append((time.perf_counter() - began[0], time.thread_time() - began[1]))
        wall, cpu = (1000 * min(each) for each in zip(*took, strict=True))
        with capsys.disabled():
            first = 1000 * took[0][0]
            print(f"{name}: {first:.0f} ms, then {wall:.0f} ms ({cpu:.0f} ms of CPU)")
        days = min(PERIODS[name][0] / DAY, 90)
        assert shown["now"].received == pytest.approx(1e6 * days, rel=0.1)
