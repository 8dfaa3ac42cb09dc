"""All warnings and notes about a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.operations.checking.conditions import value_notes
from gateway.operations.checking.consent import consent_notes
from gateway.operations.checking.console import console_notes
from gateway.operations.checking.destinations import destination_notes
from gateway.operations.checking.hashes import hash_notes
from gateway.operations.checking.ledger import ledger_notes
from gateway.operations.checking.paths import path_notes
from gateway.operations.checking.rules import rule_notes
from gateway.operations.checking.schemas import schema_notes
from gateway.operations.checking.secrets import secret_notes
from gateway.operations.checking.sources import source_notes
from gateway.operations.checking.templates import template_notes


def configuration_notes(settings: Settings, config: Path) -> Iterator[str]:
    """Sentences about `settings` from the file `config`, without secrets. They may repeat names in
    it: escape them."""
    yield from consent_notes(settings)
    yield from ledger_notes(settings)
    yield from hash_notes(settings)
    yield from console_notes(settings)
    yield from secret_notes(settings, config)
    yield from source_notes(settings, config)
    yield from schema_notes(settings, config)
    yield from path_notes(settings, config)
    yield from value_notes(settings, config)
    yield from rule_notes(settings, config)
    yield from template_notes(settings, config)
    yield from destination_notes(settings, config, datetime.now(UTC).date())
