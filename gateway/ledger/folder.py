"""The folder of a ledger in SQLite files, and the key of its digests."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.configuration.ledger import Successes
from gateway.configuration.settings import Settings
from gateway.ledger.folder_files import FolderFiles
from gateway.redis_client.namespace import DEFAULT_NAMESPACE
from gateway.system.private_files import create_private, make_private_folder

if TYPE_CHECKING:
    from gateway.ledger.erasure import FolderErasure
    from gateway.ledger.folder_reading import FolderReading
    from gateway.ledger.folder_store import FolderStore


@dataclass(frozen=True, slots=True)
class LedgerFolder(FolderFiles):
    """A ledger in SQLite files."""

    @classmethod
    def of(cls, settings: Settings) -> LedgerFolder:
        namespace = settings.redis.namespace
        name = "ledger" if namespace == DEFAULT_NAMESPACE else f"ledger-{namespace}"
        return cls(settings.redis.data_dir / name)

    def to_read(self) -> FolderReading:
        from gateway.ledger.folder_reading import FolderReading

        return FolderReading(self)

    def to_write(self, successes: Successes = "all") -> FolderStore:
        from gateway.ledger.folder_store import FolderStore

        return FolderStore(self, successes)

    def to_erase(self) -> FolderErasure:
        from gateway.ledger.erasure import FolderErasure

        return FolderErasure(self)

    def key(self) -> bytes:
        """The key of the digests, made when it is first needed. Raises OSError."""
        make_private_folder(self.path)
        path = self.path / "key"
        with suppress(FileNotFoundError):
            return path.read_bytes()
        made = self.path / f"key-{secrets.token_hex(4)}"
        create_private(made)
        try:
            with made.open("wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first
                os.link(made, path)
        finally:
            made.unlink()
        return path.read_bytes()
