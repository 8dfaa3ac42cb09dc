"""`gateway dead-letters`: counts come first, nothing happens unasked, events are sent once."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from redis import Redis as SyncRedis

from gateway.cli.dead_letters import dead_letters
from gateway.cli.main import main
from gateway.queue.pause import pause
from gateway.redis_client.connect import connect_for_work
from tests.support.dead_letters import bury_now
from tests.support.events import make_event
from tests.support.keys import ADS, KEYS
from tests.support.operator_commands import Run, counts, runner, table_rows
from tests.support.terminal_session import TerminalSession
from tests.support.valkey_server import Valkey

SECRET = "whsec_dGhlIHNlY3JldCBvZiB0aGUgc2hvcCBhbmQgbm9ib2R5"
CONFIG = f"""
redis:
  data_dir: ${{DATA_DIR:-./nowhere}}
sources: {{site: {{type: collect}}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/", secret: "{SECRET}"}}
  books: {{type: webhook, url: "https://books.example/", delivery: {{max_age: 3600}}}}
  trial: {{type: webhook, url: "https://trial.example/", dry_run: true}}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def run(redis_url: str, config: Path) -> Run:
    """Runs ``gateway dead-letters *words``."""
    return runner(dead_letters, config, redis_url)


def test_it_is_a_command_of_the_gateway() -> None:
    assert main.commands["dead-letters"] is dead_letters


# list


def test_list_counts_by_kind_and_then_shows_the_newest_without_payload(
    run: Run, redis_url: str
) -> None:
    bury_now(redis_url, "ads", [make_event(n, email="a@b.example") for n in range(3)])
    bury_now(redis_url, "books", [make_event(9)], "expired", "80.1 hours old")
    bury_now(redis_url, "books", [make_event(10)], "expired", "91.7 hours old")
    output = run("list", "--limit", "2").output
    assert table_rows(output)[:2] == [
        ["3", "ads", "rejected", "purchase", "HTTP 400: no such token"],
        ["2", "books", "expired", "purchase", "# hours old"],
    ]
    newest = table_rows(output)[2:]
    assert [row[3] for row in newest] == ["event-10", "event-9"]
    assert newest[0][1:] == ["books", "purchase", "event-10", "expired", "91.7 hours old"]
    assert newest[0][0].startswith("20")
    assert newest[0][0].endswith("Z")
    assert "a@b.example" not in output


def test_list_of_nothing(run: Run) -> None:
    result = run("list")
    assert (result.output, result.exit_code) == ("No dead letters.\n", 0)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["--destination", "ads"], 2),
        (["--destination", "ads", "--destination", "books"], 3),
        (["--reason", "Quota"], 1),
        (["--event-name", "refund"], 1),
        (["--event-id", "event-1"], 2),
        (["--since", "1h"], 3),
        (["--until", "1h"], 0),
        (["--since", "2020-01-01", "--until", "2020-01-02T12:00Z"], 0),
    ],
)
def test_filters(run: Run, redis_url: str, words: list[str], number: int) -> None:
    bury_now(redis_url, "ads", [make_event(1), make_event(2, event_name="refund")])
    bury_now(redis_url, "books", [make_event(1)], "rejected", "HTTP 403: quota is used up")
    rows = table_rows(run("list", "--limit", "0", *words).output)
    assert sum(int(row[0]) for row in rows) == number


def test_reasons_are_cut_escaped_and_masked(run: Run, redis_url: str) -> None:
    reason = f"bad\x1b[2J\n [red]key[/red] :bug: {SECRET} " + "x" * 300
    bury_now(redis_url, "ads", [make_event(1, event_name="a\x1bb")], "rejected", reason)
    output = run("list").output
    assert "\x1b" not in output
    assert SECRET not in output
    rows = table_rows(output)
    assert rows
    for row in rows:
        assert row[-1].startswith("bad\\u001b[2J [red]key[/red] :bug: *** xxx")
        assert len(row[-1]) == 100
    assert "a\\u001bb" in output


def test_many_kinds_are_summed_up(run: Run, redis_url: str) -> None:
    for number in range(45):
        bury_now(redis_url, "ads", [make_event(number)], "rejected", f"reason {number:04d}")
    rows = table_rows(run("list", "--limit", "0").output)
    assert len(rows) == 41
    assert rows[-1][:2] == ["5", "5 other kinds"]


# show


def test_show_prints_everything_of_an_event_at_all_destinations(run: Run, redis_url: str) -> None:
    event = make_event(1, note=f"has {SECRET} in it", bad="\x1b[31m")
    bury_now(redis_url, "ads", [event])
    bury_now(redis_url, "books", [make_event(1)])
    bury_now(redis_url, "books", [make_event(2)])
    output = run("show", "event-1").output
    assert output.count("purchase (event-1)") == 2
    assert "event-2" not in output
    for words in (
        "ads: rejected",
        "books: rejected",
        "HTTP 400: no such token",
        'HTTP 400: {"error": "no such token"}',
        "delivery no. 1",
        "from site",
        "a rule",
        "version-1",
        '"note": "has *** in it"',
        "\\u001b[31m",
    ):
        assert words in output
    assert SECRET not in output
    assert "\x1b" not in output


def test_show_as_json_and_by_the_id_of_the_dead_letter(run: Run, redis_url: str) -> None:
    event = make_event(1, key=SECRET)
    bury_now(redis_url, "ads", [event])
    (shown,) = json.loads(run("show", "event-1", "--json").output)
    assert shown["event"] == {**event, "key": "***"}
    assert (shown["destination"], shown["result"], shown["deliveries"]) == ("ads", "rejected", 1)
    assert shown["response"] == {"status": 400, "body": '{"error": "no such token"}'}
    assert json.loads(run("show", shown["id"], "--json").output) == [shown]


def test_show_finds_an_event_whose_id_looks_like_that_of_a_dead_letter(
    run: Run, redis_url: str
) -> None:
    bury_now(redis_url, "ads", [make_event(1, event_id="123-4")])
    assert "purchase (123-4)" in run("show", "123-4").output


def test_show_of_something_unknown(run: Run) -> None:
    result = run("show", "nobody\x1b")
    assert result.exit_code == 1
    assert "no dead letter has the event id or the id 'nobody" in result.output
    assert "\x1b" not in result.output


# replay


def test_replay_counts_asks_and_puts_back(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(n) for n in range(5)])
    result = run("replay", "--destination", "ads", answer="y\n")
    assert table_rows(result.output)[0][:2] == ["5", "ads"]
    assert "Replay 5 events? [y/N]" in result.output
    assert result.output.endswith("Replayed 5 of 5 events.\n")
    assert server.xlen(ADS.stream) == 5
    assert counts(server) == {"accepted": 10, "rejected": 5, "replayed": 5}


@pytest.mark.parametrize(
    ("words", "answer", "status"), [(["--dry-run"], None, 0), ([], "n\n", 1), ([], "", 1)]
)
@pytest.mark.parametrize("command", ["replay", "drop"])
def test_nothing_happens_unasked(
    run: Run,
    redis_url: str,
    server: SyncRedis,
    command: str,
    words: list[str],
    answer: str | None,
    status: int,
) -> None:
    bury_now(redis_url, "ads", [make_event(1)])
    result = run(command, *words, answer=answer)
    assert result.exit_code == status
    assert table_rows(result.output)[0][:2] == ["1", "ads"]
    assert server.xlen(ADS.dead) == 1
    assert counts(server) == {"accepted": 1, "rejected": 1}


def test_only_what_matches_is_replayed(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(1), make_event(2, event_name="refund")])
    bury_now(redis_url, "books", [make_event(3, event_name="refund")])
    run("replay", "--yes", "--event-name", "refund", "--destination", "ads")
    rows: Any = server.xrange(ADS.stream)
    assert [json.loads(fields[b"e"])["event"]["event_id"] for _, fields in rows] == ["event-2"]
    assert counts(server, "books") == {"accepted": 1, "rejected": 1}


def old_and_new(redis_url: str) -> None:
    """Buries two events at `books`, whose deadline is an hour: one past it, and one within it."""
    now = time.time()
    events = [make_event(1, timestamp=now - 4000), make_event(2, timestamp=now - 3000)]
    bury_now(redis_url, "books", events)


def test_what_would_expire_again_is_skipped(run: Run, redis_url: str, server: SyncRedis) -> None:
    old_and_new(redis_url)
    result = run("replay", "--yes")
    assert "Events past their deadline: 1. They are skipped" in result.output
    assert "Replayed 1 of 1 events." in result.output
    assert counts(server, "books") == {"accepted": 3, "rejected": 2, "replayed": 1}


def test_unless_it_is_wanted(run: Run, redis_url: str, server: SyncRedis) -> None:
    old_and_new(redis_url)
    result = run("replay", "--yes", "--include-expired")
    assert "Events past their deadline: 1. They will expire again." in result.output
    assert counts(server, "books")["replayed"] == 2


def test_a_dry_run_of_the_destination_is_pointed_out(run: Run, redis_url: str) -> None:
    bury_now(redis_url, "ads", [make_event(1)])
    assert "dry_run" not in run("replay", "--dry-run").output
    bury_now(redis_url, "trial", [make_event(1)])
    assert "trial has dry_run" in run("replay", "--dry-run").output


def test_a_replay_wakes_the_destination(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(n) for n in range(3)])
    server.delete(ADS.wake)
    run("replay", "--yes")
    assert server.llen(KEYS.queue_key) == 1
    assert server.exists(ADS.wake)


def test_a_paused_destination_is_left_asleep(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(1)])

    async def pause_it() -> None:
        async with connect_for_work(redis_url) as redis:
            await pause(redis, ADS, "HTTP 503", 60)

    asyncio.run(pause_it())
    server.delete(ADS.wake)
    run("replay", "--yes")
    assert (server.llen(KEYS.queue_key), server.xlen(ADS.stream)) == (0, 1)


def test_one_that_is_drained_is_not_woken(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(1)])
    server.delete(ADS.wake)
    server.zadd(ADS.drains, {"somebody": time.time() * 1000 + 60_000})
    run("replay", "--yes")
    assert (server.llen(KEYS.queue_key), server.xlen(ADS.stream)) == (0, 1)


def test_the_rate_is_kept(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(n) for n in range(31)])
    started = time.monotonic()
    run("replay", "--yes", "--rate", "20")
    assert time.monotonic() - started > 29 / 20
    assert counts(server)["replayed"] == 31


def test_what_failed_half_way_is_told(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(1)])
    server.config_set("maxmemory", 1)
    try:
        result = run("replay", "--yes")
    finally:
        server.config_set("maxmemory", 0)
    assert result.exit_code == 1
    assert "Replayed 0 of 1 events." in result.output
    assert "Redis refused the command: command not allowed when used memory" in result.output
    assert server.xlen(ADS.dead) == 1


def test_on_a_terminal_there_is_a_progress_bar(redis_url: str, config: Path) -> None:
    bury_now(redis_url, "ads", [make_event(n) for n in range(20)])
    words = ("dead-letters", "replay", "--rate", "20")
    with TerminalSession(*words, "--config", str(config), "--redis-url", redis_url) as session:
        session.wait_for("Replay 20 events? [y/N]")
        session.type("y\r")
        assert session.end() == 0
        assert "━" in session.screen
        assert re.search(r"\b(5|10|15)/20", session.screen), "it moves"
        assert "Replayed 20 of 20 events." in session.screen


def test_an_interrupted_replay_says_how_far_it_came(
    redis_url: str, config: Path, server: SyncRedis
) -> None:
    bury_now(redis_url, "ads", [make_event(n) for n in range(100)])
    words = ("dead-letters", "replay", "--yes", "--rate", "10")
    with TerminalSession(*words, "--config", str(config), "--redis-url", redis_url) as session:
        session.wait_for("4/100")
        session.interrupt()
        assert session.end() == 1
    replayed = counts(server)["replayed"]
    assert 0 < replayed < 100
    assert f"Replayed {replayed} of 100 events." in session.screen
    assert server.xlen(ADS.dead) + replayed == 100


# drop


def test_drop_counts_asks_and_deletes(run: Run, redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(n) for n in range(3)])
    result = run("drop", "--event-id", "event-1", answer="y\n")
    assert "Permanently drop 1 event? [y/N]" in result.output
    assert result.output.endswith("Dropped 1 of 1 events.\n")
    assert server.xlen(ADS.dead) == 2
    assert counts(server) == {"accepted": 3, "rejected": 3, "dropped": 1}


# mistakes, and where Redis is


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--destination", "book"], "there is no destination 'book'; did you mean 'books'?"),
        (
            ["--destination", "zzz"],
            "there is no destination 'zzz'; the destinations are ads, books, trial.",
        ),
        (["--since", "someday"], "'someday' is not a valid time"),
        (["--since", "1h", "--until", "2h"], "--since is later than --until"),
        (["--event-name", "K\udce4ufe"], "not UTF-8"),
        (["--limit", "9" * 30], "is not in the range"),
    ],
)
def test_mistakes_are_named(run: Run, words: list[str], message: str) -> None:
    result = run("list", *words)
    assert result.exit_code == 2
    assert message in result.output


def test_when_redis_does_not_answer(config: Path) -> None:
    where = ["--config", str(config), "--redis-url", "redis://:pass-word@127.0.0.1:1"]
    result = CliRunner().invoke(dead_letters, ["list", *where])
    assert result.exit_code == 1
    assert "Redis does not answer" in result.output
    assert "Check that it runs, and that redis.url or --redis-url names it." in result.output
    assert "pass-word" not in result.output


def test_a_url_that_is_none(config: Path) -> None:
    where = ["--config", str(config), "--redis-url", "localhost"]
    result = CliRunner().invoke(dead_letters, ["list", *where])
    assert result.exit_code == 2
    assert "--redis-url" in result.output
    assert "should begin with redis://" in result.output


def test_a_relative_data_folder_is_named_since_it_depends_on_where_the_command_runs(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", "data")
    monkeypatch.delenv("GATEWAY_REDIS_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(dead_letters, ["list", "--config", str(config)])
    assert result.exit_code == 1
    assert result.output.startswith("the gateway is not running: start it with `gateway run`. If")
    assert result.output.endswith(f"here, redis.data_dir is {tmp_path}/data\n")


@pytest.mark.parametrize("name", ["data", "a-long-name-" * 12])
def test_the_embedded_server_of_a_running_gateway_is_found(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Also if the path of the folder is too long for a socket, which is then elsewhere."""
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.delenv("GATEWAY_REDIS_URL", raising=False)

    def list_them() -> Result:
        return CliRunner().invoke(dead_letters, ["list", "--config", str(config)])

    not_running = "the gateway is not running: start it with `gateway run`\n"
    before = list_them()
    assert (before.output, before.exit_code) == (not_running, 1)
    with Valkey(folder) as embedded:
        bury_now(embedded.url, "ads", [make_event(1)])
        assert "event-1" in list_them().output
    after = list_them()
    assert (after.output, after.exit_code) == (not_running, 1)
