"""Choices by the categories of a consent manager, and what they mean in Consent Mode's types."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from operator import itemgetter
from typing import Any

from gateway.event.category_names import NECESSARY, USUAL_CATEGORIES
from gateway.event.consent import CONSENT_TYPES, has_denial, is_grant
from gateway.event.consent_members import ID_KEYS
from gateway.event.every_value import load_every_value
from gateway.event.text import folded, printable
from gateway.stages.consent.types import States

Choices = dict[str, bool]
"""Whether the visitor agreed, by the id of a category or service."""

Pairs = tuple[tuple[str, bool], ...]
"""Choices that can be hashed."""

Meanings = Mapping[str, Iterable[str]]
"""The consent types that a category stands for, by its id."""

PREFERENCES = "categoryPreferences"
MANAGED = "consentManagement"
_ALLOWED, _DENIED = "allowedConsentIds", "deniedConsentIds"

MAX_CATEGORIES = 100
MAX_NAME = 128
"""Characters of a category's name; what follows is cut off."""

_TOO_MANY = f"more than {MAX_CATEGORIES} denied categories"
_MAX_NOTES = 5
_MAX_NOTED_NAME = 64

_DENIED_BY_UNKNOWN = tuple(name for name in CONSENT_TYPES if name not in NECESSARY)


def read_categories(
    choices: Iterable[tuple[str, bool]], meanings: Meanings
) -> tuple[States, list[str]]:
    """The states of the consent types that follow from `choices`, and notes for the trace.

    meanings: as configured; a category that is not listed has the meaning of its usual name. An
    unknown denied category could stand for anything, so it denies every type that no known category
    covers, and a note names it. An unknown granted category has no effect.
    """
    known: list[tuple[Iterable[str], bool]] = []
    unknown: list[str] = []
    spelled_otherwise = {folded(name): types for name, types in meanings.items()}
    for name, agreed in choices:
        types = _types_of(name, meanings, spelled_otherwise)
        if types is not None:
            known.append((types, agreed))
        elif not agreed:
            unknown.append(name)
    states = _states(known)
    if unknown:
        states = {**dict.fromkeys(_DENIED_BY_UNKNOWN, "denied"), **states}
    return states, list(_notes(unknown))


def _types_of(name: str, meanings: Meanings, spelled_otherwise: Meanings) -> Iterable[str] | None:
    if name in meanings:
        return meanings[name]
    plain = folded(name)
    for table in (spelled_otherwise, USUAL_CATEGORIES):
        for spelling in (plain, plain.removesuffix("cookies")):
            if spelling in table:
                return table[spelling]
    return None


def _notes(unknown: list[str]) -> Iterator[str]:
    for name in unknown[:_MAX_NOTES]:
        yield f"unknown category denied: {printable(name[:_MAX_NOTED_NAME])}"
    if len(unknown) > _MAX_NOTES:
        yield f"unknown categories denied: {len(unknown) - _MAX_NOTES} more"


def _states(choices: Iterable[tuple[Iterable[str], bool]]) -> dict[str, str]:
    """A type of several categories is denied when one of them is."""
    states: dict[str, str] = {}
    for types, agreed in choices:
        for name in types:
            if not agreed:
                states[name] = "denied"
            else:
                states.setdefault(name, "granted")
    return states


def is_agreed(value: object) -> bool:
    """Whether `value` means yes: a word for a grant, true, 1, or a list of one of these.

    Everything else means no, including unreadable values.
    """
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    return is_grant(value)


def choices_in(stated: object, called: str) -> Choices:
    """The choices in `stated`, an object of categories or a JSON text of one.

    called: name of the object. A value of another type counts as a denied category with this name
    and the word ``unreadable``. An empty value contains no choice.
    """
    if isinstance(stated, str) and stated.lstrip()[:1] == "{":
        with suppress(ValueError):
            stated = load_every_value(stated)
    if isinstance(stated, dict):
        return {name: is_agreed(value) for name, value in stated.items()}
    if stated is None or stated in ("", []):
        return {}
    return {f"unreadable {called}": False}


def merged(statements: Iterable[Choices]) -> Choices:
    """The choices of several statements; a denial in one of them wins."""
    choices: Choices = {}
    for statement in statements:
        for name, agreed in statement.items():
            choices[name] = agreed and choices.get(name, True)
    return choices


def bounded(choices: Choices) -> Pairs:
    """At most `MAX_CATEGORIES` choices, with names cut to `MAX_NAME`. If there are more, denials
    are kept first, and surplus denials become one denial of an unknown category."""
    pairs = [(name[:MAX_NAME], agreed) for name, agreed in choices.items()]
    if len(pairs) > MAX_CATEGORIES:
        pairs.sort(key=itemgetter(1))
        if not pairs[MAX_CATEGORIES][1]:
            pairs[MAX_CATEGORIES - 1] = (_TOO_MANY, False)
    return tuple(pairs[:MAX_CATEGORIES])


def categories_of(context: Mapping[str, Any]) -> Choices:
    """The visitor's choices in the `context` of a Segment or RudderStack message.

    RudderStack's ``resolutionStrategy`` says how a destination combines the categories that are
    configured for it. Here a denial always wins, so ``or`` is not supported.

    Sources: segment.com/docs/privacy/consent-management (``consent.categoryPreferences``),
    rudderstack.com/docs/data-governance/consent-management (``consentManagement``) and
    github.com/rudderlabs/rudder-server, processor/consent.go.
    """
    consent, managed = context.get("consent"), context.get(MANAGED)
    return merged(
        [
            choices_in(_part(consent, PREFERENCES), PREFERENCES),
            *(_managed(managed) if managed else ()),
        ]
    )


def without_preferences(consent: object) -> object:
    """The `consent` of a context, without the preferences that `categories_of` reads."""
    if not isinstance(consent, dict) or PREFERENCES not in consent:
        return consent
    return {name: value for name, value in consent.items() if name != PREFERENCES}


def _part(container: object, name: str) -> object:
    return container.get(name) if isinstance(container, dict) else None


def _managed(managed: object) -> Iterator[Choices]:
    if not isinstance(managed, dict):
        yield {f"unreadable {MANAGED}": False}
        return
    allowed = managed.get(_ALLOWED)
    if isinstance(allowed, dict):  # early SDKs send an object of labels by id
        yield {name: not has_denial(label) for name, label in allowed.items()}
    else:
        yield {name: True for name in _ids(allowed) if name}
    denied = _ids(managed.get(_DENIED))
    yield {name or f"unreadable {_DENIED}": False for name in denied}


def _ids(value: object) -> list[str]:
    """The ids in a list or a comma-separated text; "" for each one that cannot be read."""
    if isinstance(value, str):
        return list(filter(None, map(str.strip, value.split(","))))
    if isinstance(value, list):
        return [_id(element) for element in value]
    return [] if value is None or value == {} else [""]


def _id(element: object) -> str:
    """An id, given as a text, a number, or a member of an object; "" if it cannot be read."""
    if isinstance(element, dict):
        element = next((element[name] for name in ID_KEYS if element.get(name)), None)
    if isinstance(element, int) and not isinstance(element, bool):
        return str(element)
    return element.strip() if isinstance(element, str) else ""
