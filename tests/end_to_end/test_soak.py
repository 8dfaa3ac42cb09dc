"""The short forms of the soak test; `make soak` runs the long ones. Each prints what it found.

They mostly wait, so two run at once, which takes half the time.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from tests.soak import small_disk
from tests.soak.books import Accounting
from tests.soak.ledger_books import LedgerBooks, Row
from tests.soak.recovery import Kill, Wait, repeated_after, until_answer, until_delivery
from tests.soak.report import Report
from tests.soak.sending import Sent
from tests.soak.sink_process import Arrival
from tests.soak.summary import LINES, Summary
from tests.support import fake_clock, postgresql_server

RUN = Path(__file__).parents[1] / "soak" / "run.py"
pytestmark = pytest.mark.alone
AT_ONCE = 2
PROMISES = {
    "kills": "random processes are killed, and no accepted event is lost",
    "disk": "a full disk refuses clearly, and corrupts nothing",
    "restart": "all of `gateway run` is killed, and starts again where it was",
    "poison": "one poisonous event of a thousand is found in a few requests",
    "clock": "a clock that is set loses, repeats and storms nothing",
    "down": "a destination that was down gets everything afterwards",
    "ledger_away": "the ledger's database is away, and delivery does not notice",
    "ledger_disk": "the ledger's disk is full, delivery goes on, and what was left out is said",
    "retry_after": "a vendor that throttles is left alone for as long as it asks",
    "hanging": "a destination that hangs does not slow another one",
}
"""In this order, so that the two lanes end at about the same time. Not here: `weather`; `memory`,
which is in tests/delivery/test_full_memory.py; `outage`, in test_spool.py; `slow_connections`, in
tests/hostile/test_connections.py; `small`, since a gateway on a busy machine refuses events."""
EVERY_TIME = {"kills", "disk", "restart", "poison"}
"""Those that `make test` runs; the others are nightly."""
NEEDS = {
    "clock": fake_clock.why_not,
    "retry_after": fake_clock.why_not,
    "disk": small_disk.why_not,
    "ledger_disk": small_disk.why_not,
    "ledger_away": postgresql_server.why_not,
}

Run = subprocess.CompletedProcess[str]


def run_short(name: str) -> Run:
    words = [sys.executable, str(RUN), "--short", "--scenario", name]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Run]]]:
    """The selected scenarios, which have been started or wait for a lane."""
    chosen = [name for item in request.session.items if (name := short_form(item))]
    with ThreadPoolExecutor(AT_ONCE) as lanes:
        yield {name: lanes.submit(run_short, name) for name in chosen}
        lanes.shutdown(cancel_futures=True)


def short_form(item: pytest.Item) -> str:
    """The scenario that the test `item` runs; "" for any other test."""
    if getattr(item, "function", None) is not test_soak:
        return ""
    return str(getattr(item, "callspec").params["name"])  # noqa: B009 (pytest does not declare it)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in EVERY_TIME else pytest.mark.nightly)
        for name in PROMISES
    ],
)
def test_soak(
    name: str,
    runs: dict[str, Future[Run]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if name in NEEDS and (reason := NEEDS[name](tmp_path / "try")):
        pytest.skip(f"not on this machine: {reason}")
    ended = runs[name].result()
    with capsys.disabled():
        print(ended.stdout)
    assert ended.returncode == 0, PROMISES[name]


GOOD = {"accepted": 2, "withheld": 0, "delivered": 2, "rejected": 0, "expired": 0, "pending": 0}


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
    Accounting("hook", sent, ["a", "b"], outcomes, taken).enter(report)
    assert bool(report.failures) == bool(failure)
    assert failure in " ".join(report.failures)


@pytest.mark.parametrize(
    ("rows", "unended", "taken", "failure"),
    [
        ("a delivered 1, b delivered 1", [], "a b", ""),
        ("a delivered 1, b delivered 2", [], "a b b", ""),
        ("a delivered 1, b delivered 1, b repeated 0", [], "a b", ""),
        ("a delivered 1", ["b"], "a", "each has its ending, not 1: b"),
        ("a delivered 1", [], "a b", "the ledger knows each event, but not 1: b"),
        ("a delivered 1, b rejected 1", [], "a", "the ledger has 1 rejected, Redis 0"),
        ("a delivered 1, b delivered 1", [], "a b b", "more often than the ledger knows: 1: b"),
    ],
)
def test_the_verdict_on_the_ledger_sees(
    rows: str, unended: list[str], taken: str, failure: str
) -> None:
    read = [row.split() for row in rows.split(", ")]
    books = LedgerBooks("hook", [Row(id, end, int(n)) for id, end, n in read], unended)
    report = Report("")
    books.enter(report, ["a", "b"], GOOD, [arrival(event_id) for event_id in taken.split()])
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


def test_a_repetition_is_counted_for_the_kill_before_it() -> None:
    kills = [Kill(10.0, "horse"), Kill(20.0, "web")]
    arrivals = [arrival("a", 9.0), arrival("b", 9.5), arrival("a", 15.0), arrival("b", 15.0)]
    arrivals += [arrival("c", 19.0), arrival("c", 21.0), arrival("d", 30.0)]
    assert repeated_after(kills, arrivals) == {kills[0]: 2, kills[1]: 1}


@dataclass(frozen=True)
class Plan:
    events: int = 1_000


def test_the_summary_says_what_was_promised_measured_and_kept() -> None:
    good, bad = Report("good"), Report("bad")
    good.row("requests", "20, of [500 | 250] events")
    good.row("dead letter", "not in the table")
    bad.check(False, "at most 22 requests, not 30")
    summary = Summary()
    summary.add("poison", Plan(), good)
    summary.add("poison", Plan(events=7), bad)
    *_, first, second = str(summary).splitlines()
    assert first.startswith("| 1 poison event in a batch of 1000 |")
    assert first.endswith("| requests: 20, of [500 / 250] events | yes |")
    assert second.endswith("| **no**: at most 22 requests, not 30 |")


@pytest.mark.parametrize("name", LINES)
def test_every_line_of_the_summary_can_be_written(name: str) -> None:
    scenario = import_module(f"tests.soak.scenario_{name}")
    for plan in (scenario.Plan(), scenario.SHORT):
        summary = Summary()
        summary.add(name, plan, Report(""))
        assert "{" not in str(summary)
