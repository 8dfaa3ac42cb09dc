"""Where a ledger in PostgreSQL is."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from gateway.configuration.ledger import Successes
from gateway.configuration.settings import Settings
from gateway.ledger.errors import LedgerError
from gateway.redis_client.namespace import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from gateway.ledger.postgresql.erasure import DatabaseErasure
    from gateway.ledger.postgresql.reading import DatabaseReading
    from gateway.ledger.postgresql.store import DatabaseStore


@dataclass(frozen=True, slots=True)
class LedgerDatabase:
    """A ledger in PostgreSQL. url: as libpq takes it. schema: the first word in the names of all
    its schemas. salt: `server.hash_salt`."""

    url: str = field(repr=False)
    schema: str
    salt: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> LedgerDatabase:
        """The ledger of settings with `ledger.url`."""
        url, salt, namespace = settings.ledger.url, settings.salt, settings.redis.namespace
        if url is None or salt is None:
            raise LedgerError("a ledger in PostgreSQL needs ledger.url and server.hash_salt")
        schema = "ledger" if namespace == DEFAULT_NAMESPACE else f"ledger_{namespace}"
        return cls(url.get_secret_value(), schema, salt)

    def to_read(self) -> DatabaseReading:
        from gateway.ledger.postgresql.reading import DatabaseReading

        return DatabaseReading(self.url, self.schema)

    def to_write(self, successes: Successes = "all") -> DatabaseStore:
        from gateway.ledger.postgresql.store import DatabaseStore

        return DatabaseStore(self.url, self.schema, successes)

    def to_erase(self) -> DatabaseErasure:
        from gateway.ledger.postgresql.erasure import DatabaseErasure

        return DatabaseErasure(self.url, self.schema)

    def key(self) -> bytes:
        """The key of the digests: the same on all machines, and not in the database. So somebody
        who has only the database cannot try out addresses, and intake needs no database."""
        return blake2b(self.salt.encode(), digest_size=32, person=b"ledger key").digest()
