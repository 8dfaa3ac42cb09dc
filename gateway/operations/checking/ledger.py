"""What `gateway check` says about the ledger: where there is none, and why."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.settings import Settings

WITHOUT_A_URL = (
    "Ledger: none. With a Redis of your own it needs a PostgreSQL database (`ledger.url`); "
    "without it `gateway trace`, `events` and `stats` have nothing to show."
)


def ledger_notes(settings: Settings) -> Iterator[str]:
    if settings.ledger.enabled and not settings.has_ledger:
        yield WITHOUT_A_URL
