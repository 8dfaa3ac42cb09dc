"""The soak test's short forms; `make soak` runs the long ones. Each prints what it found."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "soak"))

from books import Books
from recovery import Kill, Wait, until_answer, until_delivery
from report import Report
from sending import Sent
from sink_process import Arrival
from small_disk import why_not

PROMISES = {
    "kills": "random processes are killed, and no accepted event is lost",
    "restart": "all of `gateway run` is killed, and starts again where it was",
    "poison": "one poisonous event of a thousand is found in a few requests",
    "disk": "a full disk refuses clearly, and corrupts nothing",
}
"""The scenarios that are short enough for every run; `make soak` has more."""

GOOD = {"accepted": 2, "withheld": 0, "delivered": 2, "rejected": 0, "expired": 0, "pending": 0}


@pytest.mark.parametrize("name", PROMISES)
def test_soak(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "disk" and (reason := why_not(tmp_path / "try")):
        pytest.skip(f"no small disk here: {reason}")
    scenario = import_module(f"scenario_{name}")
    report = asyncio.run(scenario.run(tmp_path, scenario.SHORT))
    with capsys.disabled():
        print(report)
    assert not report.failures, PROMISES[name]


def arrival(event_id: str, at: float = 0.0, key: str = "") -> Arrival:
    return Arrival(at, 1, "/hook", "well", True, event_id, key or event_id)


@pytest.mark.parametrize(
    ("taken", "outcomes", "failure"),
    [
        ([arrival("a"), arrival("b")], GOOD, ""),
        ([arrival("a")], GOOD, "0 lost, not 1: b"),
        ([arrival("a"), arrival("b"), arrival("b")], GOOD, "duplicates 50.00%"),
        ([arrival("a"), arrival("b"), arrival("b", key="c")], GOOD, "one dedupe key"),
        ([arrival("a"), arrival("b")], {**GOOD, "delivered": 1}, "the books add up"),
        ([arrival("a"), arrival("b")], {**GOOD, "accepted": 1, "delivered": 1}, "accepted from 2"),
        ([arrival("a"), arrival("b")], {**GOOD, "delivered": 1, "rejected": 1}, "rejected from 0"),
    ],
)
def test_the_verdict_sees(taken: list[Arrival], outcomes: dict[str, int], failure: str) -> None:
    sent = Sent(accepted={"a": 0.0, "b": 0.0}, tries=Counter({"a": 1, "b": 1}))
    report = Report("")
    Books("hook", sent, ["a", "b"], outcomes, taken).enter(report)
    assert bool(report.failures) == bool(failure)
    assert failure in " ".join(report.failures)


def test_recovery_counts_from_the_kill_or_from_when_something_waited() -> None:
    accepted = {"before": 1.0, "waiting": 9.0, "later": 30.0}
    arrivals = [arrival("before", 2.0), arrival("waiting", 14.0), arrival("later", 31.0)]
    kills = [Kill(10.0, "worker"), Kill(20.0, "web"), Kill(40.0, "web")]
    assert until_delivery(kills, accepted, arrivals) == [Wait("worker", 4.0), Wait("web", 1.0)]
    assert until_answer(kills, accepted) == [Wait("worker", 20.0), Wait("web", 10.0)]


def test_a_hold_is_no_part_of_the_recovery_from_a_kill_before_it() -> None:
    kills = [Kill(1.0, "web"), Kill(12.0, "hold", began=2.0)]
    assert until_answer(kills, {"a": 13.0}) == [Wait("hold", 1.0)]
