"""`gateway quarantine`: counts come first, nothing happens unasked, events are released once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as SyncRedis

from gateway.cli.main import main
from gateway.cli.quarantine import quarantine
from gateway.configuration.load import load_settings
from gateway.event import Received, read_event
from gateway.pipeline.compile import compile_pipeline
from gateway.queue.append import Appender
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.redis_client.connect import connect_for_work
from tests.support.dead_letters import nobody
from tests.support.events import make_event
from tests.support.keys import ADS, BOOKS, KEYS
from tests.support.operator_commands import Run, counts, runner, table_rows
from tests.support.quarantine import REASON, set_aside_now
from tests.support.terminal_session import TerminalSession

CONFIG = """
sources: {site: {type: collect}}
enrichment: []
consent: {regions: []}
schemas:
  purchase:
    on_mismatch: quarantine
    schema: {properties: {value: {type: number}}}
rules:
  - name: mark
    set: {seen: today}
destinations:
  ads: {type: webhook, url: "https://ads.example/", delivery: {max_age: 3600, max_pending: 52}}
  books: {type: webhook, url: "https://books.example/", when: {event_name: refund}}
  trial: {type: webhook, url: "https://trial.example/", dry_run: true, when: {trial: true}}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def run(redis_url: str, config: Path) -> Run:
    """Runs ``gateway quarantine *words``."""
    return runner(quarantine, config, redis_url)


def test_it_is_a_command_of_the_gateway() -> None:
    assert main.commands["quarantine"] is quarantine


# list


def test_list_counts_by_name_and_reason_and_then_shows_the_newest_without_payload(
    run: Run, redis_url: str
) -> None:
    set_aside_now(redis_url, [make_event(n, email="a@b.example") for n in range(3)])
    wrong_price = "does not match schemas.refund: items.{}.price: minimum 0"
    for place in (4, 11):
        event = make_event(place, event_name="refund")
        set_aside_now(redis_url, [event], wrong_price.format(place))
    output = run("list", "--limit", "2").output
    assert "5 events in quarantine" in output
    assert table_rows(output)[:2] == [
        ["3", "purchase", REASON],
        ["2", "refund", "does not match schemas.refund: items.#.price: minimum 0"],
    ]
    newest = table_rows(output)[2:]
    assert [row[1:] for row in newest] == [
        ["site", "refund", "event-11", wrong_price.format(11)],
        ["site", "refund", "event-4", wrong_price.format(4)],
    ]
    assert newest[0][0].startswith("20")
    assert "a@b.example" not in output


@pytest.mark.parametrize("command", ["list", "release", "drop"])
def test_there_may_be_none(run: Run, command: str) -> None:
    result = run(command)
    assert (result.output, result.exit_code) == ("No events in quarantine.\n", 0)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ([], 3),
        (["--reason", "Required"], 1),
        (["--event-name", "refund"], 1),
        (["--event-id", "event-1"], 1),
        (["--since", "1h"], 3),
        (["--until", "1h"], 0),
    ],
)
@pytest.mark.parametrize("command", [["list", "--limit", "0"], ["drop", "--dry-run"]])
def test_filters(
    run: Run, redis_url: str, command: list[str], words: list[str], number: int
) -> None:
    set_aside_now(redis_url, [make_event(1), make_event(2, event_name="refund")])
    set_aside_now(redis_url, [make_event(3)], "does not match schemas.purchase: required items")
    rows = table_rows(run(*command, *words).output)
    assert sum(int(row[0]) for row in rows) == number


def test_nothing_of_it_can_command_the_terminal(run: Run, redis_url: str) -> None:
    event = make_event(1, event_name="a\x1b[2Jb", note="\x1b[31m")
    set_aside_now(redis_url, [event], "bad\x1b[2J\n [red]value[/red]")
    for words in (["list"], ["show", "event-1"], ["show", "event-1", "--json"], ["release"]):
        output = run(*words, answer="n\n").output
        assert all(line.isprintable() for line in output.splitlines()), words
    assert "bad\\u001b[2J [red]value[/red]" in run("list").output


# show


def test_show_prints_everything_of_an_event(run: Run, redis_url: str) -> None:
    set_aside_now(redis_url, [make_event(1, value="9.5"), make_event(2)])
    output = run("show", "event-1").output
    for words in ("purchase (event-1)", REASON, "from site", "version-1", '"value": "9.5"'):
        assert words in output
    assert "event-2" not in output


def test_show_as_json_and_by_the_id_of_the_entry(run: Run, redis_url: str) -> None:
    event = make_event(1, value="9.5")
    set_aside_now(redis_url, [event, event])
    shown = json.loads(run("show", "event-1", "--json").output)
    assert [each["event"] for each in shown] == [event, event]
    assert (shown[0]["reason"], shown[0]["version"]) == (REASON, "version-1")
    assert json.loads(run("show", shown[1]["id"], "--json").output) == shown[1:]


def test_show_of_something_unknown(run: Run) -> None:
    result = run("show", "nobody\x1b")
    assert result.exit_code == 1
    assert "no event in quarantine has the id 'nobody" in result.output


# release


def test_what_the_pipeline_set_aside_goes_on(
    run: Run, redis_url: str, server: SyncRedis, config: Path
) -> None:
    schema = "{properties: {value: {type: number}}}"
    config.write_text(CONFIG.replace(schema, "{required: [currency]}"))
    decide = compile_pipeline(load_settings(config))
    event = read_event({"event_name": "purchase", "event_id": "event-1", "value": 7})

    async def append() -> None:
        async with connect_for_work(redis_url) as redis:
            decision = decide(event, Received("site", time.time()))
            await Appender(redis, KEYS, PendingCounts(), nobody).append([decision])  # type: ignore[arg-type]

    asyncio.run(append())
    assert counts(server) == {"accepted": 1, "withheld": 1}
    why = "does not match schemas.purchase: the event: required currency"
    assert ["1", "purchase", why] in table_rows(run("list").output)
    assert run("release", "--yes", "--anyway").output.endswith("Released 1 of 1 events.\n")
    assert counts(server) == {"accepted": 2, "withheld": 1}
    assert counts(server, "books") == {"accepted": 2, "withheld": 2}


def test_release_counts_asks_and_lets_go_on(run: Run, redis_url: str, server: SyncRedis) -> None:
    set_aside_now(redis_url, [make_event(n) for n in range(5)])
    result = run("release", answer="y\n")
    assert table_rows(result.output)[:4] == [
        ["5", "purchase", REASON],
        ["ads", "5", "0", "0"],
        ["books", "0", "0", "5"],
        ["trial", "0", "0", "5"],
    ]
    assert "Release 5 events? [y/N]" in result.output
    assert result.output.endswith("Released 5 of 5 events.\n")
    assert server.xlen(KEYS.quarantine) == 0
    assert counts(server) == {"accepted": 5}
    assert counts(server, "books") == {"accepted": 5, "withheld": 5}


def test_they_are_the_same_events_under_the_rules_of_today(run: Run, redis_url: str) -> None:
    event = make_event(1, note="käse ☃")
    set_aside_now(redis_url, [event])
    run("release", "--yes")

    async def sent() -> Any:
        async with connect_for_work(redis_url) as redis:
            await ensure_group(redis, ADS)
            return (await Reader(redis, ADS, "drain").new(10, None)).entries

    (entry,) = asyncio.run(sent())
    assert (entry.source, entry.applied, entry.deliveries) == ("site", ["mark"], 1)
    assert entry.event.items() >= {**event, "seen": "today"}.items()
    assert entry.version != "version-1"


def test_what_does_not_fit_today_either_stays(
    run: Run, redis_url: str, server: SyncRedis, config: Path
) -> None:
    set_aside_now(redis_url, [make_event(1), make_event(2, value="9.5")], "another reason")
    result = run("release", "--yes")
    assert "1 event that failed the current schemas and will stay (--anyway" in result.output
    assert ["1", "purchase", REASON] in table_rows(result.output), "the reason of today"
    assert result.output.endswith("Released 1 of 1 events.\n")
    assert "event-2" in run("list").output
    assert (server.xlen(KEYS.quarantine), counts(server)) == (1, {"accepted": 1})

    result = run("release", "--yes")
    assert "Released" not in result.output
    assert server.xlen(KEYS.quarantine) == 1

    config.write_text(CONFIG.replace("type: number", "type: string"))
    assert run("release", "--yes").output.endswith("Released 1 of 1 events.\n")
    assert server.xlen(KEYS.quarantine) == 0


@pytest.mark.parametrize("on_mismatch", ["quarantine", "drop"])
def test_nothing_is_ended_by_a_schema_that_has_become_stricter(
    run: Run, redis_url: str, server: SyncRedis, config: Path, on_mismatch: str
) -> None:
    config.write_text(CONFIG.replace("on_mismatch: quarantine", f"on_mismatch: {on_mismatch}"))
    set_aside_now(redis_url, [make_event(1, value="9.5")])
    run("release", "--yes")
    assert (server.xlen(KEYS.quarantine), counts(server)) == (1, {})


def test_unless_they_shall_go_anyway(run: Run, redis_url: str, server: SyncRedis) -> None:
    set_aside_now(redis_url, [make_event(1), make_event(2, value="9.5")])
    result = run("release", "--yes", "--anyway")
    assert "do not match the current" not in result.output
    assert result.output.endswith("Released 2 of 2 events.\n")
    assert counts(server) == {"accepted": 2}


@pytest.mark.parametrize(
    ("words", "answer", "status"), [(["--dry-run"], None, 0), ([], "n\n", 1), ([], "", 1)]
)
@pytest.mark.parametrize("command", ["release", "drop"])
def test_nothing_happens_unasked(
    run: Run,
    redis_url: str,
    server: SyncRedis,
    command: str,
    words: list[str],
    answer: str | None,
    status: int,
) -> None:
    set_aside_now(redis_url, [make_event(1)])
    result = run(command, *words, answer=answer)
    assert result.exit_code == status
    assert table_rows(result.output)[0] == ["1", "purchase", REASON]
    assert (server.xlen(KEYS.quarantine), counts(server)) == (1, {})


def test_filters_choose_what_is_released(run: Run, redis_url: str, server: SyncRedis) -> None:
    set_aside_now(redis_url, [make_event(1), make_event(2, event_name="refund")])
    assert "Released 1 of 1" in run("release", "--yes", "--event-name", "refund").output
    assert server.xlen(BOOKS.stream) == 1
    assert "event-1" in run("list").output


def test_what_is_too_late_for_a_destination_is_told(run: Run, redis_url: str) -> None:
    old = make_event(1, timestamp=time.time() - 7200, event_name="refund")
    set_aside_now(redis_url, [old], ago=7200)
    set_aside_now(redis_url, [make_event(2, event_name="refund")])
    rows = table_rows(run("release", "--dry-run").output)
    assert rows[1:3] == [["ads", "1", "1", "0"], ["books", "2", "0", "0"]]


def test_a_dry_run_of_the_destination_is_pointed_out(run: Run, redis_url: str) -> None:
    set_aside_now(redis_url, [make_event(1)])
    assert "dry_run" not in run("release", "--dry-run").output
    set_aside_now(redis_url, [make_event(1, trial=True)])
    assert "trial has dry_run" in run("release", "--dry-run").output


def test_a_release_wakes_the_destinations(run: Run, redis_url: str, server: SyncRedis) -> None:
    set_aside_now(redis_url, [make_event(n, event_name="refund") for n in range(3)])
    run("release", "--yes")
    assert server.llen(KEYS.queue_key) == 2
    assert server.exists(ADS.wake, BOOKS.wake) == 2


def test_within_the_window_of_the_configuration_an_event_goes_once(
    run: Run, redis_url: str, server: SyncRedis, config: Path
) -> None:
    config.write_text(f"dedupe_window: 60\n{CONFIG}")
    set_aside_now(redis_url, [make_event(1), make_event(1)])
    run("release", "--yes")
    assert counts(server) == {"accepted": 1, "repeated": 1}


def test_what_a_destination_has_no_room_for_stays(
    run: Run, redis_url: str, server: SyncRedis
) -> None:
    set_aside_now(redis_url, [make_event(n) for n in range(60)])
    result = run("release", "--yes", "--rate", "100")
    assert result.exit_code == 1
    assert "Released 50 of 60 events." in result.output
    assert "release stopped: limit reached: ads: 50 of 52 pending events" in result.output
    assert (server.xlen(ADS.stream), server.xlen(KEYS.quarantine)) == (50, 10)


@pytest.mark.parametrize(
    ("limit", "why"),
    [(1, "of 1 bytes of Redis memory"), (100_000, "of 100000 bytes of Redis memory")],
)
def test_what_failed_half_way_is_told(
    run: Run, redis_url: str, server: SyncRedis, limit: int, why: str
) -> None:
    set_aside_now(redis_url, [make_event(1)])
    server.config_set("maxmemory", limit)
    try:
        result = run("release", "--yes")
    finally:
        server.config_set("maxmemory", 0)
    assert result.exit_code == 1
    assert "Released 0 of 1 events." in result.output
    assert why in result.output
    assert server.xlen(KEYS.quarantine) == 1


def test_the_rate_is_kept(run: Run, redis_url: str, server: SyncRedis) -> None:
    set_aside_now(redis_url, [make_event(n) for n in range(21)])
    started = time.monotonic()
    run("release", "--yes", "--rate", "20")
    assert time.monotonic() - started > 19 / 20
    assert counts(server)["accepted"] == 21


def test_an_interrupted_release_says_how_far_it_came(
    redis_url: str, config: Path, server: SyncRedis
) -> None:
    set_aside_now(redis_url, [make_event(n, event_name="view") for n in range(40)])
    words = ("quarantine", "release", "--rate", "10")
    with TerminalSession(*words, "--config", str(config), "--redis-url", redis_url) as session:
        session.wait_for("Release 40 events? [y/N]")
        session.type("y\r")
        session.wait_for("4/40")
        session.interrupt()
        assert session.end() == 1
    released = counts(server)["accepted"]
    assert 0 < released < 40
    assert f"Released {released} of 40 events." in session.screen
    assert server.xlen(KEYS.quarantine) + released == 40


# drop


def test_drop_counts_asks_and_deletes(run: Run, redis_url: str, server: SyncRedis) -> None:
    set_aside_now(redis_url, [make_event(n) for n in range(3)])
    result = run("drop", "--event-id", "event-1", answer="y\n")
    assert "Permanently drop 1 event? [y/N]" in result.output
    assert result.output.endswith("Dropped 1 of 1 events.\n")
    assert (server.xlen(KEYS.quarantine), counts(server)) == (2, {})


# mistakes


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--since", "someday"], "'someday' is not a valid time"),
        (["--since", "1h", "--until", "2h"], "--since is later than --until"),
    ],
)
@pytest.mark.parametrize("command", ["list", "release", "drop"])
def test_mistakes_are_named(run: Run, command: str, words: list[str], message: str) -> None:
    result = run(command, *words)
    assert result.exit_code == 2
    assert message in result.output
