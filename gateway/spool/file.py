"""One file of the spool: events on this machine's disk that wait for Redis.

It is an SQLite database in WAL mode, and every write is on disk (fsync) when it returns. It belongs
to the process that holds the lock on its lock file; when a process dies, its lock is released. All
calls block, and must come from one thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

from gateway.queue.append_batch import AppendBatch
from gateway.queue.commits import Commit
from gateway.spool.row import Row, sound_row
from gateway.system.private_files import create_private

log = logging.getLogger(__name__)

NAMES = "spool-*.sqlite"
"""The files that the gateway opens, renames and deletes; it leaves all others alone."""

PORTION_ROWS, PORTION_WEIGHT, PORTION_BYTES = 256, 1000, 4_000_000
"""The most that is fed at once: rows, stream entries, bytes. Redis serves nobody else meanwhile."""

# The table keeps the name from when a row was called an appendix, so that old files can be read.
_SET_UP = """
-- The lock is ours anyway, and without shared memory a full disk cannot end the process (SIGBUS).
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS appendix (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  events INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  data BLOB NOT NULL
);
"""
_PUT = "INSERT INTO appendix (events, checksum, data) VALUES (?, ?, ?)"
_READ = "SELECT id, events, checksum, data FROM appendix WHERE id > ? ORDER BY id LIMIT ?"
_REMOVE = "DELETE FROM appendix WHERE id = ?"
_TOTALS = "SELECT TOTAL(events), TOTAL(LENGTH(data)) FROM appendix"


class SpoolError(Exception):
    """The spool cannot be used now; the text says why and holds no data.

    SpoolError
     ├─ SpoolFull      it has reached its bound, or the disk is full
     ├─ SpoolDamaged   a file could not be read and was set aside
     └─ SpoolTaken     a file belongs to another process, or has gone
    """


class SpoolFull(SpoolError):
    """There is no room."""


class SpoolDamaged(SpoolError):
    """A file is not a database of the spool, or is inconsistent."""


class SpoolTaken(SpoolError):
    """A file belongs to another process, or has gone."""


_KINDS = {
    sqlite3.SQLITE_IOERR_SHORT_READ: SpoolDamaged,  # the file was truncated
    sqlite3.SQLITE_FULL: SpoolFull,
    sqlite3.SQLITE_CORRUPT: SpoolDamaged,
    sqlite3.SQLITE_NOTADB: SpoolDamaged,
    sqlite3.SQLITE_ERROR: SpoolDamaged,  # a table of another shape
}


@contextlib.contextmanager
def spool_errors() -> Iterator[None]:
    """Turns what SQLite and the operating system raise into a `SpoolError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        kind = _KINDS.get(code) or _KINDS.get(code & 0xFF, SpoolError)
        raise kind(str(error)) from None
    except UnicodeDecodeError:  # in SQLite's own message, which repeats what it has read
        raise SpoolDamaged("it is damaged") from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (SpoolFull if full else SpoolError)(os.strerror(error.errno or 0)) from None


@dataclass(slots=True)
class Portion:
    """Consecutive rows of a file, oldest first.

    ids, batches, events, bytes, weight: of the rows that can be read. last: the id of the last row,
    whether or not it can be read.
    """

    file: SpoolFile
    last: int = 0
    ids: list[int] = field(default_factory=list)
    batches: list[AppendBatch] = field(default_factory=list)
    events: int = 0
    bytes: int = 0
    weight: int = 0

    @property
    def commits(self) -> list[Commit]:
        """The commits by which Redis recognises a repetition, for `Appender.write`.

        The first depends only on the rows, so it is the same for any process that reads them, also
        after a crash. The second, if any, is that of the group that was tried in Redis before it
        was spooled; it may span several portions. Such a group is the first in its file, since
        nothing is tried while events are spooled: the series of the file has no commit before one
        of these portions was carried out."""
        tried = self.batches[0].tried if self.batches else None
        return [(self.file.path.stem, self.last), *([tried] if tried else ())]

    def may_have(self, batch: AppendBatch) -> bool:
        """Whether `batch` was tried in the same commit as the batches of this portion."""
        return not self.batches or self.batches[0].tried == batch.tried

    def add(self, number: int, row: Row, batch: AppendBatch) -> None:
        self.last = number
        self.ids.append(number)
        self.batches.append(batch)
        self.events += row.events
        self.bytes += len(row.data)
        self.weight += batch.weight

    @property
    def is_large_enough(self) -> bool:
        return self.weight >= PORTION_WEIGHT or self.bytes >= PORTION_BYTES


class SpoolFile:
    """One file, locked for this process until it is closed. events, bytes: not fed yet."""

    def __init__(self, path: Path, is_new: bool = False) -> None:
        """Raises a `SpoolError` of any kind."""
        self.path = path
        self.events = self.bytes = 0
        self._fed = self._tried = 0
        self._fed_ahead: set[int] = set()
        self._has_damaged_rows = False
        self._connection: sqlite3.Connection | None = None
        self._lock = _take_lock(path.with_suffix(".lock"))
        try:
            with spool_errors():
                if not is_new and not path.exists():  # fed by another process just now
                    raise SpoolTaken("it has gone")
                self._open(is_new)
        except SpoolDamaged:
            self.set_aside()
            raise
        except SpoolError as error:
            if is_new or isinstance(error, SpoolTaken):
                self.discard()
            else:
                self.close()
            raise

    @classmethod
    def create(cls, folder: Path) -> SpoolFile:
        """A new file. Names sort by age, and none is used twice."""
        return cls(folder / f"spool-{time.time_ns():020d}-{token_hex(4)}.sqlite", is_new=True)

    def put(self, rows: Sequence[Row]) -> None:
        """Returns once `rows` are on disk, all or none."""
        with spool_errors(), self._database as database:
            database.executemany(_PUT, [(row.events, row.checksum, row.data) for row in rows])
        self.events += sum(row.events for row in rows)
        self.bytes += sum(len(row.data) for row in rows)

    def read(self) -> Portion | None:
        """The oldest rows that were not fed; None if there are none.

        A portion that was begun keeps its last row even if rows were added since: with these it
        would be another commit, and Redis may have carried out the first one.
        """
        portion = Portion(self)
        with spool_errors(), contextlib.closing(self._database.cursor()) as cursor:
            for number, *columns in cursor.execute(_READ, (self._fed, PORTION_ROWS)):
                if number <= self._fed or number in self._fed_ahead or number in portion.ids:
                    self._has_damaged_rows = True  # ids out of order: it may be a second time
                    continue
                if 0 < portion.last <= self._tried < number:
                    break
                try:
                    row = sound_row(*columns)
                    batch = row.batch()
                except (ValueError, LookupError, TypeError):
                    portion.last, self._has_damaged_rows = number, True
                    continue
                if not portion.may_have(batch):
                    break
                portion.add(number, row, batch)
                if portion.is_large_enough:
                    break
        return portion if portion.last else None

    def begin(self, portion: Portion) -> None:
        """Notes that `portion` is fed from now on. On a full disk this raises, and the note is lost
        when this process ends."""
        self._tried = portion.last
        with spool_errors():
            self._database.execute(f"PRAGMA user_version = {portion.last}")

    def remove(self, portion: Portion) -> None:
        """Deletes the rows of `portion`, which was fed.

        They are not read again even if this raises, as on a full disk, where SQLite cannot delete
        rows.
        """
        self._fed = portion.last
        self._fed_ahead.update(number for number in portion.ids if number > portion.last)
        self.events -= portion.events
        self.bytes -= portion.bytes
        with spool_errors(), self._database as database:
            database.executemany(_REMOVE, [(number,) for number in portion.ids])

    def close(self) -> None:
        """Releases the file; its contents stay."""
        self._close_database()
        self._lock.close()

    def discard(self) -> None:
        """Deletes the file, all of which was fed. A file with unreadable rows is set aside."""
        if self._has_damaged_rows:
            self.set_aside()
        else:
            self._end(lambda path: path.unlink())

    def set_aside(self) -> None:
        """Renames the file, so that no process opens it any more."""
        log.error(
            "%s is damaged; kept it as *.damaged, with about %d events that were not sent",
            self.path,
            self.events,
        )
        self._end(lambda path: path.rename(path.with_name(path.name.replace("sqlite", "damaged"))))

    @property
    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            raise SpoolError("it is closed")
        return self._connection

    def _open(self, is_new: bool) -> None:
        if is_new:
            create_private(self.path)  # SQLite gives its other files the same mode
        self._connection = sqlite3.connect(self.path)
        self._connection.executescript(_SET_UP)
        if not is_new:
            self._has_damaged_rows = self._one("PRAGMA quick_check(1)") != ("ok",)
            self.events, self.bytes = map(int, self._one(_TOTALS))
            (self._tried,) = self._one("PRAGMA user_version")

    def _one(self, statement: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(statement).fetchone()
        return row

    def _close_database(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _end(self, treat: Callable[[Path], object]) -> None:
        """Applies `treat` to the database's files while the lock is held, then releases it."""
        self._close_database()
        for path in (self.path, Path(f"{self.path}-wal")):
            with contextlib.suppress(OSError):
                treat(path)
        with contextlib.suppress(OSError):
            self.path.with_suffix(".lock").unlink()
        self._lock.close()


def _take_lock(path: Path) -> IO[bytes]:
    """Takes the lock at `path`, held until it is closed or the process ends. Raises `SpoolTaken`
    if another process holds it."""
    with spool_errors():
        create_private(path)
        lock = path.open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise SpoolTaken("another process uses it") from None
        except OSError:
            lock.close()
            raise
    return lock
