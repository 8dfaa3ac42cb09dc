"""Finds the identifiers of an event, and removes texts that contain them."""

import re
from collections.abc import Collection
from typing import Any

from gateway.event import Event
from gateway.event.paths import as_text
from gateway.stages.field_consent.table import (
    ADVERTISING_FIELDS,
    CLICK_NAMES,
    PERSON_FIELDS,
    VISITOR_FIELDS,
)
from gateway.stages.spellings import ANY_TEXT, LONG, Spellings, letters_and_digits, spellings_of

_COUNTERS = frozenset(["ga_session_number", "domain_sessionidx"])
_OF_CAMPAIGNS = frozenset(["gad_source", "gad_campaignid", "gclsrc"])
"""Click parameters whose values many visitors share."""

IDENTIFIERS = (
    frozenset(
        [
            *ADVERTISING_FIELDS,
            *CLICK_NAMES,
            *PERSON_FIELDS,
            *(name.rpartition(".")[2] for name in VISITOR_FIELDS),
            "user_id",
            "transaction_id",
        ]
    )
    - _COUNTERS
    - _OF_CAMPAIGNS
)
"""Fields that identify the visitor or the order, anywhere in an event."""

_SHARED = frozenset(["city", "region", "country", *_OF_CAMPAIGNS])
"""Parts of these fields whose values many visitors share; words of addresses also occur in paths
and in names of products."""

_MOST = 100
"""Maximum number of identifiers of one event. A real event has a dozen, and each costs a search."""

_has_mark = re.compile(r"[0-9@]").search


def without_identifiers(texts: Event, event: Event, names: Collection[str]) -> Event:
    """`texts`, a JSON object, without the texts, names and long numbers that contain an identifier
    of `event` in any spelling (see `gateway.stages.spellings`).

    names: of fields that cannot contain identifiers and are not searched. No text is left if
    `event` has too many identifiers.
    """
    identifiers = _identifiers_of(event)
    if not identifiers:
        return texts
    leaves = _leaves(texts, names)
    joined = "\n".join([leaf for leaf in leaves if isinstance(leaf, str)])
    spellings = ANY_TEXT
    if len(identifiers) <= _MOST:
        looked_for = spellings_of(identifiers, joined)
        spellings = looked_for.found_in(joined)._replace(numbers=looked_for.numbers)
        numbers = [leaf for leaf in leaves if not isinstance(leaf, str)]
        if not (spellings.in_texts or any(map(spellings.is_number, numbers))):
            return texts
    left: Event = _without(texts, spellings, names) or {}
    return left


def _identifiers_of(event: Event) -> set[str]:
    """The texts and numbers in all identifying fields, anywhere in `event`; the IP address, unless
    it is the page's host; and everything in the visitor's properties that looks like an id."""
    found: set[str] = set()
    address = event.get("ip_override")
    if address and f"//{address}" not in event.get("page_location", ""):
        found.add(address)
    if properties := event.get("user_properties"):
        found |= {text for text in _texts(properties) if _looks_like_id(text)}
    containers: list[Any] = [event]
    for container in containers:  # grows in the loop
        if isinstance(container, dict):
            for name, value in container.items():
                if name in IDENTIFIERS:
                    found |= _texts(value)
                elif isinstance(value, (dict, list)):
                    containers.append(value)
        else:
            containers += [each for each in container if isinstance(each, (dict, list))]
    return found


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    return {text for leaf in _leaves([value], (), _SHARED) if (text := as_text(leaf))}


def _looks_like_id(text: str) -> bool:
    return len(letters_and_digits(text)) >= LONG and _has_mark(text) is not None


def _leaves(
    value: Event | list[Any], names: Collection[str], apart: Collection[str] = ()
) -> list[str | float]:
    """Every text and number in `value`, except in fields named in `apart`. If `apart` is empty,
    also the names of fields that are not in `names`."""
    leaves: list[str | float] = []
    containers: list[Any] = [value]
    for container in containers:  # grows in the loop
        if isinstance(container, dict):
            if not apart:
                leaves += [name for name in container if name not in names]
            container = [each for name, each in container.items() if name not in apart]
        for each in container:
            if isinstance(each, (str, int, float)) and not isinstance(each, bool):
                leaves.append(each)
            elif isinstance(each, (dict, list)):
                containers.append(each)
    return leaves


def _without(value: Any, spellings: Spellings, names: Collection[str]) -> Any:
    """What is left of `value`, None when nothing is."""
    if isinstance(value, dict):
        left = {
            name: _without(each, spellings, names)
            for name, each in value.items()
            if name in names or not spellings.stand_in(name)
        }
        return {name: each for name, each in left.items() if each is not None} or None
    if isinstance(value, list):
        elements = [_without(each, spellings, names) for each in value]
        return [each for each in elements if each is not None] or None
    if isinstance(value, str):
        return None if spellings.stand_in(value) else value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return None if spellings.is_number(value) else value
    return value
