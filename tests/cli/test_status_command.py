"""`gateway status`, for people and for programs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from redis import Redis as SyncRedis
from rich.console import Console

from gateway.cli.main import main
from gateway.cli.status import status
from gateway.cli.status_view import screen
from gateway.configuration.load import load_settings
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.status import COUNTED, DestinationStatus, LastError, LastWarning, Status
from gateway.queue.bounds import HOLD, Bound
from gateway.queue.pause import Pause
from gateway.runtime.last_good import LAST_GOOD, LastGood
from tests.support.dead_letters import bury_now
from tests.support.events import make_event
from tests.support.keys import ADS
from tests.support.terminal_session import TerminalSession
from tests.support.valkey_server import Valkey

CONFIG = """
sources: {site: {type: collect}}
destinations:
  ads: {type: webhook, url: "https://ads.example/"}
  books: {type: webhook, url: "https://books.example/", dry_run: true}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def run(redis_url: str, config: Path) -> Callable[..., Result]:
    def run(*words: str) -> Result:
        common = ["--config", str(config), "--redis-url", redis_url]
        return CliRunner().invoke(status, [*words, *common])

    return run


def busy(**more: Any) -> DestinationStatus:
    """A destination with large numbers and every kind of problem."""
    state: dict[str, Any] = {
        "pending": 1_234_567,
        "submitted": 0,
        "oldest_pending": 7200.0,
        "in_flight": 128,
        "delivered_per_minute": 12_345.6,
        "last_error": LastError(940.0, "HTTP 401: \x1b[2J[red]no such token[/red] " + "x" * 120),
        "last_warning": LastWarning(970.0, "99 % of Meta's rate limit is used"),
        "version_warning": "the vendor ends version v25.0 of its API on 2027-02-23",
        "credential_warning": "the refresh token of the credential crm ends on 2026-12-24",
        "pause": Pause(90.0, "HTTP 503: busy", 4),
        "pauses": 4,
        "dead_letters": 45_678,
        "dead_letter_bytes": 99_999_999,
        "removed": {"count": 1_000_000, "bytes": 234_574, "age": 0},
        "full": "destination-0 has 1234567 pending events, as many as it may have",
        "outcomes": {
            **{name: 1_234_567 + n for n, name in enumerate(COUNTED)},
            "replayed": 123_456_789,
            "dropped": 99_999_900_000,
        },
        "withheld": [],
        "balanced": False,
    }
    return DestinationStatus(**{**state, **more})


def rendered(
    *destinations: DestinationStatus, width: int = 100, full: str | None = None
) -> list[str]:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        named = {f"destination-{n}": each for n, each in enumerate(destinations)}
        console.print(screen(Status(1000.0, full, named)))
    return capture.get().splitlines()


def test_it_is_a_command_of_the_gateway() -> None:
    assert main.commands["status"] is status


def test_everything_can_be_read_at_100_columns() -> None:
    lines = rendered(busy(), busy(balanced=True), full="the memory of Redis is nearly full")
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    for words in (
        *("1234567", "2 h", "128", "12346", "45678", "90 s"),
        "all            full, rejecting events  the memory of Redis is nearly full",
        "destination-0  full, rejecting events  destination-0 has 1234567 pending events, as",
        *("paused (4 in a row)", "HTTP 503: busy", "last error, 60 s ago"),
        *(f"{1_234_567 + n}" for n in range(5)),
        *("123.5 M", "99999.9 M", "1234574", "FAILED", "audit failed", "ok"),
        "HTTP 401: \\u001b[2J[red]no such token[/red]",
    ):
        assert words in text
    assert "…" not in text
    assert "\x1b" not in text


def test_destinations_that_run_dry_are_named() -> None:
    text = " ".join(rendered(busy(dry_run=True), busy(), busy(dry_run=True)))
    assert "destination-0, destination-2 run dry: their events count as delivered" in text
    assert "destination-0 runs dry: its events" in " ".join(rendered(busy(dry_run=True)))
    assert "run dry" not in " ".join(rendered(busy()))


def test_without_troubles_there_is_no_table_of_them() -> None:
    well = busy(
        last_error=None,
        last_warning=None,
        version_warning="",
        credential_warning="",
        pause=None,
        pauses=0,
        full=None,
        balanced=True,
    )
    assert not any("Problems" in line for line in rendered(well))
    assert any("Problems" in line for line in rendered(well, full="the memory is nearly full"))
    assert any("Problems" in line for line in rendered(busy(pause=None)))
    assert any("full, rejecting" in line for line in rendered(busy(pause=None, last_error=None)))
    assert any("3 pauses in a row" in line for line in rendered(busy(pause=None, pauses=3)))


def test_limits_of_which_half_is_used_are_shown() -> None:
    bounds = [
        Bound("pending_bytes", "destination-0", 80_000_000, 100_000_000),
        Bound("pending_events", "destination-0", 49, 100),
        Bound("held_events", HOLD, 50, 100),
    ]
    console = Console(width=100, force_terminal=False)
    with console.capture() as capture:
        console.print(screen(Status(1000.0, None, {"destination-0": busy()}, bounds=bounds)))
    text = capture.get()
    for words in ("Limits", "bytes of pending events", "80%", "events held for consent", "50%"):
        assert words in text
    assert "49%" not in text


def test_what_a_person_sees(run: Callable[..., Result], redis_url: str) -> None:
    bury_now(redis_url, "ads", [make_event(1)])
    result = run()
    assert result.exit_code == 0
    cells = [line.split() for line in result.output.splitlines()]
    assert ["ads", "0", "-", "0", "0", "1", "-"] in cells
    assert ["ads", "1", "0", "0", "1", "0", "0", "0", "0", "ok"] in cells
    assert ["books", "0", "0", "0", "0", "0", "0", "0", "0", "ok"] in cells


def test_what_a_program_gets(run: Callable[..., Result], redis_url: str, server: SyncRedis) -> None:
    bury_now(redis_url, "ads", [make_event(1)])
    server.set(ADS.error, json.dumps({"at": 1.5, "reason": "no\x9b"}))
    result = run("--json")
    assert result.exit_code == 0
    assert "\x9b" not in result.output
    read = json.loads(result.output)
    ads = read["destinations"]["ads"]
    assert (ads["dead_letters"], ads["pending"], ads["balanced"]) == (1, 0, True)
    assert ads["last_error"] == {"at": 1.5, "reason": "no\x9b"}
    assert (ads["outcomes"]["rejected"], ads["outcomes"]["removed"]) == (1, 0)
    assert ads["removed"] == {"count": 0, "bytes": 0, "age": 0}
    assert ads["dead_letter_bytes"] > 100
    assert read["destinations"]["books"]["oldest_pending"] is None
    assert (read["full"], ads["full"]) == (None, None)
    assert [each["dry_run"] for each in read["destinations"].values()] == [False, True]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (ConfigurationState("abc", None), "Configuration abc."),
        (ConfigurationState("abc", 400.0), "Configuration abc, in force for 10 min."),
        (
            ConfigurationState("abc", 1001.0, rejected=True),
            "Configuration abc, in force for 0 s. The file on disk has mistakes and is rejected.",
        ),
    ],
    ids=["nothing more is known", "age", "rejected"],
)
def test_the_configuration_is_the_last_line(state: ConfigurationState, line: str) -> None:
    console = Console(width=100, force_terminal=False)
    with console.capture() as capture:
        console.print(screen(Status(1000.0, None, {}, configuration=state)))
    assert capture.get().splitlines() == [line, ""]


def test_a_program_gets_the_configuration_too(
    run: Callable[..., Result], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LAST_GOOD, "")  # so that the value that `keep` sets is undone
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    version = load_settings(config).version
    unknown = {"version": version, "since": None, "rejected": False}
    assert json.loads(run("--json").stdout)["configuration"] == unknown
    LastGood(tmp_path / "data", "work", config).keep(CONFIG)
    since = Path(os.environ[LAST_GOOD]).stat().st_mtime
    known = {"version": version, "since": since, "rejected": False}
    assert json.loads(run("--json").stdout)["configuration"] == known
    config.write_text(CONFIG.replace("webhook", "webhok"))
    assert json.loads(run("--json").stdout)["configuration"] == {**known, "rejected": True}


def test_when_redis_does_not_answer(config: Path) -> None:
    where = ["--config", str(config), "--redis-url", "redis://:pass-word@127.0.0.1:1"]
    result = CliRunner().invoke(status, where)
    assert result.exit_code == 1
    assert "Redis does not answer" in result.output
    assert "pass-word" not in result.output


@pytest.mark.parametrize("words", [["--watch"], ["--watch", "--json"]])
def test_a_watch_needs_a_terminal(run: Callable[..., Result], words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "--watch needs a terminal" in result.output


def test_a_watch_redraws_until_it_is_interrupted(
    config: Path, redis_url: str, server: SyncRedis, valkey: Valkey
) -> None:
    server.hset(ADS.counts, "pauses", "77")
    where = ("--config", str(config), "--redis-url", redis_url)
    with TerminalSession("status", "--watch", *where) as session:
        session.wait_for("77 pauses in a row")
        server.hset(ADS.counts, "pauses", "88")
        session.wait_for("88 pauses in a row")
        valkey.suspend()
        try:
            session.wait_for("Redis does not answer")
        finally:
            valkey.resume()
        server.hset(ADS.counts, "pauses", "99")
        session.wait_for("99 pauses in a row")
        session.interrupt()
        assert session.end() == 0
        assert "Traceback" not in session.screen
