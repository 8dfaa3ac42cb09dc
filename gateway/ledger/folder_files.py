"""The files in the folder of the ledger, and the lock of the process that writes."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.ledger.errors import LedgerTaken
from gateway.system.private_files import create_private, make_private_folder

_DAY_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.sqlite(?:-wal|-shm)?")
_FAILURES_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.failures\.sqlite(?:-wal|-shm)?")


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """path: of the folder, which may not exist yet."""

    path: Path

    @property
    def counts(self) -> Path:
        return self.path / "counts.sqlite"

    def day(self, day: str) -> Path:
        """day: such as ``2026-11-30``."""
        return self.path / f"{day}.sqlite"

    def failures(self, day: str) -> Path:
        """The file with the failures of a day that is over."""
        return self.path / f"{day}.failures.sqlite"

    def days(self) -> list[str]:
        """The days that have a file, or a part of one, oldest first."""
        return self._named(_DAY_FILE)

    def days_of_failures(self) -> list[str]:
        """The days whose failures are kept, oldest first."""
        return self._named(_FAILURES_FILE)

    def all_days(self) -> list[str]:
        """The days for which anything is stored, oldest first."""
        return sorted({*self.days(), *self.days_of_failures()})

    def databases(self, day: str) -> Iterator[Path]:
        """The files that store events of `day`, the one with all of them first. There are two while
        a day is being removed. Whether each exists is checked when the iterator reaches it."""
        for path in (self.day(day), self.failures(day)):
            if path.exists():
                yield path

    def _named(self, pattern: re.Pattern[str]) -> list[str]:
        if not self.path.is_dir():
            return []
        found = (pattern.fullmatch(each.name) for each in self.path.iterdir())
        return sorted({match[1] for match in found if match})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Held by the one process that writes. Raises `LedgerTaken` when another holds it."""
        make_private_folder(self.path)
        path = self.path / "lock"
        create_private(path)
        with path.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LedgerTaken(
                    f"another process writes to {self.path}; give each gateway a folder of its "
                    "own (redis.data_dir)"
                ) from None
            yield


def size_of(database: Path) -> int:
    """Bytes on disk."""
    size = 0
    for path in _files(database):
        with suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def remove(database: Path) -> None:
    for path in _files(database):
        path.unlink(missing_ok=True)


def _files(database: Path) -> list[Path]:
    return [database, Path(f"{database}-wal"), Path(f"{database}-shm")]
