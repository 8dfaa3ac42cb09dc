"""The ``user`` of one of LinkedIn's conversions.

Left out: Acxiom's id, for which events have no field, and fields that a mapping can set: the URN of
a lead form, the title and the company.

Source: learn.microsoft.com/linkedin/marketing/conversions/conversions-api-schema (user, idType).
"""

from collections.abc import Mapping
from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.apps import ANDROID_IDS, advertising_id
from destinations.base import Event
from destinations.clicks import click_id
from destinations.hashed_forms import Needs, PersonalData
from destinations.paths import as_text
from destinations.places import country_code

_emails = normalise.hashing("email_address", normalise.email_without_spaces)

_NAMES = {"firstName": "first_name", "lastName": "last_name"}
_CLEAR = frozenset({*_NAMES.values(), "country"})


def personal_data(send_names: bool) -> PersonalData:
    """The parts of ``user_data`` that are read."""
    address = Needs(clear=_CLEAR) if send_names else Needs()
    return PersonalData(Needs([_emails], ANDROID_IDS), address)


def user(event: Event, send_names: bool) -> dict[str, Any]:
    """The ``user`` of `event`. If LinkedIn could not recognise the person, ``userIds`` is empty and
    ``userInfo`` missing."""
    person = event.get("user_data")
    found: dict[str, Any] = {"userIds": list(_ids(event, person or {}))}
    if person and send_names and (info := _info(person)):
        found["userInfo"] = info
    return found


def _ids(event: Event, person: Mapping[str, Any]) -> list[dict[str, str]]:
    emails = _emails([person]) if person else []
    address = public_address(event)
    found = {
        "SHA256_EMAIL": emails[0] if emails else "",
        "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID": click_id(event, "li_fat_id", "LinkedIn"),
        "PLAINTEXT_IP_ADDRESS": "" if ":" in address else address,
        "GOOGLE_AID": advertising_id(event, "android"),
    }
    return [{"idType": kind, "idValue": value} for kind, value in found.items() if value]


def _info(person: Mapping[str, Any]) -> dict[str, str]:
    """The first address with both names in clear, which LinkedIn requires."""
    for address in normalise.addresses(person):
        stated = {key: as_text(address.get(field)) or "" for key, field in _NAMES.items()}
        names = {key: normalise.in_clear(text) for key, text in stated.items()}
        if all(names.values()):
            country = as_text(address.get("country")) or ""
            code = country_code(country)
            return {**names, "countryCode": code} if code else names
    return {}
