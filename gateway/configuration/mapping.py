"""Finds mistakes in a destination's `mapping` that depend on the type of the destination."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from destinations.base import Destination, DestinationSettings
from destinations.mapping import EventMapping, MappingSettings, Source
from destinations.mapping.settings import Value
from gateway.event.fields import read_path
from gateway.event.text import did_you_mean
from gateway.stages.field_consent.table import PERSON_FIELDS
from gateway.stages.pii.parameters import EMAIL, PHONE, tells

_tells_of_person = (tells(EMAIL), tells(replace(PHONE, words=("tel",))))
"""Without the words for phones that also occur in names such as `is_mobile`."""


def mapping_mistakes(kind: type[Destination[Any]], settings: DestinationSettings) -> Iterator[str]:
    """A line for each mistake, which begins with its key and ends with what to do about it.
    settings: of a destination of `kind`."""
    mapping = settings.mapping
    if kind.built_in_mapping is None:
        if isinstance(mapping, MappingSettings) and mapping.model_fields_set:
            yield (
                f"mapping: destinations of type {kind.type} have none; change their events with "
                "`rules` instead"
            )
        return
    hashed = kind.hashers(settings)
    for place, path, value in _fields_of(mapping):
        mistakes = [*_wrong_place(path, kind, hashed)]
        for source in value.paths() if isinstance(value, Source) else ():
            mistakes += _wrong_source(path, source, kind, hashed)
        yield from (f"{place}: {mistake}" for mistake in mistakes)


def clear_sources(destinations: Mapping[str, DestinationSettings]) -> Iterator[str]:
    """A line, which begins with the key, for each field with clear personal data that a mapping
    reads: `hash_at_ingest` does not store such data. destinations: by name."""
    for name, settings in destinations.items():
        for place, _, value in _fields_of(settings.mapping):
            for source in value.paths() if isinstance(value, Source) else ():
                if is_personal(source):
                    yield (
                        f"destinations.{name}: {place}: with hash_at_ingest, {source} is not there "
                        "in clear when a mapping is applied; put it into a field of user_data that "
                        "the destination hashes, with a rule"
                    )


def _fields_of(mapping: MappingSettings) -> Iterator[tuple[str, str, Value]]:
    """For each vendor field: where its value is written, the path of the field, and the value."""
    for path, value in mapping.fields.items():
        yield f"mapping: fields: {path}", path, value
    for name, event in mapping.events.items():
        if isinstance(event, EventMapping):
            for path, value in event.fields.items():
                yield f"mapping: events: {name}: fields: {path}", path, value


def _wrong_place(path: str, kind: type[Destination[Any]], hashed: Collection[str]) -> Iterator[str]:
    outermost = path.partition(".")[0]
    known = kind.mapped_fields
    if known and outermost not in known:
        yield (
            f"a mapping cannot set {outermost} of {kind.type}"
            f"{did_you_mean(outermost, known)}; it can set {', '.join(sorted(known))}"
        )
    for each in hashed:
        if path.startswith(f"{each}."):
            yield f"{each} is hashed as a whole; write {each} instead"


def _wrong_source(
    path: str, source: str, kind: type[Destination[Any]], hashed: Collection[str]
) -> Iterator[str]:
    try:
        read_path(source)
    except ValueError as error:
        yield str(error)
        return
    # A system of the owner's own gets the event as it is.
    if kind.purpose == "own" or path in hashed or not is_personal(source):
        return
    places = f" ({', '.join(sorted(hashed))})" if hashed else ""
    yield (
        f"{source} is personal data, which {kind.type} would get in clear here; remove it, or give "
        f"it to a field that is hashed{places}"
    )


def is_personal(path: str) -> bool:
    """Whether the name of the event's field at `path` says that it is personal data in clear."""
    keys = path.split(".")
    if any(key.lower().startswith("sha256_") for key in keys):
        return False
    return keys[0] in PERSON_FIELDS or any(tell(key) for key in keys for tell in _tells_of_person)
