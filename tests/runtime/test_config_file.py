"""A configuration file that changes while the gateway runs: the last good one stays in force."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.configuration.exposure import ADVICE, DemoRefused
from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.server import RedisSettings
from gateway.runtime import last_good as last_good_module
from gateway.runtime import reload as reload_module
from gateway.runtime.last_good import INHERITED_REDIS, LAST_GOOD, is_supervised, load_running
from gateway.runtime.reload import ConfigFile

GOOD = """
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""
OTHER = GOOD.replace("site", "shop")
BAD = GOOD.replace("webhook", "webhok")
DEMO = "server: {demo: true}\n" + OTHER


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def file(path: Path) -> ConfigFile:
    return ConfigFile(path, load_settings(path))


def replace(path: Path, text: str) -> None:
    """Replaces the file by another one, as editors do."""
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
    assert "new configuration rejected, keeping the current one" in record.message
    assert "webhook" in record.message  # the nearest valid name
    replace(path, OTHER)
    assert file.has_news()


def fails(*_: object) -> None:
    raise KeyError("s3cret of a plug-in")


def test_a_defect_in_a_check_is_a_mistake_like_any_other(
    file: ConfigFile, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.settings
    replace(path, OTHER)
    with monkeypatch.context() as broken:
        broken.setattr(reload_module, "load_settings", fails)
        assert not file.has_news()
    assert file.settings is before
    assert "rejected, keeping the current one: a check failed with KeyError" in caplog.text
    assert "s3cret" not in caplog.text
    assert file.has_news(anyway=True)


@pytest.mark.parametrize("good", [GOOD, OTHER], ids=["as before", "new"])
def test_a_file_that_is_good_again_is_logged_once(
    file: ConfigFile, path: Path, caplog: pytest.LogCaptureFixture, good: str
) -> None:
    caplog.set_level("INFO")
    assert not file.has_news()
    assert file.is_in_force(file.settings)
    replace(path, BAD)
    assert not file.has_news()
    assert not file.is_in_force(file.settings)
    caplog.clear()
    replace(path, good)
    assert file.has_news() == (good is OTHER)
    assert not file.has_news()
    assert file.is_in_force(file.settings)
    version = file.settings.version
    assert caplog.messages == [f"the configuration file is valid again, version {version}"]
    caplog.clear()
    assert not file.has_news(anyway=True)
    assert caplog.messages == []


SECRET = GOOD.replace("collect", 'events, keys: ["${file:key}"]')


def test_a_changed_secret_file_comes_into_force(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = tmp_path / "key"
    key.write_text("s3cret-1\n")
    path.write_text(SECRET)
    file = ConfigFile(path, load_settings(path))
    assert not file.has_news()
    key.write_text("s3cret-22\n")
    assert file.has_news()
    assert file.settings.sources["site"].keys[0].is_of("s3cret-22")
    assert not file.has_news()
    key.unlink()
    assert not file.has_news()
    assert not file.is_in_force(file.settings)
    assert "key: No such file or directory" in caplog.text
    replace(key, "s3cret-333")
    assert file.has_news()
    assert "s3cret" not in caplog.text


def test_a_secret_file_that_was_written_again_as_it_was_is_no_news(
    path: Path, tmp_path: Path
) -> None:
    replace(tmp_path / "key", "s3cret")
    path.write_text(SECRET)
    file = ConfigFile(path, load_settings(path))
    replace(tmp_path / "key", "s3cret")
    assert not file.has_news()


def test_what_the_web_part_has_not_taken_over_is_not_in_force(file: ConfigFile, path: Path) -> None:
    before = file.settings
    replace(path, OTHER)
    assert file.has_news()
    assert not file.is_in_force(before)


def test_a_process_that_starts_with_the_last_good_one_knows_that_the_file_is_rejected(
    path: Path,
) -> None:
    settings = load_settings(path)
    path.write_text(BAD)
    file = ConfigFile(path, settings)
    assert not file.has_news()
    assert not file.is_in_force(settings)


def test_a_change_right_after_the_start_is_not_missed(path: Path) -> None:
    settings = load_settings(path)
    path.write_text(OTHER)
    assert ConfigFile(path, settings).has_news()


def test_a_file_that_is_gone_changes_nothing(file: ConfigFile, path: Path) -> None:
    path.unlink()
    assert not file.has_news()
    assert not file.has_news(anyway=True)
    path.write_text(OTHER)
    assert file.has_news()


def test_what_needs_a_new_start_is_said(
    file: ConfigFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = file.settings.redis
    replace(path, OTHER + "redis: {url: redis://elsewhere, namespace: staging}\n")
    assert file.has_news()
    assert "restart the gateway to apply the changes to `redis`" in caplog.messages
    assert file.settings.redis == before
    assert set(file.settings.sources) == {"shop"}


def test_a_process_of_a_supervisor_uses_its_redis(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text(GOOD + "redis: {url: redis://elsewhere, namespace: staging}\n")
    assert not is_supervised()
    assert load_running(path, allow_demo=False).redis.namespace == "staging"
    inherited = RedisSettings(url="redis://here", namespace="shop")
    monkeypatch.setenv(INHERITED_REDIS, inherited.model_dump_json())
    assert is_supervised()
    settings = load_running(path, allow_demo=False)
    assert settings.redis == inherited
    assert settings.version == load_settings(path).version


def test_a_demo_for_strangers_is_logged_once_and_changes_nothing(
    file: ConfigFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = file.settings
    replace(path, DEMO)
    assert not file.has_news()
    assert not file.has_news()
    assert file.settings is before
    (record,) = caplog.records
    assert "new configuration rejected, keeping the current one" in record.message
    assert "server.demo" in record.message
    assert ADVICE in record.message
    replace(path, OTHER)
    assert file.has_news()
    assert set(file.settings.sources) == {"shop"}


def test_a_demo_that_is_allowed_comes_into_force(path: Path) -> None:
    file = ConfigFile(path, load_settings(path), allow_demo=True)
    replace(path, DEMO)
    assert file.has_news()
    assert file.settings.server.demo


@pytest.fixture
def last_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the supervisor keeps for the processes that it starts again."""
    kept = tmp_path / "last-good"
    kept.write_text(GOOD)
    monkeypatch.setenv(LAST_GOOD, str(kept))
    return kept


@pytest.mark.parametrize(
    ("text", "allow_demo", "source"),
    [
        (OTHER, False, "shop"),
        (BAD, False, "site"),
        (BAD, True, "site"),
        (DEMO, False, "site"),
        (DEMO, True, "shop"),
    ],
    ids=["good", "mistake", "mistake, allowed", "demo", "demo, allowed"],
)
def test_a_process_that_is_started_again_has_what_is_in_force(
    path: Path, last_good: Path, text: str, allow_demo: bool, source: str
) -> None:
    path.write_text(text)
    assert set(load_running(path, allow_demo).sources) == {source}


@pytest.mark.parametrize("text", [GOOD, OTHER, BAD, ""], ids=["same", "good", "mistake", "empty"])
def test_a_process_of_a_supervisor_has_what_that_has_put_in_force(
    path: Path, last_good: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(INHERITED_REDIS, RedisSettings(url="redis://here").model_dump_json())
    path.write_text(text)
    assert set(load_running(path, allow_demo=False).sources) == {"site"}


def test_and_the_file_where_that_can_no_longer_be_used(
    path: Path, last_good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INHERITED_REDIS, RedisSettings(url="redis://here").model_dump_json())
    last_good.write_text(SECRET)  # its secret file does not exist
    path.write_text(OTHER)
    assert set(load_running(path, allow_demo=False).sources) == {"shop"}


def test_so_has_one_that_starts_while_a_check_has_a_defect(
    path: Path, last_good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text(OTHER)
    monkeypatch.setattr(last_good_module, "load_settings", fails)
    assert set(load_running(path, allow_demo=False).sources) == {"site"}


def test_what_was_in_force_is_no_way_to_a_demo(path: Path, last_good: Path) -> None:
    path.write_text(BAD)
    last_good.write_text(DEMO)
    with pytest.raises(DemoRefused):
        load_running(path, allow_demo=False)
    assert load_running(path, allow_demo=True).server.demo


def test_a_process_without_a_file_of_the_last_good_one_is_told_why_it_cannot_start(
    path: Path, last_good: Path
) -> None:
    path.write_text(BAD)
    last_good.unlink()
    with pytest.raises(ConfigurationError, match="webhok"):
        load_running(path, allow_demo=False)


def test_a_process_that_nobody_supervises_is_told_why_it_cannot_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LAST_GOOD, raising=False)
    path.write_text(DEMO)
    with pytest.raises(DemoRefused, match=r"1: server\.demo: "):
        load_running(path, allow_demo=False)
