from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.queue.feed import Decided, read_parts

texts = st.text(st.characters(codec="utf-8"), max_size=5)
decided = st.builds(
    Decided,
    receipt=texts,
    passage=st.integers(1, 3),
    was_held=st.booleans(),
    at=st.floats(1e9, 2e9),
    source=texts,
    trusted=st.booleans(),
    version=texts,
    name=texts,
    digests=st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), max_size=3),
    states=st.dictionaries(texts, texts, max_size=2),
    consent=texts,
    country=texts,
    browser=texts,
    verdicts=st.dictionaries(texts, st.lists(texts, min_size=3, max_size=3), max_size=2),
    refused=st.just(()) | st.lists(texts, min_size=1, max_size=2),
)


@given(decided)
def test_a_decision_is_read_as_it_was_written(written: Decided) -> None:
    assert Decided.read(written.encode()) == written
    assert b"\n" not in written.encode()  # it must fit into one line of the spool


@given(decided)
def test_what_an_earlier_version_wrote_is_read(written: Decided) -> None:
    assert Decided.read(orjson.dumps(tuple(written))) == written


@given(decided, texts)
def test_what_decisions_share_is_the_same_for_all(written: Decided, receipt: str) -> None:
    other = written._replace(receipt=receipt, digests=[], at=7.0)
    assert read_parts(other.encode())[1] == read_parts(written.encode())[1]


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b"7", b"[]\t[]", b"{}\t{}", b"[1,2]\t7"])
def test_what_is_no_decision_is_told(data: bytes) -> None:
    with pytest.raises((TypeError, ValueError)):
        Decided.read(data)
