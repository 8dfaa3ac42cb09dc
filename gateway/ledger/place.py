"""Where the ledger of a configuration is."""

from __future__ import annotations

from gateway.configuration.settings import Settings
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase


def ledger_of(settings: Settings) -> LedgerFolder | LedgerDatabase:
    """The place of the ledger. settings: with a ledger."""
    return LedgerFolder.of(settings) if settings.ledger.url is None else LedgerDatabase.of(settings)
