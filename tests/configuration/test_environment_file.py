"""Values for `${NAME}` from the file `.env` next to the configuration."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from gateway.configuration.environment import Environment
from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.runtime.reload import ConfigFile

CONFIGURATION = """\
sources: {}
destinations: {ads: {type: meta, pixel_id: "1", access_token: "${OUR_TOKEN}"}}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("OUR_TOKEN", raising=False)
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIGURATION)
    return path


def token(config: Path) -> str:
    (ads,) = load_settings(config).destinations.values()
    secret: str = ads.access_token.get_secret_value()  # type: ignore[attr-defined]
    return secret


def test_a_variable_comes_from_the_file(config: Path) -> None:
    config.with_name(".env").write_text("OUR_TOKEN=of-the-file\n")
    assert token(config) == "of-the-file"


def test_the_environment_wins(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.with_name(".env").write_text("OUR_TOKEN=of-the-file\n")
    monkeypatch.setenv("OUR_TOKEN", "of-the-process")
    assert token(config) == "of-the-process"


def test_it_is_the_file_of_that_folder_wherever_the_command_runs(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = config.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("OUR_TOKEN=of-elsewhere\n")
    config.with_name(".env").write_text("OUR_TOKEN=of-the-folder\n")
    monkeypatch.chdir(elsewhere)
    assert token(config) == "of-the-folder"


def test_a_given_environment_is_all_that_there_is(config: Path) -> None:
    config.with_name(".env").write_text("OUR_TOKEN=of-the-file\n")
    with pytest.raises(ConfigurationError, match="the environment has no OUR_TOKEN"):
        load_settings(config, {})


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("OUR_TOKEN=a", "a"),
        ("export OUR_TOKEN=a", "a"),
        ('OUR_TOKEN="a b"  # a comment', "a b"),
        ("OUR_TOKEN='a#b'", "a#b"),
        ("OUR_TOKEN=a${HOME}$x", "a${HOME}$x"),
        ("\ufeffOUR_TOKEN=a\r", "a"),
        ("OUR_TOKEN=", ""),
    ],
)
def test_how_a_line_is_read(tmp_path: Path, line: str, value: str) -> None:
    (tmp_path / ".env").write_text(f"{line}\n", encoding="utf-8")
    variables = Environment(tmp_path).variables
    assert variables == {"OUR_TOKEN": value, **os.environ}


def test_without_the_file_it_is_the_process_alone(tmp_path: Path) -> None:
    assert Environment(tmp_path).variables == os.environ


@pytest.mark.parametrize("content", [b"OUR_TOKEN=\xff", b"A=" + b"a" * 70_000, None])
def test_a_file_that_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    path = tmp_path / ".env"
    path.mkdir() if content is None else path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert Environment(tmp_path).variables == os.environ
    assert f"cannot read {path}, so its variables are not used" in caplog.text


def test_a_gateway_follows_the_file(config: Path) -> None:
    env = config.with_name(".env")
    env.write_text("OUR_TOKEN=first\n")
    file = ConfigFile(config, load_settings(config))
    file.has_news()
    assert not file.has_news()
    env.write_text("OUR_TOKEN=second-token\n")
    assert file.has_news()
    assert [*file.settings.destinations["ads"].secrets()] == ["second-token"]


def test_a_gateway_follows_a_file_that_appears(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "of-the-process")
    file = ConfigFile(config, load_settings(config))
    file.has_news()
    monkeypatch.delenv("OUR_TOKEN")
    config.with_name(".env").write_text("OUR_TOKEN=of-the-file\n")
    assert file.has_news()
    assert [*file.settings.destinations["ads"].secrets()] == ["of-the-file"]
