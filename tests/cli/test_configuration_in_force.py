"""While the configuration file has mistakes, operators' commands use the last good one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from click.testing import Result

from gateway.runtime.last_good import LAST_GOOD, LastGood
from tests.cli.conftest import Run

GOOD = """
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""
BAD = GOOD.replace("webhook", "webhok")
COMMANDS = [
    ("status",),
    ("dead-letters", "list"),
    ("dead-letters", "show", "event-1"),
    ("dead-letters", "replay", "--dry-run"),
    ("quarantine", "list"),
    ("quarantine", "show", "event-1"),
    ("quarantine", "release", "--dry-run"),
]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a mistake, of a gateway that runs with the last good configuration."""
    monkeypatch.setenv(LAST_GOOD, "")  # so that the value that `keep` sets is undone
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "gateway.yaml"
    LastGood(tmp_path / "data", "run", path).keep(GOOD)
    path.write_text(BAD)
    return path


def in_words(run: Run, words: tuple[str, ...], config: Path, url: str) -> Result:
    return run(*words, "--config", config, "--redis-url", url)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_uses_the_configuration_in_force_and_says_so(
    run: Run, config: Path, redis_url: str, words: tuple[str, ...]
) -> None:
    result = in_words(run, words, config, redis_url)
    config.write_text(GOOD)
    expected = in_words(run, words, config, redis_url)
    assert result.exit_code == expected.exit_code
    assert len(result.stdout.splitlines()) == len(expected.stdout.splitlines())
    added = result.stderr.removesuffix(expected.stderr)
    assert added.startswith(f"{config} has mistakes: using the configuration in force (")
    assert len(added.splitlines()) == 1


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_file_that_was_never_good_is_reported_as_check_does(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(BAD)
    result = run(*words, "--config", path)
    assert (result.exit_code, result.stderr) == (2, run("check", path).stderr)
