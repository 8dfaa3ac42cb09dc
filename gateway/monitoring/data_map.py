"""Which personal data may go where: for each destination, what it gets and on which condition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.settings import Settings
from gateway.monitoring.permissions import Permissions, permissions_of
from gateway.pipeline.routes import ip_choice, purpose_of, required_consent
from gateway.stages.enrichment import IpChoice
from gateway.stages.field_consent import Purpose, Row, consent_rows


@dataclass(frozen=True, slots=True)
class Covered:
    """What is taken out of an event when all of the consent types `denied` are. fields: those that
    the destination reads. parameters: of URLs."""

    denied: Sequence[str]
    fields: Sequence[str]
    parameters: Sequence[str]


@dataclass(frozen=True, slots=True)
class MapEntry:
    """Of one destination.

    consent: the types that an event needs to go there. on_denied: what happens to one without.
    covered: what an event loses that goes there although another type is denied; None if it loses
    nothing (`field_consent: off`). address: the form of the visitor's address. dry_run: whether
    nothing is sent.
    """

    permissions: Permissions
    purpose: Purpose
    consent: Sequence[str]
    on_denied: Literal["withhold", "anonymise"]
    covered: Sequence[Covered] | None
    address: IpChoice
    dry_run: bool


def data_map(settings: Settings) -> Mapping[str, MapEntry]:
    """By the name of the destination."""
    rows = consent_rows(settings.consent)
    return {name: _entry(each, rows) for name, each in settings.destinations.items()}


def _entry(configured: ForwardingSettings, rows: Iterable[Row]) -> MapEntry:
    permissions, consent = permissions_of(configured), required_consent(configured)
    purpose, covered = purpose_of(configured), None
    if configured.field_consent == "on":
        own = [row for row in rows if purpose in row.purposes and not {*row.denied} & {*consent}]
        covered = [*_covered(own, permissions.fields)]
    return MapEntry(
        permissions,
        purpose,
        consent,
        configured.on_denied,
        covered,
        ip_choice(configured),
        configured.dry_run,
    )


def _covered(rows: Iterable[Row], read: Collection[str] | None) -> Iterator[Covered]:
    """read: the fields that the destination reads, None for all."""
    by_types: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by_types.setdefault(row.denied, []).append(row)
    for denied, of_types in by_types.items():
        fields = [
            name
            for row in of_types
            for name in row.fields
            if read is None or name.partition(".")[0] in read
        ]
        parameters = [name for row in of_types for name in row.parameters]
        if fields or parameters:
            yield Covered(denied, [*dict.fromkeys(fields)], [*dict.fromkeys(parameters)])
