"""From figures to the document: it has all measured values, and shows no goal as better than it
is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.configuration.load import parse_settings
from tests.benchmarks.bodies import MARK, Body, purchase, sized
from tests.benchmarks.configurations import shop
from tests.benchmarks.document import markdown, plain
from tests.benchmarks.hammer import Answered
from tests.benchmarks.installation import Cpu
from tests.benchmarks.measuring import Run
from tests.benchmarks.pace import Pace
from tests.benchmarks.peers import bullmq, walkeros
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.plans import QUICK, Plan
from tests.benchmarks.results import Goal, Results, Section, Yardsticks
from tests.benchmarks.scenarios import all_peers, beside_peer
from tests.benchmarks.scenarios.turns import beside

GOAL = Goal("delivered, one event", 310.4, 320, "µs", "6.2 x bare ASGI")
SECTION = Section(
    "One event in, one out",
    "What was done.",
    ("", "web", "all"),
    [["delivered", "150", "310"], ["accepted", "140", "160"]],
    [GOAL],
)
RESULTS = Results("make bench", ["2 cores", "Python 3.11"], [SECTION])


@pytest.mark.parametrize(
    ("measured", "shown", "kept"),
    [
        (310.4, "310.4 µs", True),
        (320, "320 µs", True),
        (320.4, "320.4 µs", False),
        (999, "999 µs", False),
    ],
)
def test_a_goal_is_kept_at_its_limit_and_missed_above(
    measured: float, shown: str, kept: bool
) -> None:
    section = replace(SECTION, goals=[replace(GOAL, measured=measured)])
    text = markdown(replace(RESULTS, sections=[section]))
    verdict = "kept" if kept else "**missed**"
    row = f"| delivered, one event | {shown} | ≤ 320 µs | {verdict} | 6.2 x bare ASGI |"
    assert row in text.splitlines()
    assert ("1 of 1 kept." in text) == kept
    assert ("MISSED" in plain(section)) != kept


def test_the_document_has_every_figure_and_says_where_they_come_from() -> None:
    lines = markdown(RESULTS).splitlines()
    assert "| delivered | 150 | 310 |" in lines
    assert "| accepted | 140 | 160 |" in lines
    assert "- Python 3.11" in lines
    assert any("`make bench`" in line for line in lines)


def test_every_table_has_as_many_cells_in_each_row() -> None:
    tables: list[set[int]] = [set()]
    for line in markdown(RESULTS).splitlines():
        if line.startswith("|"):
            tables[-1].add(line.count("|"))
        elif tables[-1]:
            tables.append(set())
    assert [len(cells) for cells in tables if cells] == [1, 1]


def test_what_was_not_measured_has_no_chapter() -> None:
    text = markdown(Results("make bench", ["2 cores"], [replace(SECTION, goals=[])]))
    assert "## Goals" not in text
    assert "benchmarks.svg" not in text


@pytest.mark.parametrize("size", [500, 1_000, 5_000, 50_000])
def test_events_are_about_as_large_as_was_asked_for(size: int) -> None:
    assert 0.8 * size < len(sized(size)) < 1.2 * size


@pytest.mark.parametrize("batch", [1, 100])
def test_no_two_events_that_are_sent_have_an_id_in_common(batch: int) -> None:
    bodies = [body for _, body in Body('{"event_id": "@@"}', batch).numbered("p", 300)]
    ids = {part for body in bodies for part in body.decode().split('"') if part.startswith("pn")}
    assert len(ids) == 300
    assert not any(MARK.encode() in body for body in bodies)
    assert MARK in purchase()


def run_of(cost: float) -> Run:
    """A run in which an event cost `cost` microseconds."""
    answered = Answered(1000, 0, 0, 1.0, 1.0, 2.0)
    return Run(1000, Cpu(cost / 1000, 0, 0), 1.0, 1.0, answered)


def test_the_ratio_to_the_peer_is_the_median_of_rounds() -> None:
    """A round that something else disturbed does not count."""
    ours, theirs = [run_of(cost) for cost in (300, 900, 310)], [run_of(600)] * 3
    assert beside(ours, theirs) == pytest.approx(310 / 600)


@pytest.mark.parametrize("measure", [beside_peer.shop, beside_peer.one])
def test_without_its_packages_the_document_says_that_the_peer_was_not_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, measure: Callable[[Plan, Yardsticks], Section]
) -> None:
    missing = replace(bullmq.PEER, installed=tmp_path / "missing")
    monkeypatch.setattr(beside_peer, "PEER", missing)
    section = measure(QUICK, Yardsticks(Pace(), 50, 100, 150, SECTION))
    assert section.last == ""
    assert "not measured" in plain(section)
    text = markdown(replace(RESULTS, sections=[section]))
    assert "tests/install-tools bench" in text
    assert "## Goals" not in text


def test_a_peer_that_is_not_installed_is_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = replace(walkeros.PEER, installed=tmp_path)
    missing = replace(bullmq.PEER, installed=tmp_path / "missing")
    monkeypatch.setattr(all_peers, "PEERS", (there, missing))
    text = all_peers.text(QUICK)
    assert there.in_words() in text
    assert "**Fastify + BullMQ** was not measured" in text
    line = all_peers.in_a_line({there.name: (0.5, 0.75)})
    assert line == (
        "peers: 0.50 times walkerOS (0.75 with the ledger), Fastify + BullMQ not installed"
    )


@pytest.mark.parametrize("peer", all_peers.PEERS, ids=lambda peer: peer.name)
def test_the_document_tells_a_peers_locked_versions_and_its_promises(peer: Peer) -> None:
    text = peer.in_words()
    assert re.search(r"\((Node\.js v|Python )\d+\.\d+\.\d+(, \S+ \d+\.\d+\.\d+)+\)", text)
    assert "a kill" in text


def test_the_shop_has_the_destinations_of_which_the_peer_has_jobs() -> None:
    settings = parse_settings(shop("http://127.0.0.1:9"))
    assert tuple(settings.destinations) == beside_peer.SHOP_JOBS
