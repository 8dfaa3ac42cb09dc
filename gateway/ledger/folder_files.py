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

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


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

    def days(self) -> list[str]:
        """The days that have a file, oldest first."""
        if not self.path.is_dir():
            return []
        stems = (each.stem for each in self.path.glob("*.sqlite"))
        return sorted(stem for stem in stems if _DAY.fullmatch(stem))

    def size(self, day: str) -> int:
        """Bytes on disk."""
        size = 0
        for path in _files(self.day(day)):
            with suppress(FileNotFoundError):
                size += path.stat().st_size
        return size

    def remove(self, day: str) -> None:
        for path in _files(self.day(day)):
            path.unlink(missing_ok=True)

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


def _files(database: Path) -> list[Path]:
    return [database, Path(f"{database}-wal"), Path(f"{database}-shm")]
