"""Writes to the files of a folder: one for each day, and one that outlives them."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from contextlib import ExitStack
from typing import Any

from gateway.ledger.day_file import DayFile
from gateway.ledger.failures_file import keep_failures
from gateway.ledger.folder_files import FolderFiles, remove, size_of
from gateway.ledger.kept_file import KeptFile
from gateway.ledger.rows import DayRows
from gateway.ledger.totals import Ended
from gateway.queue.receipts import day_of

MIN_FREE = 500_000_000
"""Bytes of the disk that the ledger leaves free."""

MAX_OPEN = 9
"""Files of days that are open at once."""


class FolderStore:
    """A `gateway.ledger.writer.Store`."""

    def __init__(self, folder: FolderFiles) -> None:
        self._folder = folder
        self._held = ExitStack()
        self._days: OrderedDict[str, DayFile] = OrderedDict()
        self._kept: KeptFile | None = None

    def open(self) -> None:
        if self._kept is None:
            with ExitStack() as held:
                held.enter_context(self._folder.locked())
                self._kept = KeptFile(self._folder.counts)
                self._held = held.pop_all()

    def close(self) -> None:
        while self._days:
            self._days.popitem()[1].close()
        if self._kept is not None:
            self._kept.close()
            self._kept = None
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
        file = self._counts if self.is_over(day) else self._open(day)
        return file.last_id(feed)

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        day = day_of(receipt)
        if day not in self._days and not self._folder.day(day).exists():
            return None
        return self._open(day).traits_of(receipt)

    def write(self, day: str, rows: DayRows, feed: str, last_id: str) -> None:
        self._open(day).write(rows, feed, last_id)

    def add_late(self, rows: DayRows, feed: str, last_id: str) -> None:
        self._counts.add_late(rows, feed, last_id)

    def remove(self, day: str, keeps_failures: bool) -> None:
        path = self._folder.day(day)
        if day in self._days:
            self._days.pop(day).close()
        if path.exists():
            if keeps_failures:
                keep_failures(path, self._folder.failures(day))
            if not self.is_over(day):
                self._counts.roll_up(day, path)
        remove(path)

    def remove_failures(self, day: str) -> None:
        remove(self._folder.failures(day))

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
    def _counts(self) -> KeptFile:
        assert self._kept is not None, "open() comes first"
        return self._kept

    def _open(self, day: str) -> DayFile:
        if day not in self._days:
            if len(self._days) >= MAX_OPEN:
                self._days.popitem(last=False)[1].close()
            self._days[day] = DayFile(self._folder.day(day))
        self._days.move_to_end(day)
        return self._days[day]
