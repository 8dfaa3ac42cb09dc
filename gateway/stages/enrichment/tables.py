"""The tables that enrichments read from files and Redis: kept in memory and refreshed.

Events only use what is in memory. Web processes call `Tables.refresh` about once a second. A file
should be replaced by renaming a new one to its name, as `geoipupdate` does: a file that is written
in place may be read half-way, and truncating a database under its reader crashes the process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gateway.stages.enrichment.table_mistake import TableMistake
from gateway.system.file_stamp import file_stamp

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gateway.stages.enrichment.redis_hash import KeptHash

log = logging.getLogger(__name__)

T = TypeVar("T")


class ReloadedFile(Generic[T]):
    """The newest valid content of the file at `path`.

    value: the result of `read`. Raises `TableMistake` if the file cannot be used at first.
    """

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path = path
        self._read = read
        self._seen = file_stamp(self._path)
        self.value = self._content()

    def changed(self) -> bool:
        """Whether the file has changed since it was last read."""
        return file_stamp(self._path) != self._seen

    def read_again(self) -> None:
        """Takes the new content; if it cannot be used, says so in the log and keeps the old."""
        self._seen = file_stamp(self._path)
        try:
            self.value = self._content()
        except TableMistake as mistake:
            log.error("%s; the previous contents stay in use", mistake)
        else:
            log.info("%s changed and was reloaded", self._path)

    def _content(self) -> T:
        try:
            return self._read(self._path)
        except OSError as error:
            raise TableMistake(f"{self._path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise TableMistake(f"{self._path} is not UTF-8") from None
        except TableMistake as mistake:
            raise TableMistake(f"{self._path} {mistake}") from None


class Tables:
    """All files and Redis hashes that the enrichments of a configuration use.

    folder: what the paths of files are relative to.
    """

    def __init__(self, folder: Path = Path()) -> None:
        self._folder = folder
        self._files: dict[tuple[Path, Any], ReloadedFile[Any]] = {}
        self._hashes: list[KeptHash] = []

    def file(self, path: Path, read: Callable[[Path], T]) -> ReloadedFile[T]:
        """The file at `path`, read now unless it has been. Raises `TableMistake`."""
        place = self._folder / path
        if (place, read) not in self._files:
            self._files[place, read] = ReloadedFile(place, read)
        return self._files[place, read]

    def hash(self, name: str, seconds: float, row: Callable[[str], Mapping[str, Any]]) -> KeptHash:
        """The Redis hash `name`: empty until the first `refresh`, then copied every `seconds`.

        row: from a value of the hash to the row to keep; raises `TableMistake`.
        """
        from gateway.stages.enrichment.redis_hash import KeptHash

        kept = KeptHash(name, seconds, row)
        self._hashes.append(kept)
        return kept

    async def refresh(self, redis: Redis | None = None) -> None:
        """Rereads files that changed and hashes that are due; without `redis`, only files. Never
        raises."""
        import asyncio  # here, since `gateway check` does not need it

        for file in self._files.values():
            if file.changed():
                await asyncio.to_thread(file.read_again)
        if redis is not None:
            for kept in self._hashes:
                await kept.refresh(redis)
