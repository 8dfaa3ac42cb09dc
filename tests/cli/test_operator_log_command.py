"""`gateway operator-log`: each command that changes stored events leaves a line without ids."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gateway.operations import erasing
from gateway.redis_client.connect import connect_for_work
from tests.support.dead_letters import bury
from tests.support.events import make_event

Run = Callable[..., Result]

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
sources: {{site: {{type: collect}}}}
redis: {{url: "{url}", data_dir: {data}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/"}}
"""
EMAIL = "anna@shop.example"


@pytest.fixture
def config(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gateway with four dead letters."""
    monkeypatch.setattr(erasing, "BLIND_SECONDS", 0)
    monkeypatch.setattr(erasing, "MARGIN_SECONDS", 0)
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG.format(url=redis_url, data=tmp_path / "data"))

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            events = [make_event(n, user_data={"email_address": EMAIL}) for n in range(4)]
            await bury(redis, "ads", events, "rejected", "HTTP 400")

    asyncio.run(fill())
    return path


def logged(run: Run, config: Path) -> list[dict[str, object]]:
    result = run("operator-log", "--config", config)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_action_has_a_line(run: Run, config: Path, tmp_path: Path) -> None:
    for words in (
        ("dead-letters", "replay", "--event-id", "event-0", "--yes"),
        ("dead-letters", "edit", "event-1", "--set", f"user_data.x={EMAIL}", "--yes"),
        ("dead-letters", "drop", "--destination", "ads", "--event-id", "event-2", "--yes"),
        ("access", EMAIL),
        ("erase", EMAIL, "--yes"),
    ):
        assert run(*words, "--config", config).exit_code == 0
    lines = logged(run, config)
    found = {"ledger": 0, "pending, ads": 1, "dead letters, ads": 1, "quarantine": 0}
    assert [(line["command"], line["counts"]) for line in lines] == [
        ("dead-letters replay", {"events": 1}),
        ("dead-letters edit", {"events": 1}),
        ("dead-letters drop", {"events": 1}),
        ("access", found),  # without the edited event: ads may not have the address in it
        ("erase", found),
    ]
    assert {line["user"] for line in lines} == {getpass.getuser()}
    assert lines[2]["arguments"]["destinations"] == ["ads"]  # type: ignore[index]
    assert lines[3]["arguments"] == lines[4]["arguments"]
    text = (tmp_path / "data" / "operators.log").read_text()
    assert EMAIL not in text
    assert "event-" not in text
    assert "salt" not in text
    result = run("operator-log", "--verify", "--config", config)
    assert (result.exit_code, "5 actions" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    "words",
    [
        ("dead-letters", "list"),
        ("dead-letters", "drop", "--dry-run"),
        ("dead-letters", "drop", "--event-id", "none", "--yes"),
        ("erase", EMAIL, "--dry-run"),
    ],
)
def test_what_changes_nothing_leaves_no_line(
    run: Run, config: Path, words: tuple[str, ...]
) -> None:
    assert run(*words, "--config", config).exit_code == 0
    assert logged(run, config) == []


def test_a_change_is_found(run: Run, config: Path, tmp_path: Path) -> None:
    for _ in range(2):
        run("access", EMAIL, "--config", config)
    log = tmp_path / "data" / "operators.log"
    log.write_text(log.read_text().replace('"ledger":0', '"ledger":1', 1))
    result = run("operator-log", "--verify", "--config", config)
    assert result.exit_code == 1
    assert "line 2 does not follow" in result.stderr


def test_a_log_that_cannot_be_written_is_said(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "operators.log").mkdir(parents=True)
    result = run("dead-letters", "drop", "--yes", "--config", config)
    assert result.exit_code == 0
    assert "Dropped 4 of 4" in result.stdout
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize("words", [("operator-log",), ("access", EMAIL)])
def test_output_that_is_read_in_part_ends_without_a_word(
    run: Run, config: Path, words: tuple[str, ...]
) -> None:
    run("access", EMAIL, "--config", config)
    read, write = os.pipe()
    os.close(read)  # like `head` after its last line
    command = [sys.executable, "-m", "gateway", *words, "--config", config]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, timeout=120)
    os.close(write)
    assert ended.stderr == b""
    assert ended.returncode == 1
