"""Reads Consent Mode's types from fields other than `consent`."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from gateway.event import Event
from gateway.event.consent import (
    LOOSE_CONSENTS,
    OTHER_CONSENTS,
    TYPE_FIELDS,
    consent_type,
    has_denial,
    read_consent,
)
from gateway.event.consent_members import Members, read_members
from gateway.event.every_value import opened_whole

Pairs = tuple[tuple[str, str], ...]

_OTHER_CONSENTS = frozenset(OTHER_CONSENTS)
_LOOSE_CONSENTS = frozenset(LOOSE_CONSENTS)
_NOTHING = Members({}, [], {}, None)
_begins_like_json = re.compile(r"[\s\ufeff\"]*[{\[]").match


def said_elsewhere(event: Event) -> Members:
    """What objects with other names state, such as ``consent_state: {ad_storage: granted}``.
    Objects that may have other contents can only deny types."""
    said = _NOTHING
    if not _OTHER_CONSENTS.isdisjoint(event):
        said = read_members([*_objects(event, OTHER_CONSENTS), *_unreadable(event)])
    if not _LOOSE_CONSENTS.isdisjoint(event):
        states = read_consent(_types_alone(_objects(event, LOOSE_CONSENTS)))[0]
        denied = {name: state for name, state in states.items() if state == "denied"}
        said = said._replace(states={**said.states, **denied})
    return said


def _unreadable(event: Event) -> list[str]:
    """The texts under the names of `OTHER_CONSENTS` that begin like JSON and are none."""
    texts = [event[name] for name in OTHER_CONSENTS if isinstance(event.get(name), str)]
    return [each for each in texts if _begins_like_json(each) and opened_whole(each) == each]


def _objects(event: Event, names: Iterable[str]) -> list[dict[str, Any]]:
    return [each for name in names if name in event for each in objects_in(event[name])]


def objects_in(value: Any, levels: int = 3) -> Iterator[dict[str, Any]]:
    """The objects in `value`: itself, in a JSON text or in a list."""
    value = opened_whole(value)
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list) and levels:
        for each in value:
            yield from objects_in(each, levels - 1)


def _types_alone(objects: list[dict[str, Any]], levels: int = 3) -> list[dict[str, Any]]:
    """The types in `objects`, and in objects inside of these."""
    found = []
    for each in objects:
        if types := {key: each[key] for key in each if consent_type(key)}:
            found.append(types)
        inner = [value for value in each.values() if isinstance(value, dict)]
        if inner and levels:
            found += _types_alone(inner, levels - 1)
    return found


def denied_by_type(event: Event) -> Pairs:
    """The types that a field of their own denies: ``ad_storage: denied``.

    Pages report the state of their tags in such fields, even before the visitor has answered. So
    these fields are not the visitor's choice and grant nothing.
    """
    if TYPE_FIELDS.keys().isdisjoint(event):
        return ()
    fields = [(kind, event[name]) for name, kind in TYPE_FIELDS.items() if name in event]
    return tuple((kind, "denied") for kind, value in fields if has_denial(value))
