"""Hash at ingest: replaces the personal data in an event by the hashes that destinations need.

It is an allow-list: parts of ``user_data`` that no destination reads are removed, because they may
be personal data. `destinations.hashed_forms` describes the result.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from destinations import normalise
from destinations.hashed_forms import FORMS, USUAL_FORMS, Hashing, Needs, PersonalData
from destinations.normalise import hashing
from gateway.event import Event

HashPerson = Callable[[Event], Event]
"""From an event to the event without clear personal data in ``user_data``; the same object if it
has no ``user_data``."""

_SHA256 = "sha256_"
_USUAL = PersonalData(
    Needs([hashing("email_address", normalise.email)]),
    Needs(
        [
            hashing("first_name", normalise.trimmed_name),
            hashing("last_name", normalise.trimmed_name),
            hashing("street", normalise.street),
        ]
    ),
    normalise.phone_hashing(normalise.phone, None),
)
"""The usual forms, which are stored for destinations that receive whole events, and to find
people."""

_PHONE = "phone_number"

_Key = tuple[str, str]
"""A field and the name of a form."""


class _Plan(NamedTuple):
    """Which fields of a person or of an address are hashed, and which are kept in clear."""

    hashings: Mapping[_Key, Hashing]
    clear: frozenset[str]


def compile_hash_person(needs: Iterable[PersonalData]) -> HashPerson:
    """The function that reduces a person to what `needs` name and the usual forms. It is
    idempotent."""
    parts = [_USUAL, *needs]
    of_person = _plan([each.person for each in parts])
    of_address = _plan([each.address for each in parts])
    phones = {each.phone.form: each.phone.hashed for each in parts if each.phone}

    def hash_person(event: Event) -> Event:
        person = event.get("user_data")
        if person is None:
            return event
        if not isinstance(person, dict):
            return {name: value for name, value in event.items() if name != "user_data"}
        hashes = _hashes(person, of_person)
        if _holds(person, _PHONE):
            hashes |= {(_PHONE, form): hashed(event) for form, hashed in phones.items()}
        stored = _stored(person, hashes, of_person.clear)
        addresses = [
            _stored(each, _hashes(each, of_address), of_address.clear)
            for each in normalise.addresses(person)
            if isinstance(each, dict)
        ]
        if addresses:
            single = isinstance(person["address"], dict)
            stored["address"] = addresses[0] if single else addresses
        return {**event, "user_data": stored}

    return hash_person


def _plan(needs: Sequence[Needs]) -> _Plan:
    hashings = [hashing for each in needs for hashing in each.hashed]
    clear = frozenset[str]().union(*(each.clear for each in needs))
    return _Plan({(each.field, each.form): each for each in hashings}, clear)


def _hashes(holder: Mapping[str, Any], plan: _Plan) -> dict[_Key, list[str]]:
    """The hashes of the fields in `holder`, except fields in clear, which destinations hash."""
    return {
        key: hashed([holder])
        for key, hashed in plan.hashings.items()
        if _holds(holder, hashed.field)
        and not (hashed.field in plan.clear and hashed.field in holder)
    }


def _holds(holder: Mapping[str, Any], field: str) -> bool:
    replaced = holder.get(FORMS)
    return (
        field in holder
        or f"{_SHA256}{field}" in holder
        or (isinstance(replaced, dict) and field in replaced)
    )


def _stored(
    holder: Mapping[str, Any], hashes: Mapping[_Key, list[str]], clear: frozenset[str]
) -> dict[str, Any]:
    """What to store of `holder`. hashes: those of the fields that they replace."""
    stored: dict[str, Any] = {
        name: value
        for name, value in holder.items()
        if name in clear and isinstance(value, (str, int, float))
    }
    forms: dict[str, dict[str, list[str]]] = {}
    for (field, form), digests in hashes.items():
        of_field = forms.setdefault(field, {})
        if USUAL_FORMS.get(field) != form:
            of_field[form] = digests
        elif digests:
            stored[f"{_SHA256}{field}"] = digests
    return stored | _given_hashes(holder, forms) | {FORMS: forms}


def _given_hashes(holder: Mapping[str, Any], but: Collection[str]) -> dict[str, list[str]]:
    """The hashes that the sender gave, except those of the fields in `but` and invalid ones."""
    given = {}
    for name, value in holder.items():
        field = name.removeprefix(_SHA256)
        if field != name and field not in but and (digests := hashing(field)([{name: value}])):
            given[name] = digests
    return given
