"""A tally of several dimensions counts the same as one series for each."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.ledger.day_rows import NONE, RECEIVED, Traits, received_by
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.hour_counts import tally
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import DAY, HOUR, series
from tests.ledger.test_ledger_series import END, remove_days
from tests.support.large_ledger import fill

SINCE = END - 2.5 * DAY
RECEIVED_BY = [received_by(each) for each in Traits._fields]


def told(reader: LedgerReader, dimension: str) -> Counter[tuple[str, str, str, str]]:
    """The same as `tally`, by a series."""
    made = series(reader, SINCE, END, HOUR, dimension, top=1000)
    found: Counter[tuple[str, str, str, str]] = Counter()
    for (_, value, destination, ending), number in made.counts.items():
        found[dimension, value, destination, ending] += number
    return found


@pytest.mark.parametrize("over", ["", "2026-11-30", "~"], ids=["stored", "some over", "all over"])
def test_a_tally_counts_what_the_series_count(
    place: LedgerFolder | LedgerDatabase, over: str
) -> None:
    fill(place, 300, 2.5, END)
    remove_days(place, over)
    reader = LedgerReader(place)
    dimensions = ["", "name", "delay", *RECEIVED_BY]
    found = tally(reader, SINCE, END, dimensions)
    assert found == sum((told(reader, each) for each in dimensions), Counter())
    for each in RECEIVED_BY:
        of_received = {key[2:]: number for key, number in found.items() if key[0] == each}
        assert set(of_received) == {(NONE, RECEIVED)}
        assert sum(n for key, n in found.items() if key[0] == each) == 300
