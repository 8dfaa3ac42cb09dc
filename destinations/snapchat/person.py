"""The ``user_data`` of one of Snapchat's events.

Left out is ``mobile_ad_id``, the name that Snapchat's OpenAPI file has for ``madid``: its pages and
its own integrations have ``madid``.

Source: developers.snap.com/api/marketing-api/Conversions-API/Parameters (user_data).
"""

from collections.abc import Mapping
from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.base import Event
from destinations.clicks import browser_id, click_id
from destinations.hashed_forms import Needs, PersonalData
from destinations.mapping import Hasher
from destinations.people import (
    ExternalIds,
    Normalisers,
    add_hashes,
    address_hashings,
    clear_ids,
    hashers_below,
    person_hashings,
)

# Snapchat's page wants names without punctuation, its libraries keep it: both forms go.
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
"""Of every hashed field but the phone number, which is hashed by the country."""

_OF_PERSON = person_hashings(_NORMALISERS)
_OF_ADDRESS = address_hashings(_NORMALISERS)
_EXTERNAL_IDS = ExternalIds(*_NORMALISERS["external_id"])

_UNHASHED = frozenset({"madid", "idfv", "lead_id", "subscription_id", "anon_id", "download_id"})
"""Fields of ``user_data`` that are sent as they are; an advertising id in lower case."""


def user_data(event: Event, region: str | None) -> dict[str, Any]:
    """The person of `event`. region: as for `hashers`."""
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        _add_person(data, person)
        if numbers := normalise.phone_numbers(event, normalise.phone_digits, region):
            data["ph"] = numbers
    if ids := _EXTERNAL_IDS.of(event):
        data["external_id"] = ids
    found = {
        "client_ip_address": public_address(event),
        "client_user_agent": event.get("user_agent"),
        "sc_click_id": click_id(event, "ScCid", "Snapchat"),
        "sc_cookie1": browser_id(event, "scid"),
    }
    return data | {key: value for key, value in found.items() if value}


def is_connected(event: Event) -> bool:
    """Whether the connection alone tells enough of the visitor."""
    return bool(event.get("user_agent") and public_address(event))


def is_too_thin(person: Mapping[str, Any]) -> bool:
    """Whether Snapchat would refuse an event with this ``user_data``."""
    has_one = "em" in person or "ph" in person or "madid" in person
    return not has_one and not ("client_ip_address" in person and "client_user_agent" in person)


def hashers(region: str | None) -> dict[str, Hasher]:
    """For the hashed fields of ``user_data``.

    region: ISO 3166-1 alpha-2 of phone numbers without a country code, if the event does not tell
    its country.
    """
    phone = (normalise.phone_digits(region),)
    return hashers_below("user_data", {**_NORMALISERS, "ph": phone})


def personal_data(region: str | None) -> PersonalData:
    """What is read of an event's ``user_data``. region: as for `hashers`."""
    phone = normalise.phone_hashing(normalise.phone_digits, region)
    person = Needs([*_OF_PERSON.values(), _EXTERNAL_IDS.hashing], _UNHASHED)
    return PersonalData(person, Needs([*_OF_ADDRESS.values()]), phone)


def _add_person(data: dict[str, Any], person: Mapping[str, Any]) -> None:
    add_hashes(data, _OF_PERSON, [person])
    if "address" in person:
        add_hashes(data, _OF_ADDRESS, normalise.addresses(person))
    if not _UNHASHED.isdisjoint(person):
        data |= {key: str(value) for key, value in clear_ids(person, _UNHASHED).items()}
        if "madid" in data:
            data["madid"] = data["madid"].lower()
    if "db" in data:
        data["db"] = data["db"][0]  # the only one that is no list
