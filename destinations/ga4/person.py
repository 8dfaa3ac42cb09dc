"""The person in an event, in the form that GA4 matches on: hashed.

Source: developers.google.com/analytics/devguides/collection/ga4/uid-data.
"""

from collections.abc import Mapping
from typing import Any

from destinations import normalise
from destinations.base import Event
from destinations.hashed_forms import Needs, PersonalData
from destinations.mapping import Hasher
from destinations.normalise import hashing
from destinations.places import country_code
from destinations.remarks import remark

_emails = hashing("email_address", normalise.email_without_gmail_dots)
_OF_ADDRESS = {
    "sha256_first_name": hashing("first_name", normalise.words_of_letters),
    "sha256_last_name": hashing("last_name", normalise.words_of_letters),
    "sha256_street": hashing("street", normalise.street),
}
_CLEAR_OF_ADDRESS = frozenset({"city", "region", "postal_code", "country"})
_MAX_EMAILS, _MAX_PHONES, _MAX_ADDRESSES = 3, 3, 2


def hashers(region: str | None) -> dict[str, Hasher]:
    """For the hashed fields of ``user_data``. region: ISO 3166-1 alpha-2 of phone numbers without a
    country code."""
    email, number = "user_data.sha256_email_address", "user_data.sha256_phone_number"
    hash_email = normalise.hasher(email, normalise.email_without_gmail_dots)
    hash_number = normalise.hasher(number, normalise.phone(region))
    return {
        email: lambda value: hash_email(value)[:_MAX_EMAILS],
        number: lambda value: hash_number(value)[:_MAX_PHONES],
    }


def personal_data(region: str | None) -> PersonalData:
    """What is read of an event's ``user_data``. region: as for `hashers`."""
    phone = normalise.phone_hashing(normalise.phone, region)
    address = Needs([*_OF_ADDRESS.values()], _CLEAR_OF_ADDRESS)
    return PersonalData(Needs([_emails]), address, phone)


def user_data_of(event: Event, region: str | None) -> dict[str, Any]:
    """``user_data`` of a request. region: as for `hashers`."""
    person = event.get("user_data")
    if not person:
        return {}
    numbers = normalise.phone_numbers(event, normalise.phone, region)
    addresses = [_address(given) for given in normalise.addresses(person)]
    data = {
        "sha256_email_address": _emails([person])[:_MAX_EMAILS],
        "sha256_phone_number": numbers[:_MAX_PHONES],
        "address": [address for address in addresses if address][:_MAX_ADDRESSES],
    }
    return {name: values for name, values in data.items() if values}


def _address(given: Mapping[str, Any]) -> dict[str, str]:
    address = {
        key: digests[0] for key, hashed in _OF_ADDRESS.items() if (digests := hashed([given]))
    }
    for place in ("city", "region"):
        if text := normalise.words_of_letters(given.get(place, "")):
            address[place] = text
    if postal_code := given.get("postal_code", "").strip():
        address["postal_code"] = postal_code
    stated = given.get("country", "")
    if country := country_code(stated):
        address["country"] = country
    elif stated:
        remark("country: removed because it is not a known country")
    return address
