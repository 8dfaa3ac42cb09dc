"""The verdict on memory: processes that grew from the first look to the last, or were missing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.soak.looks import CHILD, USED, Look, enter_looks
from tests.soak.report import Report
from tests.soak.scenario_flat_hours import FILLING, Plan

FIRST = {"web 7": 80.0, "valkey 5": 20.0, CHILD: 40.0, USED: 3.0}


@pytest.mark.parametrize(
    ("last", "failure"),
    [
        (FIRST, ""),
        ({**FIRST, "web 7": 84.0, CHILD: 30.0}, ""),
        ({**FIRST, "web 7": 84.1}, "web 7: grows by at most 4 MB, not 4.1"),
        ({**FIRST, CHILD: 44.1}, f"{CHILD}: grows"),
        ({**FIRST, USED: 7.1}, f"{USED}: grows"),
        ({**FIRST, "valkey 5": 30.0}, ""),
        ({"valkey 5": 20.0, "web 9": 80.0, CHILD: 40.0, USED: 3.0}, "web 7: there from"),
        ({name: taken for name, taken in FIRST.items() if name != CHILD}, ""),
    ],
)
def test_the_verdict_on_memory_sees(last: dict[str, float], failure: str) -> None:
    report = Report("")
    enter_looks(report, [Look(10, FIRST), Look(15, FIRST), Look(60, last)], 4)
    assert bool(report.failures) == bool(failure)
    assert failure in " ".join(report.failures)


@pytest.mark.parametrize(("hours", "first", "later"), [(1, 18_000, 9_000), (0.05, FILLING, 450)])
def test_looks_come_after_a_sixth_of_the_time_and_then_every_twelfth(
    hours: float, first: int, later: int
) -> None:
    spans = list(Plan(hours).spans())
    assert [len(numbers) for _, numbers in spans] == [first, *[later] * 10]
    assert [round(seconds / hours) for seconds, _ in spans] == [600, *[300] * 10]
    numbers = [each for _, each in spans]
    assert all(one.stop == other.start for one, other in pairwise(numbers))
