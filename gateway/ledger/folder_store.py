"""Writes to the files of a folder: one for each day, and one that outlives them."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gateway.configuration.ledger import Successes
from gateway.ledger.counts_file import CountsFile
from gateway.ledger.database import is_made
from gateway.ledger.day_file import DayFile
from gateway.ledger.day_rows import DayRows
from gateway.ledger.failures_file import keep_failures
from gateway.ledger.folder_files import FolderFiles, remove, size_of
from gateway.ledger.totals import Ended
from gateway.queue.receipts import day_of

MIN_FREE = 500_000_000
"""Bytes of the disk that the ledger leaves free."""

MAX_OPEN = 9
"""Maximum number of files of days that are open at once."""


class FolderStore:
    """A `gateway.ledger.store.Store`."""

    def __init__(self, folder: FolderFiles, successes: Successes) -> None:
        self._folder = folder
        self._successes = successes
        self._held = ExitStack()
        self._opened: OrderedDict[Path, DayFile] = OrderedDict()
        self._counts_file: CountsFile | None = None

    def open(self) -> None:
        if self._counts_file is None:
            with ExitStack() as held:
                held.enter_context(self._folder.locked())
                self._counts_file = CountsFile(self._folder.counts)
                self._held = held.pop_all()

    def close(self) -> None:
        while self._opened:
            self._opened.popitem()[1].close()
        if self._counts_file is not None:
            self._counts_file.close()
            self._counts_file = None
        self._held.close()

    def days(self) -> list[str]:
        return self._folder.days()

    def days_of_failures(self) -> list[str]:
        return self._folder.days_of_failures()

    def size(self, day: str) -> int:
        return size_of(self._folder.day(day))

    def size_of_failures(self, day: str) -> int:
        return size_of(self._folder.failures(day))

    def is_full(self) -> bool:
        return shutil.disk_usage(self._folder.path).free < MIN_FREE

    def is_over(self, day: str) -> bool:
        return self._counts.is_over(day)

    def last_id(self, day: str, feed: str) -> str:
        if self.is_over(day):
            return self._counts.last_id(day, feed)
        return self._open(self._folder.day(day)).last_id(feed)

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        path = next(self._folder.databases(day_of(receipt)), None)
        return self._open(path).traits_of(receipt) if path else None

    def write(self, day: str, rows: DayRows, feed: str, last_id: str) -> None:
        self._open(self._folder.day(day)).write(rows, feed, last_id)

    def add_late(self, days: Mapping[str, DayRows], feed: str, last_id: str) -> None:
        for day, rows in days.items():
            path = self._folder.failures(day)
            if path.exists():
                self._open(path).go_on(rows)
        self._counts.add_late(days.values(), feed, last_id)

    def remove(self, day: str, keeps_failures: bool) -> None:
        path = self._folder.day(day)
        self._close(path)
        if path.exists() and is_made(path):
            if keeps_failures:
                keep_failures(path, self._folder.failures(day))
            if not self.is_over(day):
                self._counts.roll_up(day, path)
        remove(path)

    def remove_failures(self, day: str) -> None:
        path = self._folder.failures(day)
        self._close(path)
        remove(path)

    def forget(self, now: float, days: int) -> None:
        self._counts.forget(now, days)

    def forget_configurations(self, now: float, days: int) -> None:
        self._counts.forget_configurations(now, days)

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        self._counts.keep_configuration(version, text, now)

    def has_baseline(self, feed: str) -> bool:
        return self._counts.has_baseline(feed)

    def keep_baseline(self, feed: str, baseline: Ended) -> None:
        self._counts.keep_baseline(feed, baseline)

    @property
    def _counts(self) -> CountsFile:
        assert self._counts_file is not None, "open() comes first"
        return self._counts_file

    def _open(self, path: Path) -> DayFile:
        if path not in self._opened:
            if len(self._opened) >= MAX_OPEN:
                self._opened.popitem(last=False)[1].close()
            self._opened[path] = DayFile(path, self._successes)
        self._opened.move_to_end(path)
        return self._opened[path]

    def _close(self, path: Path) -> None:
        if path in self._opened:
            self._opened.pop(path).close()
