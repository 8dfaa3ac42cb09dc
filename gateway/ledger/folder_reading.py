"""Reads the files of the ledger's folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.ledger.database import Files, NotYetMade
from gateway.ledger.folder_files import FolderFiles


class FolderReading:
    """A `gateway.ledger.reading.Reading`."""

    def __init__(self, folder: FolderFiles) -> None:
        self._folder = folder
        self._files = Files()

    def days(self) -> list[str]:
        return self._folder.all_days()

    @contextmanager
    def open_day(self, day: str) -> Iterator[Connection | None]:
        path = next(self._folder.databases(day), None)
        with self._open(path) as file:
            yield file

    @contextmanager
    def open_kept(self) -> Iterator[Connection | None]:
        with self._open(self._folder.counts) as file:
            yield file

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._files.held():
            yield

    @contextmanager
    def _open(self, path: Path | None) -> Iterator[Connection | None]:
        with ExitStack() as opened:
            yield self._opened(path, opened) if path is not None and path.exists() else None

    def _opened(self, path: Path, opened: ExitStack) -> Connection | None:
        try:
            return opened.enter_context(self._files.open(path))
        except NotYetMade:
            return None
        except DBAPIError:
            if path.exists():
                raise
            return None  # the day was removed meanwhile
