"""The data map: which personal data each destination gets, and under which consent."""

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
    """The data that is removed from an event when all consent types in `denied` are denied. fields:
    of the event, as far as the destination reads them. parameters: of URLs."""

    denied: Sequence[str]
    fields: Sequence[str]
    parameters: Sequence[str]


@dataclass(frozen=True, slots=True)
class MapEntry:
    """The entry of one destination.

    consent: the consent types that it requires. on_denied: what happens to an event without them.
    covered: the data that an event loses when other types are denied; None if `field_consent` is
    `off`. address: the form of the visitor's address. dry_run: whether nothing is sent.
    """

    permissions: Permissions
    purpose: Purpose
    consent: Sequence[str]
    on_denied: Literal["withhold", "anonymise"]
    covered: Sequence[Covered] | None
    address: IpChoice
    dry_run: bool


def data_map(settings: Settings) -> Mapping[str, MapEntry]:
    """The entries, by destination."""
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
    """Groups `rows` by the denied types. read: the fields that the destination reads; None for
    all."""
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
