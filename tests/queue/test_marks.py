"""Marks: their counts cover every moment in which a mark may exist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.queue.marks import MIN_WINDOW, PARTS, count_keys, sum_counts, window_of

NOW = 1_795_210_000.0


@given(st.integers(1, 604_800), st.floats(NOW, NOW + 10**7))
def test_every_living_mark_is_in_one_count(seconds: int, now: float) -> None:
    part = -(-1000 * seconds // PARTS)
    keys = count_keys("seen", seconds, now)
    for age in (0, 500 * seconds, 1000 * seconds):
        assert f"seen#{(int(1000 * now) - age) // part}" in keys
    assert len(keys) == PARTS + 2


@pytest.mark.parametrize(
    ("counts", "total"),
    [([], 0), ([None, None], 0), ([b"3", None, b"4"], 7), ([b"3", b"-5"], 0)],
)
def test_the_sum_is_never_negative(counts: list[bytes | None], total: int) -> None:
    assert sum_counts(counts) == total


@pytest.mark.parametrize(
    ("dedupe", "in_parts", "window"),
    [
        (None, False, MIN_WINDOW),
        (None, True, MIN_WINDOW),
        (60, False, 60),
        (60, True, MIN_WINDOW),
        (900, False, 900),
        (900, True, 900),
    ],
)
def test_how_long_a_marked_event_is_recognised(
    dedupe: int | None, in_parts: bool, window: int
) -> None:
    assert window_of(dedupe, in_parts) == window
