"""The log of operators' actions: lines of JSON, each with the SHA-256 digest of the line before.

A line that is changed, removed or inserted breaks the chain at the following line. Nothing follows
the last line: to prove that no lines were cut off at the end, its digest must be kept elsewhere.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Any

import orjson

from gateway.configuration.settings import Settings
from gateway.ledger.folder import LedgerFolder
from gateway.redis_client.namespace import DEFAULT_NAMESPACE
from gateway.system.private_files import create_private, make_private_folder

START = "0" * 64
"""Stands for the digest of the line before, in the first line."""

_BLOCK = 8192


@dataclass(frozen=True, slots=True)
class Chain:
    """lines: how many were checked. head: digest of the last line that follows from the one before.
    broken: the number of the first line that does not, None if all do."""

    lines: int
    head: str
    broken: int | None = None


@dataclass(frozen=True, slots=True)
class OperatorLog:
    """path: of the file, which may not exist yet."""

    path: Path

    @classmethod
    def of(cls, settings: Settings) -> OperatorLog:
        """In the folder of the ledger, or without one in `redis.data_dir` of this machine."""
        if settings.has_ledger and settings.ledger.url is None:
            return cls(LedgerFolder.of(settings).path / "operators.log")
        namespace = settings.redis.namespace
        suffix = "" if namespace == DEFAULT_NAMESPACE else f"-{namespace}"
        return cls(settings.redis.data_dir / f"operators{suffix}.log")

    def append(self, action: Mapping[str, Any]) -> None:
        """Returns once a line with `action` is on disk. Several processes may append at once.
        Raises OSError."""
        make_private_folder(self.path.parent)
        create_private(self.path)
        with self.path.open("rb+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = _last_line(file)
            torn = bool(text) and not text.endswith(b"\n")  # by a crash; it stays as a line
            before = _digest(text.removesuffix(b"\n")) if text else START
            line = orjson.dumps({**action, "before": before})
            _write(file, (b"\n" if torn else b"") + line + b"\n")
            os.fsync(file.fileno())

    def lines(self) -> Iterator[bytes]:
        """Oldest first. Raises OSError."""
        if self.path.exists():
            with self.path.open("rb") as file:
                for line in file:
                    yield line.removesuffix(b"\n")

    def check(self) -> Chain:
        """Whether each line follows from the one before. Raises OSError."""
        head, number = START, 0
        for number, line in enumerate(self.lines(), 1):
            if _before(line) != head:
                return Chain(number, head, number)
            head = _digest(line)
        return Chain(number, head)


def _last_line(file: FileIO) -> bytes:
    """The last line of `file`, with its newline if it has one; empty if there is none. Leaves the
    position at the end of the file."""
    found, start = b"", file.seek(0, os.SEEK_END)
    while start > 0 and b"\n" not in found[:-1]:
        size = min(_BLOCK, start)
        start = file.seek(start - size)
        found = file.read(size) + found
    file.seek(0, os.SEEK_END)
    return found[found.rfind(b"\n", 0, -1) + 1 :]


def _write(file: FileIO, text: bytes) -> None:
    """Writes all of `text` at the end of `file`, or nothing: part of a line would break the chain
    for good. Raises OSError."""
    end = file.tell()
    try:
        if file.write(text) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        file.truncate(end)
        raise


def _digest(line: bytes) -> str:
    return sha256(line).hexdigest()


def _before(line: bytes) -> str | None:
    try:
        return str(orjson.loads(line)["before"])
    except (KeyError, TypeError, ValueError):
        return None
