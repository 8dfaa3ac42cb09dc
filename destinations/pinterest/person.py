"""The ``user_data`` of one of Pinterest's events: arrays of hashes, and ids in clear.

A phone number as the only identifier is not enough, according to Pinterest's own description.

Sources: github.com/pinterest/api-description, 5.23.0 (ConversionEventsUserData), and
developers.pinterest.com/docs/conversions/event.
"""

from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.apps import (
    ADVERTISING_IDS,
    hashed_advertising_ids,
    lower_advertising_id,
)
from destinations.base import Event
from destinations.clicks import click_id
from destinations.normalise import hashing
from destinations.people import HashedPerson, Normalisers, add_hashes, clear_ids


def gender(text: str) -> str:
    """``f``, ``m``, or ``n`` for non-binary: Pinterest."""
    words = "".join(filter(str.isalpha, text.lower()))
    return "n" if words in ("n", "nonbinary") else normalise.gender(text)


def state_code(text: str) -> str:
    """The two letters of a state or a province: Pinterest. "" for other regions."""
    code = normalise.state(text)
    return code if len(code) == 2 else ""


def postal_digits(text: str) -> str:
    """Digits, up to the first dash: Pinterest. "" for postal codes with letters."""
    code = normalise.postal_code(text)
    return code if code.isdigit() else ""


# Pinterest says nothing about spaces in names: both forms are sent.
_NAME_FORMS = (normalise.bare_name, normalise.trimmed_name)
_NORMALISERS: Normalisers = {
    "em": (normalise.email_without_spaces,),
    "ge": (gender,),
    "db": (normalise.birth_date,),
    "hashed_maids": (lower_advertising_id,),
    "fn": _NAME_FORMS,
    "ln": _NAME_FORMS,
    "ct": (normalise.city,),
    "st": (state_code,),
    "zp": (postal_digits,),
    "country": (normalise.country,),
    "external_id": (normalise.external_id,),
}
"""For every hashed field except the phone number, whose form depends on the country."""

_OF_DEVICES = [hashing(field, lower_advertising_id) for field in ADVERTISING_IDS]
_UNHASHED = frozenset({"partner_id"})

_PERSON = HashedPerson(_NORMALISERS, _UNHASHED, *_OF_DEVICES)
hashers = _PERSON.hashers
personal_data = _PERSON.personal_data


def identifies(person: Any) -> bool:
    """Whether Pinterest accepts an event with this ``user_data``."""
    if not isinstance(person, dict):
        return False
    if person.get("em") or person.get("hashed_maids"):
        return True
    return bool(person.get("client_ip_address") and person.get("client_user_agent"))


def user_data(event: Event, region: str | None) -> dict[str, Any]:
    """The ``user_data`` of `event`. region: as for `hashers`, unless the event names a country."""
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        add_hashes(data, _PERSON.of_person, [person])
        if "address" in person:
            add_hashes(data, _PERSON.of_address, normalise.addresses(person))
        if numbers := normalise.phone_numbers(event, normalise.phone_digits, region):
            data["ph"] = numbers
        if devices := hashed_advertising_ids(person, _OF_DEVICES):
            data["hashed_maids"] = devices
        data |= {key: str(value) for key, value in clear_ids(person, _UNHASHED).items()}
    if ids := _PERSON.external_ids.of(event):
        data["external_id"] = ids
    if address := public_address(event):
        data["client_ip_address"] = address
    if user_agent := event.get("user_agent"):
        data["client_user_agent"] = user_agent
    if clicked := click_id(event, "epik", "Pinterest"):
        data["click_id"] = clicked
    return data
