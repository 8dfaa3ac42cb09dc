"""A real PostgreSQL server for tests, from installed binaries, such as those of Debian."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from functools import partial
from pathlib import Path

import pytest

from gateway.system.processes import die_with_parent
from tests.support.gateway_process import wait_for

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=")


class PostgreSQL:
    """Listens on a socket in a folder of its own, as long as the context lasts. Where tests run as
    root it runs as another user, since it refuses root."""

    def __enter__(self) -> PostgreSQL:
        self._programs = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path is short
        self._user = _unprivileged()
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self.folder / "data"
        try:
            self._run("initdb", "--no-sync", "-A", "trust", "-U", "tests", "-D", str(self._data))
            self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end(signal.SIGQUIT)  # at once, without writing to the disk
        shutil.rmtree(self.folder)

    def start(self) -> None:
        options = [word for each in _FAST for word in ("-c", each)]
        command = [self._programs / "postgres", "-D", self._data, "-k", self.folder, *options]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=partial(_become, self._user),
            cwd=self.folder,
        )
        wait_for(self._is_ready, 60, "PostgreSQL to be ready")

    def stop(self) -> None:
        """Stops the server and ends open connections."""
        self._end(signal.SIGINT)

    def new_database(self) -> str:
        """The URL of an empty database."""
        import psycopg

        name = f"db{uuid.uuid4().hex}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return self._url(name)

    def _end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(60)

    def _url(self, database: str) -> str:
        return f"postgresql://tests@/{database}?host={self.folder}"

    def _is_ready(self) -> bool:
        import psycopg

        assert self._process.poll() is None, "PostgreSQL ended"
        try:
            psycopg.connect(self._url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._programs / program, *words],
            capture_output=True,
            text=True,
            preexec_fn=partial(_become, self._user),
            cwd=self.folder,
        )
        assert done.returncode == 0, done.stderr


def why_not(_: object = None) -> str:
    """Why this machine cannot run PostgreSQL; "" if it can."""
    try:
        _programs()
    except pytest.skip.Exception as skipped:
        return str(skipped)
    return ""


def _programs() -> Path:
    """The folder of PostgreSQL's programs; skips the test if there are none."""
    pytest.importorskip("psycopg")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    pytest.skip("PostgreSQL is not installed: install the package postgresql of your system")


def _version(program: Path) -> int:
    return int(program.parts[-3]) if program.parts[-3].isdigit() else 0


def _unprivileged() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.getuid() == 0 else None


def _become(user: pwd.struct_passwd | None) -> None:
    """Runs in the new process, before its program."""
    if user:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    die_with_parent(signal.SIGINT)
