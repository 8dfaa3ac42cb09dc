"""The spool's files: events on this machine's disk that wait for Redis. Blocking, for one thread.

A file is an SQLite database in WAL mode, and every write is on disk (fsync) when it returns. It
belongs to the process that holds the lock beside it. A process that dies lets go of its lock, so
that the next one takes its files over. Once all of it was fed a file is deleted; one that is
damaged becomes ``*.damaged`` and stays, for a person to look at.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson

from gateway.queue.append import Appendix

log = logging.getLogger(__name__)

PORTION_ROWS, PORTION_WEIGHT, PORTION_BYTES = 256, 1000, 4_000_000
"""What is fed at once: rows, entries of streams, bytes. Redis serves nobody else meanwhile."""

_SET_UP = """
PRAGMA locking_mode = EXCLUSIVE; -- also: no shared memory, which a full disk would turn into SIGBUS
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS appendix (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they came
  events INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  data BLOB NOT NULL
);
"""


class SpoolError(Exception):
    """The spool cannot be used now.

    SpoolError
     ├─ SpoolFull      it has reached its bound, or the disk is full
     ├─ SpoolDamaged   a file cannot be read any more
     └─ SpoolTaken     a file belongs to another process, or has gone
    """


class SpoolFull(SpoolError):
    """There is no room."""


class SpoolDamaged(SpoolError):
    """A file is no database, or its contents contradict each other."""


class SpoolTaken(SpoolError):
    """A file is not for us."""


_KINDS = {
    sqlite3.SQLITE_FULL: SpoolFull,
    sqlite3.SQLITE_CORRUPT: SpoolDamaged,
    sqlite3.SQLITE_NOTADB: SpoolDamaged,
    sqlite3.SQLITE_ERROR: SpoolDamaged,  # a table of another shape
}


@contextlib.contextmanager
def _spool_errors() -> Iterator[None]:
    """Turns what SQLite and the operating system raise into ours. Their texts hold no data."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        raise _KINDS.get(code, SpoolError)(str(error)) from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (SpoolFull if full else SpoolError)(os.strerror(error.errno or 0)) from None


@dataclass(frozen=True, slots=True)
class Row:
    """What one request adds to the streams. events: how many it brought."""

    events: int
    data: bytes

    @classmethod
    def of(cls, appendix: Appendix) -> Row:
        """A line of JSON that says who gets what, and a line for each payload."""
        names = appendix.sent.keys() | appendix.withheld.keys()
        counts = [
            len(appendix.sent.get(name, ())) + appendix.withheld.get(name, 0) for name in names
        ]
        head = orjson.dumps({"sent": appendix.sent, "withheld": appendix.withheld})
        return cls(max(counts, default=0), b"\n".join((head, *appendix.payloads)))

    def appendix(self) -> Appendix:
        """What `of` was given."""
        head, *payloads = self.data.split(b"\n")
        read = orjson.loads(head)
        appendix = Appendix([])
        appendix.payloads = payloads
        appendix.sent, appendix.withheld = read["sent"], read["withheld"]
        appendix.weight = sum(map(len, appendix.sent.values()))
        return appendix


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows that stand next to each other in a file, oldest first.

    ids, rows: of those that can be read. last: the id of the last row, whether readable or not.
    """

    file: SpoolFile
    last: int
    ids: list[int]
    rows: list[Row]

    @property
    def events(self) -> int:
        return sum(row.events for row in self.rows)


class SpoolFile:
    """One file, ours alone until `close`. events, bytes: what is in it and was not fed."""

    def __init__(self, path: Path, is_new: bool) -> None:
        """Raises `SpoolTaken`, `SpoolFull`, `SpoolError`, and `SpoolDamaged` after it was set
        aside."""
        self.path = path
        self.events = self.bytes = 0
        self._fed = 0
        self._damaged = False
        self._connection: sqlite3.Connection | None = None
        self._lock = _take_lock(path.with_suffix(".lock"))
        if not is_new and not path.exists():  # fed by another process just now
            self.discard()
            raise SpoolTaken(path.name)
        try:
            with _spool_errors():
                self._open(is_new)
        except SpoolDamaged:
            self.set_aside()
            raise
        except SpoolError:
            if is_new:
                self.discard()
            else:
                self.close()
            raise

    @classmethod
    def create(cls, folder: Path) -> SpoolFile:
        """A new file; names sort by age and are never used again."""
        return cls(folder / f"{time.time_ns():020d}-{token_hex(4)}.sqlite", is_new=True)

    def put(self, rows: Sequence[Row]) -> None:
        """Returns once `rows` are on disk, all or none."""
        values = [(row.events, zlib.crc32(row.data), row.data) for row in rows]
        statement = "INSERT INTO appendix (events, checksum, data) VALUES (?, ?, ?)"
        with _spool_errors(), self._database as database:
            database.executemany(statement, values)
        self.events += sum(row.events for row in rows)
        self.bytes += sum(len(row.data) for row in rows)

    def read(self) -> Portion | None:
        """The oldest rows that were not fed, None when there are none."""
        ids, rows, last, weight, size = [], [], None, 0, 0
        statement = (
            "SELECT id, events, checksum, data FROM appendix WHERE id > ? ORDER BY id LIMIT ?"
        )
        with _spool_errors():
            cursor = self._database.execute(statement, (self._fed, PORTION_ROWS))
            for last, events, checksum, data in cursor:
                if not _is_sound(events, checksum, data):
                    self._damaged = True
                    continue
                ids.append(last)
                rows.append(Row(events, data))
                weight += max(1, events)
                size += len(data)
                if weight >= PORTION_WEIGHT or size >= PORTION_BYTES:
                    break
            cursor.close()
        return None if last is None else Portion(self, last, ids, rows)

    def remove(self, portion: Portion) -> None:
        """Takes out what was fed. It is not read again even when this raises, as it does on a
        full disk, where SQLite cannot delete either."""
        self._fed = portion.last
        self.events -= portion.events
        self.bytes -= sum(len(row.data) for row in portion.rows)
        with _spool_errors(), self._database as database:
            database.executemany("DELETE FROM appendix WHERE id = ?", [(id,) for id in portion.ids])

    def close(self) -> None:
        """Lets go of the file; what is in it stays."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        self._lock.close()

    def discard(self) -> None:
        """Deletes the file once everything in it was fed; keeps one with unreadable rows."""
        if self._damaged:
            self.set_aside()
            return
        self._end(lambda path: path.unlink(missing_ok=True))

    def set_aside(self) -> None:
        """Keeps the file where no process looks for it."""
        log.error(
            "%s is damaged and is kept as *.damaged; about %d events in it were not fed",
            self.path,
            self.events,
        )
        self._end(lambda path: path.rename(str(path).replace(".sqlite", ".damaged")))

    @property
    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            raise SpoolError(f"{self.path.name} is closed")
        return self._connection

    def _open(self, is_new: bool) -> None:
        self._connection = sqlite3.connect(self.path, check_same_thread=False)
        self._connection.executescript(_SET_UP)
        if is_new:
            return
        self._damaged = self._one("PRAGMA quick_check(1)") != ("ok",)
        totals = "SELECT TOTAL(events), TOTAL(LENGTH(data)) FROM appendix"
        self.events, self.bytes = map(int, self._one(totals))

    def _one(self, statement: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(statement).fetchone()
        return row

    def _end(self, treat: Any) -> None:
        """Closes the database and treats its files while the lock is still ours."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        for path in (self.path, self.path.with_name(self.path.name + "-wal")):
            with contextlib.suppress(FileNotFoundError):
                treat(path)
        self.path.with_suffix(".lock").unlink(missing_ok=True)
        self._lock.close()
