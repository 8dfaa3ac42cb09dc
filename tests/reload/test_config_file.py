"""A configuration file that changes while the gateway runs: the last good one stays in force."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.reload import ConfigFile
from gateway.settings import load_settings

GOOD = """
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""
OTHER = GOOD.replace("site", "shop")
BAD = GOOD.replace("webhook", "webhok")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def file(path: Path) -> ConfigFile:
    return ConfigFile(path, load_settings(path))


def replace(path: Path, text: str) -> None:
    """As editors do it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def test_a_file_that_stays_has_no_news(file: ConfigFile) -> None:
    assert not file.has_news()
    assert not file.has_news(anyway=True)


@pytest.mark.parametrize("write", [Path.write_text, replace])
def test_what_is_written_comes_into_force(file: ConfigFile, path: Path, write: object) -> None:
    before = file.settings
    write(path, OTHER)  # type: ignore[operator]
    assert file.has_news()
    assert set(file.settings.sources) == {"shop"}
    assert file.settings.version != before.version
    assert not file.has_news()


def test_mistakes_are_logged_once_and_change_nothing(
    file: ConfigFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = file.settings
    replace(path, BAD)
    assert not file.has_news()
    assert not file.has_news()
    assert file.settings is before
    (record,) = caplog.records
    assert "the configuration stays as it was" in record.message
    assert "webhook" in record.message  # the nearest valid name
    replace(path, OTHER)
    assert file.has_news()


def test_a_file_that_is_gone_changes_nothing(file: ConfigFile, path: Path) -> None:
    path.unlink()
    assert not file.has_news()
    assert not file.has_news(anyway=True)
    path.write_text(OTHER)
    assert file.has_news()


def test_what_needs_a_new_start_is_said(
    file: ConfigFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    replace(path, GOOD + "redis: {url: redis://elsewhere}\n")
    assert file.has_news()
    assert "`redis` takes effect when the gateway is started again" in caplog.messages
