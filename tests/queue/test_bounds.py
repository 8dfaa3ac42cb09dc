"""Bounds: the limits, and the usage at which intake closes to each kind of sender."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.delivery import DeliverySettings
from gateway.delivery.trim import DEAD_LETTER_SHARE
from gateway.queue.bounds import (
    ALL_MEMORY,
    HELD_SHARE,
    HOLD,
    MARKS_SHARE,
    PENDING_SHARE,
    WITHDRAWALS,
    WITHDRAWALS_SHARE,
    Bound,
    Closed,
    Limits,
    MemoryUsage,
    Usage,
    bounds_of,
)

ADS, BOOKS = DeliverySettings(max_pending=10), DeliverySettings(max_pending_bytes=500)
LIMITS = Limits({"ads": ADS, "books": BOOKS}, hold=(20, 600), withdrawals=True)
MEMORY = MemoryUsage(used=0, limit=100_000)


@pytest.mark.parametrize(
    ("usage", "untrusted", "trusted"),
    [
        (Usage(), [], []),
        (Usage(MemoryUsage(69_999, 100_000)), [], []),
        (Usage(MemoryUsage(70_000, 100_000)), [ALL_MEMORY], []),
        (Usage(MemoryUsage(95_000, 100_000)), [ALL_MEMORY], [ALL_MEMORY]),
        (Usage(MemoryUsage(95_000, 0)), [], []),
        (Usage(pending={"ads": (6, 0)}), [], []),
        (Usage(pending={"ads": (7, 0)}), ["ads"], []),
        (Usage(pending={"ads": (9, 0)}), ["ads"], []),
        (Usage(pending={"ads": (10, 0)}), ["ads"], ["ads"]),
        (Usage(pending={"books": (0, 349)}), [], []),
        (Usage(pending={"books": (0, 350)}), ["books"], []),
        (Usage(pending={"books": (0, 475)}), ["books"], ["books"]),
        (Usage(pending={"ads": (1, 10**9)}), [], []),
        (Usage(MEMORY, pending={"ads": (1, 14_000)}), ["ads"], []),
        (Usage(MEMORY, pending={"ads": (1, 19_000)}), ["ads"], ["ads"]),
        (Usage(MemoryUsage(0, 0, 200_000), pending={"ads": (1, 14_000)}), ["ads"], []),
        (Usage(MEMORY, marks={"ads": 142}), [], []),
        (Usage(MEMORY, marks={"books": 143}), ["books"], ["books"]),
        (Usage(MEMORY, pending={"ads": (1, 10_000)}, marks={"ads": 94}), [], []),
        (Usage(MEMORY, pending={"ads": (1, 10_000)}, marks={"ads": 95}), ["ads"], ["ads"]),
        (Usage(held=(13, 0)), [], []),
        (Usage(held=(14, 0)), [HOLD], []),
        (Usage(held=(1, 570)), [HOLD], [HOLD]),
        (Usage(MEMORY, withdrawals=14), [], []),
        (Usage(MEMORY, withdrawals=15), [WITHDRAWALS], []),
        (Usage(MEMORY, withdrawals=20), [WITHDRAWALS], [WITHDRAWALS]),
    ],
)
def test_to_whom_intake_is_closed(usage: Usage, untrusted: list[str], trusted: list[str]) -> None:
    closed = Closed.by(bounds_of(usage, LIMITS))
    assert [*closed.untrusted] == untrusted
    assert [*closed.trusted] == trusted


@pytest.mark.parametrize(("marks", "unmarked"), [(104, []), (105, ["ads"]), (143, ["ads"])])
def test_no_marks_of_strangers_close_intake(marks: int, unmarked: list[str]) -> None:
    """Marks may stay for days, depending on `dedupe_window`."""
    closed = Closed.by(bounds_of(Usage(MEMORY, marks={"ads": marks}), LIMITS))
    assert [*closed.unmarked] == unmarked
    assert closed.without_memory() == closed


def test_the_reason_is_the_fullest_bound() -> None:
    usage = Usage(MEMORY, pending={"ads": (8, 19_500)})
    closed = Closed.by(bounds_of(usage, LIMITS))
    assert closed.untrusted == {"ads": "limit reached: ads: 19500 of 20000 bytes of pending events"}


def test_a_small_server_has_room_for_the_marks_of_100_events_a_second() -> None:
    """With the default window of ten minutes, counted by the minute."""
    names = ("one", "two", "three")
    usage = Usage(MemoryUsage(0, 256 << 20), marks=dict.fromkeys(names, 100 * 11 * 60))
    limits = Limits(dict.fromkeys(names, DeliverySettings()))
    assert not Closed.by(bounds_of(usage, limits)).untrusted


def test_the_shares_leave_memory_for_everything_else() -> None:
    shares = (PENDING_SHARE, HELD_SHARE, MARKS_SHARE, WITHDRAWALS_SHARE, DEAD_LETTER_SHARE)
    assert sum(shares) == pytest.approx(0.85)


def test_without_memory_to_share_there_are_bounds_by_number_only() -> None:
    kinds = {bound.kind for bound in bounds_of(Usage(), Limits({"ads": ADS}, (20, None), True))}
    assert kinds == {"pending_events", "held_events"}


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_what_is_closed_to_trusted_senders_is_closed_to_all(used: int, limit: int) -> None:
    closed = Closed.by([Bound("pending_events", "ads", used, limit)])
    assert closed.untrusted.keys() >= closed.trusted.keys()
    assert ("ads" in closed.trusted) == (used >= 0.95 * limit) or used == pytest.approx(
        0.95 * limit
    )
    assert used < limit or closed.trusted


def test_destinations_that_are_closed_are_told_apart() -> None:
    reasons = {ALL_MEMORY: "x", HOLD: "x", WITHDRAWALS: "x", "ads": "x"}
    closed = Closed(reasons, {ALL_MEMORY: "x"})
    assert closed.destinations == ["ads"]
    assert closed.without_memory() == Closed({HOLD: "x", WITHDRAWALS: "x", "ads": "x"})
