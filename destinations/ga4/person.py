"""The person of an event, hashed in the forms by which GA4 matches.

Sources: developers.google.com/analytics/devguides/collection/ga4/uid-data, and for the Data Manager
API developers.google.com/data-manager/api/devguides/concepts/formatting.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from destinations import normalise
from destinations.base import Event
from destinations.hashed_forms import Hashing, Needs, PersonalData
from destinations.mapping import Hasher
from destinations.normalise import Normaliser, hashing
from destinations.places import country_code
from destinations.remarks import remark


class Forms(NamedTuple):
    """Forms by which Google matches: of e-mail addresses, and of the hashed and the clear parts of
    an address."""

    email: Normaliser
    emails: Hashing
    of_address: Mapping[str, Hashing]
    place: Normaliser


def _forms(email: Normaliser, name: Normaliser, place: Normaliser) -> Forms:
    of_address = {
        "sha256_first_name": hashing("first_name", name),
        "sha256_last_name": hashing("last_name", name),
        "sha256_street": hashing("street", normalise.street),
    }
    return Forms(email, hashing("email_address", email), of_address, place)


MEASUREMENT_PROTOCOL = _forms(
    normalise.email_without_gmail_dots, normalise.words_of_letters, normalise.words_of_letters
)
DATA_MANAGER = _forms(normalise.google_email, normalise.trimmed_name, normalise.street)

_CLEAR_OF_ADDRESS = frozenset({"city", "region", "postal_code", "country"})
_MAX_EMAILS, _MAX_PHONES, _MAX_ADDRESSES = 3, 3, 2


def hashers(region: str | None, forms: Forms) -> dict[str, Hasher]:
    """The functions that hash values which a mapping sets in ``user_data``. region: ISO 3166-1
    alpha-2 of phone numbers without a country code."""
    email, number = "user_data.sha256_email_address", "user_data.sha256_phone_number"
    hash_email = normalise.hasher(email, forms.email)
    hash_number = normalise.hasher(number, normalise.phone(region))
    return {
        email: lambda value: hash_email(value)[:_MAX_EMAILS],
        number: lambda value: hash_number(value)[:_MAX_PHONES],
    }


def personal_data(region: str | None, forms: Forms) -> PersonalData:
    """The parts of an event's ``user_data`` that are read. region: as for `hashers`."""
    phone = normalise.phone_hashing(normalise.phone, region)
    address = Needs([*forms.of_address.values()], _CLEAR_OF_ADDRESS)
    return PersonalData(Needs([forms.emails]), address, phone)


def user_data_of(event: Event, region: str | None, forms: Forms) -> dict[str, Any]:
    """``user_data`` of a request. region: as for `hashers`."""
    person = event.get("user_data")
    if not person:
        return {}
    numbers = normalise.phone_numbers(event, normalise.phone, region)
    addresses = [_address(given, forms) for given in normalise.addresses(person)]
    data = {
        "sha256_email_address": forms.emails([person])[:_MAX_EMAILS],
        "sha256_phone_number": numbers[:_MAX_PHONES],
        "address": [address for address in addresses if address][:_MAX_ADDRESSES],
    }
    return {name: values for name, values in data.items() if values}


def _address(given: Mapping[str, Any], forms: Forms) -> dict[str, str]:
    address = {
        key: digests[0] for key, hashed in forms.of_address.items() if (digests := hashed([given]))
    }
    for place in ("city", "region"):
        if text := forms.place(normalise.in_clear(given.get(place, ""))):
            address[place] = text
    if postal_code := normalise.in_clear(given.get("postal_code", "")):
        address["postal_code"] = postal_code
    stated = given.get("country", "")
    if country := country_code(stated):
        address["country"] = country
    elif stated:
        remark("country: removed because it is not a known country")
    return address
