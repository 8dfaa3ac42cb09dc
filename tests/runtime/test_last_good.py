"""The last good configuration: one file for each gateway, replaced by the next start."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.runtime.last_good import (
    LAST_GOOD,
    LastGood,
    find_last_good,
    load_in_force,
    load_running,
)

GOOD = """
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""
OTHER = GOOD.replace("site", "shop")
BAD = GOOD.replace("webhook", "webhok")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, which only this test uses."""
    monkeypatch.setenv(LAST_GOOD, "")  # so that what the test sets is undone
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def no_folder(tmp_path: Path) -> Path:
    """A data folder that cannot be made."""
    file = tmp_path / "file"
    file.touch()
    return file / "data"


def named() -> Path:
    return Path(os.environ[LAST_GOOD])


def test_it_is_in_the_data_folder_for_its_owner_alone(tmp_path: Path, config: Path) -> None:
    LastGood(tmp_path / "new" / "data", "run", config).keep(GOOD)
    (path,) = (tmp_path / "new" / "data").iterdir()
    assert path == named()
    assert path.read_text() == GOOD
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_later_start_replaces_it(tmp_path: Path, config: Path, temporary: Path) -> None:
    LastGood(tmp_path / "data", "run", config).keep(GOOD)
    later = LastGood(tmp_path / "data", "run", config)
    later.keep(OTHER)
    assert [path.read_text() for path in (tmp_path / "data").iterdir()] == [OTHER]
    later.keep(GOOD)
    assert [path.read_text() for path in (tmp_path / "data").iterdir()] == [GOOD]
    (folder,) = temporary.iterdir()
    assert [path.resolve() for path in folder.iterdir()] == [named()]


def test_who_reads_it_meanwhile_reads_all_of_it(tmp_path: Path, config: Path) -> None:
    last_good = LastGood(tmp_path, "run", config)
    last_good.keep(GOOD)
    with named().open() as opened:
        last_good.keep(OTHER)
        assert opened.read() == GOOD


def test_gateways_that_share_a_data_folder_have_one_each(tmp_path: Path, config: Path) -> None:
    names = set()
    for command, path in [("run", config), ("work", config), ("work", config.with_name("b.yaml"))]:
        LastGood(tmp_path / "data", command, path).keep(GOOD)
        names.add(named())
    assert len(names) == 3


def test_it_is_a_temporary_file_where_the_data_folder_cannot_be_written(
    no_folder: Path, config: Path, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for text in (GOOD, OTHER):
        LastGood(no_folder, "work", config).keep(text)
        (folder,) = temporary.iterdir()
        assert list(folder.iterdir()) == [named()]
        assert named().read_text() == text
        assert folder.stat().st_mode & 0o077 == 0
    assert caplog.messages[0] == (
        f"saved the last good configuration in {named()}, because {no_folder} cannot be written: "
        "Not a directory"
    )


def test_where_nothing_can_be_written_the_configuration_file_counts_alone(
    no_folder: Path,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    last_good = LastGood(tmp_path / "data", "work", config)
    last_good.keep(GOOD)
    monkeypatch.setattr(tempfile, "tempdir", str(no_folder))
    (tmp_path / "data").rename(tmp_path / "away")
    (tmp_path / "data").touch()
    last_good.keep(OTHER)
    assert LAST_GOOD not in os.environ
    assert "cannot save the last good configuration: Not a directory" in caplog.text


def test_a_process_that_is_started_again_reads_it_if_the_file_has_mistakes(
    tmp_path: Path, config: Path
) -> None:
    config.write_text(BAD)
    with pytest.raises(ConfigurationError):
        load_running(config, allow_demo=False)
    LastGood(tmp_path, "run", config).keep(OTHER)
    assert set(load_running(config, allow_demo=False).sources) == {"shop"}
    config.write_text(GOOD)
    assert set(load_running(config, allow_demo=False).sources) == {"site"}


def test_a_command_finds_it_by_the_path_of_the_configuration_file_alone(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LastGood(tmp_path / "data", "work", config).keep(OTHER)
    config.write_text(BAD)
    monkeypatch.delenv(LAST_GOOD)
    monkeypatch.chdir(tmp_path)
    for path in (config, Path(config.name)):
        in_force = load_in_force(path)
        assert (set(in_force.settings.sources), in_force.rejected) == ({"shop"}, True)
        assert in_force.since == next((tmp_path / "data").iterdir()).stat().st_mtime


def test_a_good_file_counts_itself(tmp_path: Path, config: Path) -> None:
    assert (load_in_force(config).since, load_in_force(config).rejected) == (None, False)
    LastGood(tmp_path, "run", config).keep(GOOD)
    assert load_in_force(config).since == named().stat().st_mtime
    config.write_text(OTHER)
    in_force = load_in_force(config)
    assert set(in_force.settings.sources) == {"shop"}
    assert (in_force.since, in_force.rejected) == (None, False)


def test_the_newest_of_several_commands_is_in_force(tmp_path: Path, config: Path) -> None:
    for command, text, at in (("run", GOOD, 2000), ("work", OTHER, 1000)):
        LastGood(tmp_path / "data", command, config).keep(text)
        os.utime(named(), (at, at))
    found = find_last_good(config)
    assert found is not None
    assert (found.text, found.since) == (GOOD, 2000)


def test_where_the_data_folder_cannot_be_written_a_command_finds_it_too(
    no_folder: Path, config: Path
) -> None:
    LastGood(no_folder, "run", config).keep(OTHER)
    config.write_text(BAD)
    assert set(load_in_force(config).settings.sources) == {"shop"}


def test_the_mistakes_are_reported_when_no_gateway_has_kept_a_good_one(
    tmp_path: Path, config: Path
) -> None:
    other = config.with_name("other.yaml")
    LastGood(tmp_path / "data", "run", other).keep(GOOD)
    config.write_text(BAD)
    with pytest.raises(ConfigurationError, match="webhok"):
        load_in_force(config)


def test_a_folder_that_others_may_enter_is_not_trusted(
    tmp_path: Path, config: Path, temporary: Path
) -> None:
    LastGood(tmp_path / "data", "run", config).keep(OTHER)
    (folder,) = temporary.iterdir()
    folder.chmod(0o755)
    assert find_last_good(config) is None


def test_a_gateway_that_ends_leaves_nothing_in_the_temporary_folder(
    tmp_path: Path, config: Path, temporary: Path
) -> None:
    run, work = (LastGood(tmp_path / "data", each, config) for each in ("run", "work"))
    run.keep(GOOD)
    work.keep(OTHER)
    run.close()
    found = find_last_good(config)
    assert found is not None
    assert found.text == OTHER
    work.close()
    assert list(temporary.iterdir()) == []
    assert len(list((tmp_path / "data").iterdir())) == 2


def test_no_value_from_elsewhere_is_written(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "s3cret-variable")
    (tmp_path / "key").write_text("s3cret-file")
    config.write_text(GOOD.replace("collect", 'events, keys: ["${KEY}", "${file:key}"]'))
    LastGood(tmp_path / "data", "run", config).keep(load_settings(config).text)
    assert "s3cret" not in named().read_text()
    config.write_text(BAD)
    first, second = load_running(config, allow_demo=False).sources["site"].keys
    assert first.is_of("s3cret-variable")
    assert second.is_of("s3cret-file")
