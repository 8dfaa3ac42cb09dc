"""Reads Consent Mode's types from fields other than `consent`."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateway.event import Event
from gateway.event.consent import (
    CONSENT_TYPES,
    LOOSE_CONSENTS,
    OTHER_CONSENTS,
    TYPE_FIELDS,
    consent_type,
    has_denial,
    read_consent,
)
from gateway.event.consent_members import Members, as_object, read_members, values_in
from gateway.event.every_value import opened_whole
from gateway.event.text import folded

Pairs = tuple[tuple[str, str], ...]

_OTHER_CONSENTS = frozenset(OTHER_CONSENTS)
_NAMES = _OTHER_CONSENTS.union(LOOSE_CONSENTS)
_IN_A_WORD = [
    name
    for name in (*OTHER_CONSENTS, *LOOSE_CONSENTS)
    if folded(name)
    in (
        *("consentstate", "consentstatus", "userconsent", "visitorconsent", "cookieconsent"),
        *("googleconsent", "trackingconsent"),
    )
]
"""Fields in which a word can deny everything: ``consent_status: "rejected"``."""

_NOTHING = Members({}, [], {}, None)
_word = re.compile(r"[\w-]+")
_separator = re.compile(r"[,;|]")
_begins_like_json = re.compile(r"[\s\ufeff\"]*[{\[]").match


def said_elsewhere(event: Event) -> Members:
    """What objects with other names state, such as ``consent_state: {ad_storage: granted}``.
    Objects that may have other contents can only deny types, and so can lists in texts, such as
    ``ad_storage:denied,analytics_storage:granted``."""
    said = _NOTHING
    if _NAMES.isdisjoint(event):
        return said
    if not _OTHER_CONSENTS.isdisjoint(event):
        objects = _objects(event, OTHER_CONSENTS)
        said = read_members([*objects, *_unreadable(event, OTHER_CONSENTS)])
    unreadable = [each for each in _unreadable(event, LOOSE_CONSENTS) if _names_a_type(each)]
    types = types_alone([*_objects(event, LOOSE_CONSENTS, _opened), *_in_texts(event)])
    states = read_consent([*types, *unreadable])[0]
    denied = {name: state for name, state in states.items() if state == "denied"}
    said = said._replace(states={**said.states, **denied})
    if any(
        _is_denial_in_a_word(each) for name in _IN_A_WORD for each in values_in(event.get(name))
    ):
        said = said._replace(states=dict.fromkeys(CONSENT_TYPES, "denied"))
    return said


def _is_denial_in_a_word(value: object) -> bool:
    if isinstance(value, str):
        return not _begins_like_json(value) and has_denial(value)
    return value is False


def _unreadable(event: Event, names: Iterable[str]) -> list[str]:
    """The texts under `names` that begin like JSON and are none."""
    values = [each for name in names if name in event for each in values_in(event[name])]
    texts = [each for each in values if isinstance(each, str)]
    return [each for each in texts if _begins_like_json(each) and opened_whole(each) == each]


def _objects(
    event: Event, names: Iterable[str], opened: Callable[[Any], Any] = opened_whole
) -> list[dict[str, Any]]:
    return [each for name in names if name in event for each in objects_in(event[name], opened)]


def _in_texts(event: Event) -> list[dict[str, Any]]:
    """The objects in texts under the names of `OTHER_CONSENTS`."""
    texts = (each for name in OTHER_CONSENTS for each in values_in(event.get(name)))
    return [one for each in texts if isinstance(each, str) for one in objects_in(each, _opened)]


def _opened(value: Any) -> Any:
    """What `value`, a text, holds as JSON, percent-encoded or not, or as pairs; any other value as
    it is."""
    return as_object(opened_whole(value))


def objects_in(
    value: Any, opened: Callable[[Any], Any] = opened_whole, levels: int = 3
) -> Iterator[dict[str, Any]]:
    """The objects in `value`: itself, in a list, or in a text that `opened` reads, by default JSON
    alone."""
    value = opened(value)
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list) and levels:
        for each in value:
            yield from objects_in(each, opened, levels - 1)


def types_alone(objects: list[dict[str, Any]], levels: int = 3) -> list[dict[str, Any]]:
    """The types in `objects`, and in objects inside of these."""
    found = []
    for each in objects:
        if types := {key: each[key] for key in each if consent_type(key)}:
            found.append(types)
        if denied := _denied_as_values(each):
            found.append(dict.fromkeys(denied, False))
        inner = [one for value in each.values() for one in objects_in(value, _opened)]
        if inner and levels:
            found += types_alone(inner, levels - 1)
    return found


def _denied_as_values(stated: dict[str, Any]) -> list[str]:
    """The types that are values in `stated` and denied: ``{"type": "ad_storage", "on": false}`` or
    ``{"denied": ["ad_storage"]}``."""
    named = {key: _types_in(values_in(value)) for key, value in stated.items()}
    if not any(named.values()):
        return []
    others = {key: value for key, value in stated.items() if not named[key]}
    is_denied = has_denial(others)
    return [
        name
        for key, names in named.items()
        for name in names
        if is_denied or has_denial({key: stated[key]})
    ]


def _types_in(values: list[Any]) -> list[str]:
    texts = [text for each in values if isinstance(each, str) for text in _separator.split(each)]
    return [name for text in texts if (name := consent_type(text))]


def _names_a_type(text: str) -> bool:
    return any(map(consent_type, _word.findall(text)))


def denied_by_type(event: Event) -> Pairs:
    """The types that a field of their own denies: ``ad_storage: denied``.

    Pages report the state of their tags in such fields, even before the visitor has answered. So
    these fields are not the visitor's choice and grant nothing.
    """
    if TYPE_FIELDS.keys().isdisjoint(event):
        return ()
    fields = [(kind, event[name]) for name, kind in TYPE_FIELDS.items() if name in event]
    return tuple((kind, "denied") for kind, value in fields if has_denial(value))
