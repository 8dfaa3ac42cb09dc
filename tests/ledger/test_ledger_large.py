"""A large ledger: the console's queries read a bounded part of it."""

from __future__ import annotations

import pytest

from gateway.ledger.answers import Wanted
from gateway.ledger.day_rows import NONE, RECEIVED
from gateway.ledger.digests import EventDigests
from gateway.ledger.newest import MAX_NEW, Newest
from gateway.ledger.quality import SAMPLE, orders, sample
from gateway.ledger.reading import LedgerReader
from gateway.ledger.related import related
from gateway.ledger.search import MAX_ROWS, SLICE, search
from gateway.ledger.series import DAY, series
from gateway.ledger.vendor_errors import vendor_errors
from tests.support.large_ledger import DESTINATIONS, LargeLedger

pytestmark = pytest.mark.nightly


def test_a_large_ledger_answers(large_ledger: LargeLedger) -> None:
    folder, written = large_ledger
    reader, digests = LedgerReader(folder), EventDigests(folder.key())
    since, end = written.end - written.days * DAY, written.end
    whole = series(reader, since, end, DAY)
    received = {key[3] for key in whole.counts if key[2] == NONE}
    assert received == {RECEIVED}
    assert sum(n for key, n in whole.counts.items() if key[2] == NONE) == written.events

    page = search(reader, Wanted(reason="that none has"), seconds=1e9)
    endings = written.events * len(DESTINATIONS)
    assert (page.looked_since is not None) == (endings >= MAX_ROWS + SLICE)

    order = list(reader.stories(digests.of_text(written.order), 10))
    assert [each.trusted for each in order] == [True, False]
    found = related(reader, digests, order[0].receipt)
    assert order[1].receipt in {each.story.receipt for each in found}

    assert len(Newest(0.0).look(reader, end).ended) <= 2 * MAX_NEW  # a look may span two days
    assert vendor_errors(reader, "meta", since, end, seconds=1e9).groups
    newest = sample(reader, "meta", seconds=1e9)
    assert len(newest) == SAMPLE
    assert orders((each.payload or {}, each.trusted) for each in newest).total > 0
