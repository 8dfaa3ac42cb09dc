"""What `gateway check` says about the ledger: where there is none, and why."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.settings import Settings
from gateway.redis_client.connect import names_cluster

ON_A_CLUSTER = (
    "Ledger: none, since redis.url is a cluster: there, a record of an event and the event itself "
    "could not be written in one step."
)
WITHOUT_A_URL = (
    "Ledger: none. With a Redis of your own it needs a PostgreSQL database (`ledger.url`); "
    "without it `gateway trace`, `events` and `stats` have nothing to show."
)


def ledger_notes(settings: Settings) -> Iterator[str]:
    if not settings.ledger.enabled or settings.has_ledger:
        return
    yield ON_A_CLUSTER if names_cluster(settings.redis.url) else WITHOUT_A_URL
