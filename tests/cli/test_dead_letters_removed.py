"""Dead letters of a removed destination: listed, shown and dropped, but not replayed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from redis import Redis as SyncRedis

from gateway.cli.dead_letters import dead_letters
from tests.support.dead_letters import bury_now
from tests.support.events import make_event
from tests.support.keys import ADS, KEYS
from tests.support.operator_commands import Run, runner

CONFIG = """
sources: {site: {type: collect}}
destinations:
  ads: {type: webhook, url: "https://ads.example/"}
"""
OLD = KEYS.destination("old")
WHY = "old is no longer in the configuration: its 2 events can be shown and dropped"


@pytest.fixture
def run(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``gateway dead-letters *words``. The removed destination `old` left two dead letters."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "gateway.yaml"
    config.write_text(CONFIG)
    bury_now(redis_url, "old", [make_event(1), make_event(2)])

    return runner(dead_letters, config, redis_url)


@pytest.mark.parametrize("words", [[], ["--destination", "old"]])
def test_they_are_listed_and_pointed_out(run: Run, words: list[str]) -> None:
    result = run("list", *words)
    assert result.exit_code == 0
    assert "2 dead letters" in result.output
    assert "event-2" in result.output
    assert result.output.count(WHY) == 1


def test_they_are_shown(run: Run) -> None:
    (shown,) = json.loads(run("show", "event-1", "--json").output)
    assert (shown["destination"], shown["event"]["event_id"]) == ("old", "event-1")


def test_they_can_be_dropped_and_then_are_unknown(run: Run, server: SyncRedis) -> None:
    result = run("drop", "--destination", "old", "--yes")
    assert result.output.endswith("Dropped 2 of 2 events.\n")
    assert server.xlen(OLD.dead) == 0
    assert server.hget(OLD.counts, "dropped") == b"2"
    assert run("list").output == "No dead letters.\n"
    assert "there is no destination 'old'" in run("list", "--destination", "old").output


def test_a_replay_says_why_it_leaves_them_out(run: Run, redis_url: str, server: SyncRedis) -> None:
    result = run("replay", "--yes")
    assert WHY in result.output
    assert "Replayed" not in result.output
    bury_now(redis_url, "ads", [make_event(3)])
    result = run("replay", "--yes")
    assert WHY in result.output
    assert "Replayed 1 of 1 events." in result.output
    assert (server.xlen(OLD.dead), server.xlen(OLD.stream)) == (2, 0)
    assert server.xlen(ADS.stream) == 1


def test_filters_count_only_what_matches(run: Run) -> None:
    assert "its 1 events" in run("replay", "--event-id", "event-2", "--yes").output
    assert "old" not in run("list", "--event-id", "event-3").output


def test_one_without_dead_letters_is_not_known(run: Run, server: SyncRedis) -> None:
    server.xadd(KEYS.destination("never").stream, {"e": "{}"})
    result = run("list", "--destination", "never")
    assert result.exit_code == 2
    assert "the destinations are ads, old." in result.output


def test_a_name_that_a_foreign_hand_wrote_cannot_command_the_terminal(
    run: Run, redis_url: str
) -> None:
    bury_now(redis_url, "x\x1b[2J\ny", [make_event(4)])
    for words in (
        ["list"],
        ["show", "event-4"],
        ["replay", "--yes"],
        ["drop"],
        ["list", "--destination", "zzz"],
    ):
        output = run(*words, answer="n\n").output
        assert all(line.isprintable() for line in output.splitlines()), words
