"""The ``user`` of one of TikTok's events.

Source: business-api.tiktok.com/portal/docs?id=1771101303285761 (user, hashing).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from destinations import normalise
from destinations.base import Event
from destinations.hashed_forms import Needs, PersonalData
from destinations.mapping import Hasher
from destinations.normalise import Normaliser, hashing
from destinations.paths import as_text
from destinations.people import (
    ExternalIds,
    Normalisers,
    add_hashes,
    hashers_below,
    single_hashers_below,
)
from destinations.tiktok.identifiers import DEVICE_FIELDS, device_ids, identifiers


def trimmed_id(text: str) -> str:
    """Trimmed and lower case: TikTok."""
    return text.strip().lower()


def _in_clear(form: Normaliser) -> Hasher:
    return lambda value: form(normalise.in_clear(as_text(value) or ""))


_OF_PERSON = {"email": hashing("email_address", normalise.email)}
_OF_ADDRESS = {
    "first_name": hashing("first_name", normalise.spaceless),
    "last_name": hashing("last_name", normalise.spaceless),
    "zip_code": hashing("postal_code", normalise.spaceless),
}

_CLEAR: Mapping[str, tuple[str, Hasher]] = {
    "city": ("city", _in_clear(normalise.bare_name)),
    "state": ("region", _in_clear(normalise.state)),
    "country": ("country", _in_clear(normalise.country)),
}
"""Fields that TikTok wants in clear: the field of an address, and its form."""

_EXTERNAL_IDS = ExternalIds(trimmed_id)

_IDENTIFYING = frozenset(
    {"email", "phone", "external_id", "ttclid", "ttp", "ip", "idfa", "gaid", "idfv"}
)


def user(event: Event, region: str | None) -> dict[str, Any]:
    """The ``user`` of `event`. region: as for `hashers`, unless the event names a country."""
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        add_hashes(data, _OF_PERSON, [person])
        if numbers := normalise.phone_numbers(event, normalise.phone, region):
            data["phone"] = numbers
        if "address" in person:
            _add_address(data, normalise.addresses(person))
        if not DEVICE_FIELDS.isdisjoint(person):
            data |= device_ids(event)
    if ids := _EXTERNAL_IDS.of(event):
        data["external_id"] = ids
    data |= identifiers(event)
    return data


def is_nobody(person: Mapping[str, Any]) -> bool:
    """Whether this ``user`` has no field by which TikTok could match a person."""
    return _IDENTIFYING.isdisjoint(person)


def hashers(region: str | None) -> dict[str, Hasher]:
    """The functions for values which a mapping sets in fields of ``user`` with personal data.

    region: ISO 3166-1 alpha-2 of phone numbers without a country code.
    """
    lists: Normalisers = {
        "email": (normalise.email,),
        "phone": (normalise.phone(region),),
        "external_id": (trimmed_id,),
    }
    of_address = dict.fromkeys(_OF_ADDRESS, (normalise.spaceless,))
    found = hashers_below("user", lists) | single_hashers_below("user", of_address)
    return found | {f"user.{key}": form for key, (_, form) in _CLEAR.items()}


def personal_data(region: str | None) -> PersonalData:
    """The parts of an event's ``user_data`` that are read. region: as for `hashers`."""
    person = Needs([*_OF_PERSON.values(), _EXTERNAL_IDS.hashing], DEVICE_FIELDS)
    clear = frozenset(field for field, _ in _CLEAR.values())
    phone = normalise.phone_hashing(normalise.phone, region)
    return PersonalData(person, Needs([*_OF_ADDRESS.values()], clear), phone)


def _add_address(data: dict[str, Any], addresses: Sequence[Mapping[str, Any]]) -> None:
    """Adds the first value of each field, because TikTok accepts one."""
    hashed: dict[str, list[str]] = {}
    add_hashes(hashed, _OF_ADDRESS, addresses)
    data |= {key: digests[0] for key, digests in hashed.items()}
    for key, (field, form) in _CLEAR.items():
        if found := next(filter(None, (form(each.get(field)) for each in addresses)), ""):
            data[key] = found
