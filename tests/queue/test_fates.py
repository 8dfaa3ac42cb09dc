from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.queue.fates import PENDING, SUBMITTED, Fate, Fates, encode_fates, read_fates

RECEIPTS = ["01a22f735f644e1216da1dc0624" + digit for digit in "0123"]

fates = st.builds(
    Fate,
    entry_id=st.sampled_from(["1-0", "1-1", "2-0", "3-7"]),
    receipt=st.sampled_from(RECEIPTS),
    passage=st.integers(1, 2),
    result=st.sampled_from(["delivered", "rejected", "withheld"]),
    at=st.floats(1e9, 2e9),
    tries=st.integers(0, 3),
    status=st.none() | st.sampled_from([204, 400]),
    words=st.sampled_from(["", "HTTP 400: why"]),
)
pending = fates.map(lambda fate: fate._replace(entry_id=PENDING, result="retry"))


def told(read: Fates) -> list[Fate]:
    """The fates in `read`, one by one."""
    return [
        Fate(entry_id, receipt, each.passage, each.result, at, *each[2:5])
        for each in read.alike
        for entry_id, receipt, at in zip(each.ids, each.receipts, each.times, strict=True)
    ]


def earlier(written: list[Fate], ended: str) -> dict[str, bytes]:
    """The fates as an earlier version wrote them. ended: the ids of the entries that ended."""
    data = {"destination": "ads", "version": "v1", "fates": [*map(tuple, written)]}
    return {"s": orjson.dumps(data), "a": ended.encode()}


@given(st.lists(fates | pending, max_size=8))
def test_fates_are_read_as_they_were_written(written: list[Fate]) -> None:
    read = read_fates({"s": encode_fates("ads", "v1", written, ["3-7"])})
    assert (read.destination, read.version, read.again) == ("ads", "v1", {"3-7"})
    assert sorted(told(read), key=repr) == sorted(written, key=repr)


@given(st.lists(fates | pending, max_size=8), st.sets(st.sampled_from(["1-0", "1-1"])))
def test_entries_that_had_ended_before_are_left_out(written: list[Fate], others: set[str]) -> None:
    data = encode_fates("ads", "v1", written)
    read = read_fates({"s": data, "o": " ".join(others).encode()})
    assert sorted(told(read), key=repr) == sorted(
        (each for each in written if each.entry_id not in others), key=repr
    )


@given(st.lists(fates | pending, max_size=8), st.sets(st.sampled_from(["1-0", "1-1"])))
def test_what_an_earlier_version_wrote_is_read(written: list[Fate], ended: set[str]) -> None:
    read = read_fates(earlier(written, " ".join(ended)))
    assert told(read) == [each for each in written if each.entry_id in {*ended, PENDING}]


@pytest.mark.parametrize(
    ("result", "has_ended"),
    [("delivered", True), ("withheld", True), ("retry", False), (SUBMITTED, False)],
)
def test_what_is_tried_again_has_not_ended(result: str, has_ended: bool) -> None:
    fate = Fate(PENDING, RECEIPTS[0], 1, result, 1.0, 1, 503, "")
    (alike,) = read_fates({"s": encode_fates("ads", "v1", [fate])}).alike
    assert alike.has_ended is has_ended


@pytest.mark.parametrize("data", [b"[]", b"{}", b"7", b"{"])
def test_what_is_no_record_is_told(data: bytes) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_fates({"s": data})
