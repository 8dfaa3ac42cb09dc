"""The spool on disk: the files of one process in a folder that processes of a machine share."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from gateway.event.words import counted
from gateway.spool.file import (
    NAMES,
    Portion,
    SpoolDamaged,
    SpoolError,
    SpoolFile,
    SpoolFull,
    SpoolTaken,
    spool_errors,
)
from gateway.spool.row import Row
from gateway.system.private_files import make_private_folder

log = logging.getLogger(__name__)

TRY_AGAIN_SECONDS = 600.0
"""When a file that could not be taken over is tried again: the disk may have been full, or too many
files open."""


class SpoolFolder:
    """The files that this process holds in `folder`: the one that it writes, which exists only
    while it is not empty, and those that dead processes left. Calls block, and must come from one
    thread.

    max_bytes: the most bytes of events that are stored.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._files: list[SpoolFile] = []
        self._own: SpoolFile | None = None
        self._refused: dict[Path, float] = {}

    @property
    def events(self) -> int:
        return sum(file.events for file in self._files)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self._files)

    @property
    def has_files(self) -> bool:
        """Whether there are files, of any process."""
        return any(self.folder.glob(NAMES))

    @property
    def share(self) -> float:
        """The share of `max_bytes` that is used."""
        return self.bytes / self._max_bytes

    def adopt(self) -> None:
        """Takes over every file that no process holds. Raises `SpoolError` when the folder cannot
        be used."""
        with spool_errors():
            make_private_folder(self.folder)
            paths = set(self.folder.glob(NAMES))
        now = time.monotonic()
        self._refused = {path: at for path, at in self._refused.items() if at > now}
        for path in sorted(paths - {file.path for file in self._files} - self._refused.keys()):
            self._adopt(path)

    def put(self, rows: Sequence[Row]) -> None:
        """Returns once `rows` are on disk, all or none. Raises `SpoolError`."""
        if self.bytes + sum(len(row.data) for row in rows) > self._max_bytes:
            raise SpoolFull(f"it has reached its limit of {self._max_bytes} bytes")
        if self._own is None or not self._own.path.exists():  # somebody deleted it
            with spool_errors():
                make_private_folder(self.folder)
            self._own = SpoolFile.create(self.folder)
            self._files.append(self._own)
        try:
            self._own.put(rows)
        except SpoolDamaged:
            self._drop(self._own).set_aside()
            raise

    def first(self) -> Portion | None:
        """The oldest rows that can be read now; None if no file has any. Raises `SpoolError` if
        none of the files that are left can be read."""
        trouble: SpoolError | None = None
        for file in [*self._files]:
            try:
                portion = file.read()
            except SpoolDamaged:
                self._drop(file).set_aside()
            except SpoolError as error:  # the others do not wait for it
                trouble = error
                if file is self._own:
                    self._own = None
            else:
                if portion is not None:
                    return portion
                self._drop(file).discard()
        if trouble is not None:
            raise trouble
        return None

    def begin(self, portion: Portion) -> None:
        """Notes that `portion` is fed from now on, if the disk takes the note."""
        with contextlib.suppress(SpoolError):
            portion.file.begin(portion)

    def remove(self, portion: Portion) -> None:
        """Deletes the rows of `portion`, which was fed."""
        try:
            portion.file.remove(portion)
        except SpoolDamaged:
            self._drop(portion.file).set_aside()
        except SpoolError as error:
            log.warning(
                "spool: could not delete events from %s that were sent: %s",
                portion.file.path,
                error,
            )

    def close(self) -> None:
        """Releases all files; their contents stay."""
        while self._files:
            self._drop(self._files[0]).close()

    def _adopt(self, path: Path) -> None:
        try:
            file = SpoolFile(path)
        except (SpoolTaken, SpoolDamaged):
            return
        except SpoolError as error:
            self._refused[path] = time.monotonic() + TRY_AGAIN_SECONDS
            log.error(
                "spool: %s cannot be used: %s; trying again in %.0f minutes",
                *(path, error, TRY_AGAIN_SECONDS / 60),
            )
            return
        if file.events:
            log.info("spool: found %s in %s", counted(file.events, "event"), path)
            self._files = sorted([*self._files, file], key=lambda each: each.path)
        else:
            file.discard()

    def _drop(self, file: SpoolFile) -> SpoolFile:
        self._files.remove(file)
        if file is self._own:
            self._own = None
        return file
