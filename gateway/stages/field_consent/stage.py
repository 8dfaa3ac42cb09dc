"""Reduces an event to what each purpose may receive under the consent types of the event."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import cache

from gateway.event import Event
from gateway.stages.consent import ConsentSettings
from gateway.stages.field_consent.projection import Projection, Removed, compile_projection
from gateway.stages.field_consent.table import EVERY_PURPOSE, TABLE, Purpose, Row

Project = Callable[[Event, Purpose], tuple[Event, Removed]]
"""From an event and a purpose to what its destinations may have, and what was removed. Purposes
that may have the same share one object, which is the event itself if nothing is removed."""

FieldConsent = Callable[[Set[str]], Project | None]
"""From the granted types of one event to its `Project`; None if nothing has to be removed."""


def compile_field_consent(settings: ConsentSettings) -> FieldConsent:
    """The function that decides by the table and the additions in `settings`."""
    rows = consent_rows(settings)
    covered = frozenset(name for row in rows for name in row.denied)
    equal = cache(_compile)

    @cache
    def projections(denied: frozenset[str]) -> dict[Purpose, Projection]:
        return {purpose: projection(purpose, denied) for purpose in EVERY_PURPOSE}

    def projection(purpose: Purpose, denied: frozenset[str]) -> Projection:
        met = [row for row in rows if purpose in row.purposes and denied.issuperset(row.denied)]
        return equal(
            frozenset(_named((row.fields, row) for row in met)),
            frozenset(_named((row.parameters, row) for row in met)),
        )

    def field_consent(granted: Set[str]) -> Project | None:
        if covered <= granted:
            return None
        by_purpose = projections(covered - granted)
        # the event is kept alive with its result, so that no other object can get its id
        known: dict[tuple[int, Projection], tuple[Event, tuple[Event, Removed]]] = {}

        def project(event: Event, purpose: Purpose) -> tuple[Event, Removed]:
            take_out = by_purpose[purpose]
            place = id(event), take_out
            found = known.get(place)
            if found is None:
                found = known[place] = (event, take_out(event))
            return found[1]

        return project

    return field_consent


def consent_rows(settings: ConsentSettings) -> Sequence[Row]:
    """What each consent type covers: the table, and the additions in `settings`."""
    return [*TABLE, *_own_rows(settings)]


def removed_in_words(removed: Removed) -> str:
    """``fbc, click_ids removed (ad_storage denied)``; "" when nothing was removed."""
    by_type: dict[str, list[str]] = {}
    for name, denied in removed:
        by_type.setdefault(denied, []).append(name)
    return "; ".join(
        f"{', '.join(names)} removed ({denied} denied)" for denied, names in by_type.items()
    )


def _own_rows(settings: ConsentSettings) -> Iterator[Row]:
    for name, fields in settings.fields.items():
        yield Row((name,), EVERY_PURPOSE, tuple(fields))
    for name, parameters in settings.url_parameters.items():
        yield Row((name,), EVERY_PURPOSE, (), tuple(map(str.lower, parameters)))


def _named(rows: Iterable[tuple[tuple[str, ...], Row]]) -> Iterator[tuple[str, str]]:
    """Each name once, with the type that explains its removal: the first type of its first row."""
    seen: set[str] = set()
    for names, row in rows:
        for name in names:
            if name not in seen:
                seen.add(name)
                yield name, row.denied[0]


def _compile(
    fields: frozenset[tuple[str, str]], parameters: frozenset[tuple[str, str]]
) -> Projection:
    return compile_projection(dict(fields), dict(parameters))
