"""Other users of the machine cannot read anything that the gateway keeps on disk."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis

from gateway.queue.append_batch import AppendBatch
from gateway.runtime.embedded import EmbeddedServer, embedded_url
from gateway.runtime.last_good import LastGood
from gateway.spool.folder import SpoolFolder
from gateway.spool.row import Row
from gateway.system.private_files import create_private, make_private_folder
from tests.support import plain_http
from tests.support.gateway_process import Gateway

CONFIG = """
enrichment: []
sources: {{site: {{type: collect}}}}
destinations: {{hook: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}}}
redis: {{url: "{url}"}}
"""


@pytest.fixture(autouse=True, params=[0o000, 0o022], ids=["umask 0", "umask 22"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    """Every folder, file and socket that another user could use, with its mode."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        with suppress(FileNotFoundError):  # SQLite may just have removed its journal
            if mode(path) & 0o077:
                found.append(f"{path} {mode(path):o}")
    return found


def test_a_gateway_that_runs_leaves_nothing_open(tmp_path: Path) -> None:
    with Gateway(tmp_path, CONFIG.format(url="embedded")) as gateway:
        body = {"event_name": "page_view"}
        assert plain_http.post(f"{gateway.url}/collect", json=body).status_code == 204
        data = tmp_path / "data"
        names = {path.name for path in data.rglob("*")}
        assert {"gateway.lock", "url", "valkey.log", "valkey.sock", "appendonlydir"} <= names
        assert any(name.startswith("last-good-") for name in names)
        assert any(name.endswith(".aof") for name in names)
        assert mode(data) == 0o700
        assert open_to_others(data) == []


def test_events_that_wait_on_disk_are_private(tmp_path: Path) -> None:
    with Gateway(tmp_path, CONFIG.format(url="embedded")) as gateway:
        url = embedded_url(tmp_path / "data")
        assert url
        with Redis.from_url(url) as redis:
            server = redis.info("server")["process_id"]
        os.kill(server, signal.SIGSTOP)
        try:
            body = {"event_name": "page_view"}
            answer = plain_http.post(f"{gateway.url}/collect", json=body, timeout=60)
            assert answer.status_code == 204
            spool = tmp_path / "data" / "spool"
            assert {".sqlite", ".lock"} <= {path.suffix for path in spool.iterdir()}
            assert open_to_others(tmp_path / "data") == []
        finally:
            os.kill(server, signal.SIGCONT)


def test_the_spool_makes_private_files(tmp_path: Path) -> None:
    spool = SpoolFolder(tmp_path / "data" / "spool", 1_000_000)
    spool.adopt()
    spool.put([Row.of(AppendBatch())])
    names = {path.suffix for path in spool.folder.iterdir()}
    assert {".sqlite", ".lock", ".sqlite-wal"} <= names
    assert open_to_others(tmp_path / "data") == []
    spool.close()


def test_the_last_good_configuration_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("GATEWAY_LAST_GOOD", "")
    LastGood(tmp_path / "data", "work", tmp_path / "gateway.yaml").keep("secret: s3cr3t\n")
    assert len(list((tmp_path / "data").iterdir())) == 1
    assert open_to_others(tmp_path / "data") == []


def test_a_folder_with_wider_rights_is_narrowed_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    (data / "lost+found").mkdir(mode=0o700)
    for _ in range(2):
        EmbeddedServer(data)
    assert mode(data) == 0o700
    (line,) = caplog.messages
    assert str(data) in line
    assert "755" in line


def test_a_folder_that_others_may_need_is_left_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "somebody.txt").write_text("else's")
    for _ in range(2):
        make_private_folder(shared)
    assert mode(shared) == 0o755
    (line,) = caplog.messages
    assert "files that are not the gateway's" in line


def test_folders_above_are_made_private_and_those_that_exist_stay(tmp_path: Path) -> None:
    before = mode(tmp_path)
    make_private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / each) for each in ("a", "a/b", "a/b/c")] == [0o700] * 3
    assert mode(tmp_path) == before


def test_a_file_where_the_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    for path in (tmp_path / "data", tmp_path / "data" / "valkey"):
        with pytest.raises(OSError, match="data"):
            make_private_folder(path)


def test_a_file_that_exists_is_narrowed_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text("unix://x")
    path.chmod(0o644)
    create_private(path)
    assert (mode(path), path.read_text()) == (0o600, "unix://x")
