"""The ``user_data`` of one of Snapchat's events.

``madid`` is ``mobile_ad_id`` in Snapchat's OpenAPI file, but ``madid`` on its pages and in its own
integrations.

Source: developers.snap.com/api/marketing-api/Conversions-API/Parameters (user_data).
"""

from collections.abc import Mapping
from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.apps import ADVERTISING_IDS, lower_advertising_id
from destinations.base import Event
from destinations.clicks import browser_id, click_id
from destinations.mapping import Hasher
from destinations.people import (
    HashedPerson,
    Normalisers,
    add_hashes,
    clear_ids,
    single_hashers_below,
)

# Snapchat's page wants names without punctuation, but its libraries keep it: both forms are sent.
_NAME_FORMS = (normalise.bare_name, normalise.spaceless)
_NORMALISERS: Normalisers = {
    "em": (normalise.email,),
    "ge": (normalise.gender,),
    "db": (normalise.birth_date,),
    "fn": _NAME_FORMS,
    "ln": _NAME_FORMS,
    "ct": (normalise.city,),
    "st": (normalise.state,),
    "zp": (normalise.spaceless,),
    "country": (normalise.country,),
    "external_id": (normalise.external_id,),
}
"""For every hashed field except the phone number, whose form depends on the country."""

_UNHASHED = frozenset({"madid", "idfv", "lead_id", "subscription_id", "anon_id", "download_id"})
"""Fields of ``user_data`` that are sent as they are, except ``madid``, which is in lower case."""

_CLEAR = _UNHASHED.union(ADVERTISING_IDS)
_PERSON = HashedPerson(_NORMALISERS, _CLEAR)
personal_data = _PERSON.personal_data


def hashers(region: str | None) -> dict[str, Hasher]:
    """As `HashedPerson.hashers`, except that ``db`` holds one hash instead of a list."""
    born = {"db": _NORMALISERS["db"]}
    return _PERSON.hashers(region) | single_hashers_below("user_data", born)


def user_data(event: Event, region: str | None) -> dict[str, Any]:
    """The ``user_data`` of `event`. region: as for `hashers`, unless the event names a country."""
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        _add_person(data, person)
        if numbers := normalise.phone_numbers(event, normalise.phone_digits, region):
            data["ph"] = numbers
    if ids := _PERSON.external_ids.of(event):
        data["external_id"] = ids
    found = {
        "client_ip_address": public_address(event),
        "client_user_agent": event.get("user_agent"),
        "sc_click_id": click_id(event, "ScCid", "Snapchat"),
        "sc_cookie1": browser_id(event, "scid"),
    }
    return data | {key: value for key, value in found.items() if value}


def is_too_thin(person: Mapping[str, Any]) -> bool:
    """Whether Snapchat would refuse an event with this ``user_data``."""
    has_one = "em" in person or "ph" in person or "madid" in person
    return not has_one and not ("client_ip_address" in person and "client_user_agent" in person)


def _add_person(data: dict[str, Any], person: Mapping[str, Any]) -> None:
    add_hashes(data, _PERSON.of_person, [person])
    if "address" in person:
        add_hashes(data, _PERSON.of_address, normalise.addresses(person))
    if not _CLEAR.isdisjoint(person):
        data |= {key: str(value) for key, value in clear_ids(person, _UNHASHED).items()}
        if device := data.get("madid", "").lower() or _advertising_id(person):
            data["madid"] = device
    if "db" in data:
        data["db"] = data["db"][0]


def _advertising_id(person: Mapping[str, Any]) -> str:
    """The first valid advertising id of `person`, in lower case; "" without one."""
    texts = (person[field] for field in ADVERTISING_IDS if isinstance(person.get(field), str))
    return next(filter(None, map(lower_advertising_id, texts)), "")
