"""Converts personal data from the formats of other tools to the fields of `user_data`.

Senders that move from other tools write ``email`` in the event itself, and ``email``, ``phone``,
``birthday``, ``zip``, ``firstName`` or ``em`` directly in `user_data`. This module gives each value
one name, under which all rules and destinations find it.

Sources: segment.com/docs/connections/spec/identify (traits);
developers.facebook.com/docs/marketing-api/conversions-api/parameters
(customer-information-parameters); shopify.dev/docs/api/web-pixels-api (MailingAddress);
github.com/stape-io/gtm-server-side-wordpress-plugin (`get_order_user_data`), for WooCommerce
"""

import re
from collections.abc import Mapping
from typing import Any

from destinations.paths import as_text
from destinations.places import country_code
from gateway.event.bounds import is_same
from gateway.event.browser_ids import IN_PERSON, READ_AS
from gateway.event.json_texts import opened
from gateway.event.schema import as_list, is_empty

_EMAIL = "email"
"""The only one of these names that is read in the event itself: the others may be a shop's data."""

_is_address = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{3,255}|[0-9A-Fa-f]{64}").fullmatch
"""An e-mail address or its hash alone: other texts are left to the PII guard."""

_PERSON = {
    "email": "email_address",
    "sha256_email": "sha256_email_address",
    "phone": "phone_number",
    "sha256_phone": "sha256_phone_number",
    "birthday": "date_of_birth",
    "emailAddress": "email_address",
    "phoneNumber": "phone_number",
    "dateOfBirth": "date_of_birth",
    "em": "email_address",
    "ph": "phone_number",
    "db": "date_of_birth",
    "billing_email": "email_address",
    "billing_phone": "phone_number",
}
_OURS = frozenset(_PERSON.values())
_HASHED = "sha256_"
_NAMES = {
    "first_name": "first_name",
    "firstName": "first_name",
    "sha256_first_name": "sha256_first_name",
    "last_name": "last_name",
    "lastName": "last_name",
    "sha256_last_name": "sha256_last_name",
    "fn": "first_name",
    "ln": "last_name",
    "billing_first_name": "first_name",
    "billing_last_name": "last_name",
}
_PLACE = {
    "street": "street",
    "city": "city",
    "region": "region",
    "state": "region",
    "postal_code": "postal_code",
    "zip": "postal_code",
    "postalCode": "postal_code",
    "country": "country",
    "address1": "street",
    "province": "region",
    "zipCode": "postal_code",
    "zipcode": "postal_code",
    "postcode": "postal_code",
    "countryCode": "country",
    "country_code": "country",
    "ct": "city",
    "st": "region",
    "zp": "postal_code",
    "billing_address": "street",
    "billing_city": "city",
    "billing_state": "region",
    "billing_country": "country",
}
_CODE = "postal_code"
_CODE_DIGITS = {
    **dict.fromkeys(("NO", "DK", "AU", "NZ", "ZA"), 4),
    **dict.fromkeys(("DE", "US", "FR", "IT", "ES", "FI", "MX", "KR", "TR"), 5),
    "JP": 7,
    "BR": 8,
}
"""How many digits postal codes have in countries where some begin with 0."""
_NUMBERS = (int, float)

_ADDRESS = {**_NAMES, **_PLACE}
"""Our names by the senders'. Of several names for a field, the first with a value counts."""

_FULL_NAME = "name"
_FIRST = "0"
"""The key of the first person in an object with indexes."""

_FLAT = frozenset({*_PERSON, *_ADDRESS, *IN_PERSON, _FULL_NAME, _FIRST})
_OF_ADDRESS = frozenset(name for name, ours in _ADDRESS.items() if name != ours)


def has_other_shape(raw: Mapping[str, Any]) -> bool:
    """Whether `raw`, an event as it was sent, has personal data in the format of another tool, or
    ids of a browser among them."""
    if _EMAIL in raw:
        return True
    person = raw.get("user_data")
    if not person:
        return False
    if not isinstance(person, dict):
        return isinstance(person, list | str)
    return not _FLAT.isdisjoint(person) or _has_other_address(person.get("address"))


def _has_other_address(address: Any) -> bool:
    if isinstance(address, str):
        return True
    if isinstance(address, dict) and isinstance(address := as_list(address), dict):
        return _is_other_address(address)
    return isinstance(address, list) and any(
        isinstance(each, str) or (isinstance(each, dict) and _is_other_address(each))
        for each in address
    )


def _is_other_address(address: Mapping[str, Any]) -> bool:
    return type(address.get(_CODE)) in _NUMBERS or not _OF_ADDRESS.isdisjoint(address)


def with_person(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` with its personal data in `user_data`, under our names. A value under our name is kept,
    unless it is empty; another value for the same field stays where it was."""
    event = {**raw}
    stated = only_person(event.get("user_data"))
    if stated is not None:
        event["user_data"] = stated
    person = our_person(stated) if isinstance(stated, dict) else {}
    email = as_list(event.get(_EMAIL))
    if _is_email(email) and (isinstance(stated, dict) or is_empty(stated)):
        if all(is_empty(person.get(form)) for form in _forms("email_address")):
            person["email_address"] = email
            del event[_EMAIL]
        elif person.get("email_address") == email:
            del event[_EMAIL]
    if person:
        event["user_data"] = person
    return event


def only_person(stated: Any) -> Any:
    """`stated`, or the only person in it if it is a list or JSON in a text. Of several people, it
    is not known which one the event is about."""
    listed = _all_opened(stated)
    people = [each for each in listed if each is not None] if isinstance(listed, list) else [listed]
    return people[0] if len(people) == 1 else listed


def _all_opened(stated: Any) -> Any:
    """`stated`, a list or its only element, with JSON in texts decoded."""
    listed = as_list(opened(stated))
    return [opened(each) for each in listed] if isinstance(listed, list) else listed


def _is_email(value: Any) -> bool:
    texts = value if isinstance(value, list) and value else [value]
    return all(isinstance(text, str) and _is_address(text.strip()) for text in texts)


def our_person(stated: Mapping[str, Any]) -> dict[str, Any]:
    """`stated`, a `user_data`, under our names."""
    indexed = {name: stated[name] for name in _PERSON if isinstance(stated.get(name), dict)}
    lists = {name: as_list(value) for name, value in indexed.items()}
    person = _renamed({**stated, **lists, **_only_values(stated)}, _PERSON)
    address = _all_opened(person.get("address"))
    if isinstance(address, dict):
        person["address"] = address = _renamed(address, _ADDRESS)
    elif isinstance(address, list):
        person["address"] = [
            _with_whole_code(_renamed(each, _ADDRESS)) if isinstance(each, dict) else each
            for each in address
        ]
    if isinstance(address, dict) or is_empty(address):
        known = _with_flat(person, address if isinstance(address, dict) else {})
        if known := {**known, **_name_parts(person, known)}:
            person["address"] = _with_whole_code(known)
    return person


def _with_whole_code(address: dict[str, Any]) -> dict[str, Any]:
    """`address` with the leading zeros of a postal code that was sent as a number."""
    stated, country = address.get(_CODE), address.get("country")
    if type(stated) not in _NUMBERS or not isinstance(country, str):
        return address
    code, digits = as_text(stated) or "", _CODE_DIGITS.get(country_code(country), 0)
    return {**address, _CODE: code.zfill(digits)} if code.isdecimal() else address


def _only_values(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `stated` in lists of one, as Meta's libraries write them (``"fn": ["..."]``),
    for fields of an address, which are single."""
    lists = {name: stated[name] for name in _ADDRESS if isinstance(stated.get(name), list)}
    return {name: listed[0] for name, listed in lists.items() if len(listed) == 1}


def read_as(path: str) -> str | None:
    """The event's path for the value that a sender writes at `path`; None if it is the same."""
    if path == _EMAIL:
        return f"user_data.{_PERSON[_EMAIL]}"
    above, _, name = path.rpartition(".")
    if above == "user_data" and name in _PERSON:
        return f"user_data.{_PERSON[name]}"
    if (above == "user_data" and name in _ADDRESS) or (
        above == "user_data.address" and name in _OF_ADDRESS
    ):
        return f"user_data.address.{_ADDRESS[name]}"
    return READ_AS.get(path)


def person_path(name: str) -> str | None:
    """The path for a column of a table of people: ``user_data.phone_number`` for ``phone``.

    None for a name that is not a person's alone: a shop has a city and a postal code, too.
    """
    ours = _PERSON.get(name, name)
    if ours in _OURS:
        return f"user_data.{ours}"
    return f"user_data.address.{_NAMES[name]}" if name in _NAMES else None


def with_columns(person: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """`person`, a `user_data`, with those values of `columns` that it has neither in clear nor
    hashed. Each name in `columns` has a `person_path`."""
    more = {**person}
    for name, value in columns.items():
        is_name = name in _NAMES
        holder = more.get("address", {}) if is_name else more
        field = _NAMES[name] if is_name else _PERSON.get(name, name)
        if not isinstance(holder, dict) or not holder.keys().isdisjoint(_forms(field)):
            continue
        if is_name:
            more["address"] = {**holder, field: value}
        else:
            more[field] = value
    return more


def _forms(field: str) -> tuple[str, str]:
    """The names of `field` in clear and hashed."""
    clear = field.removeprefix(_HASHED)
    return clear, _HASHED + clear


def _renamed(stated: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """`stated` with the fields in `names` under our names, except those that already have a value
    under our name."""
    renamed = {**stated}
    for name, ours in names.items():
        if name != ours and is_empty(renamed.get(ours)) and _is_value(stated.get(name)):
            renamed[ours] = renamed.pop(name)
    return renamed


def _with_flat(person: dict[str, Any], address: Mapping[str, Any]) -> dict[str, Any]:
    """`address` with the fields of an address that stand in `person` itself. They are removed from
    `person`, except values that differ from the address's own."""
    known = {**address}
    for name, ours in _ADDRESS.items():
        if not _is_value(value := person.get(name)):
            continue
        if is_empty(known.get(ours)):
            known[ours] = value
        if is_same(known[ours], value):
            del person[name]
    return known


def _name_parts(person: dict[str, Any], known: Mapping[str, Any]) -> dict[str, str]:
    """The first and the last name in `person`'s full name, if it has two words: with more, it is
    not known which belong together. Removes the full name from `person` when both are known."""
    full = person.get(_FULL_NAME)
    if not isinstance(full, str):
        return {}
    names = {name for name in _NAMES.values() if not is_empty(known.get(name))}
    words = full.split()
    if not names and len(words) == 2 and "," not in full:
        del person[_FULL_NAME]
        return {"first_name": words[0], "last_name": words[1]}
    if {"first_name", "last_name"} <= names:
        del person[_FULL_NAME]
    return {}


def _is_value(value: Any) -> bool:
    is_of_type = isinstance(value, str | int | float | list) and type(value) is not bool
    return is_of_type and not is_empty(value)
