"""The person of an event, and the clicks that brought the visitor, in Google's form.

Source: developers.google.com/data-manager/api/devguides/concepts/formatting, and Google's
google-ads-datamanager-util.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from destinations import normalise
from destinations.base import Event
from destinations.clicks import click_id
from destinations.google_data_manager.api import MAX_IDENTIFIERS
from destinations.hashed_forms import Needs, PersonalData
from destinations.normalise import hashing
from destinations.paths import as_text
from destinations.places import country_code

_emails = hashing("email_address", normalise.google_email)
_NAMES = {
    "givenName": hashing("first_name", normalise.trimmed_name),
    "familyName": hashing("last_name", normalise.trimmed_name),
}
_CLEAR_OF_ADDRESS = frozenset({"country", "postal_code"})
_CLICKS = ("gclid", "gbraid", "wbraid")


def personal_data(region: str | None) -> PersonalData:
    """The parts of ``user_data`` that are read. region: ISO 3166-1 alpha-2 of phone numbers without
    a country code."""
    phone = normalise.phone_hashing(normalise.phone, region)
    return PersonalData(Needs([_emails]), Needs([*_NAMES.values()], _CLEAR_OF_ADDRESS), phone)


def user_identifiers(event: Event, region: str | None) -> list[dict[str, Any]]:
    """``userIdentifiers`` of `event`, each of one kind. region: as for `personal_data`."""
    person = event.get("user_data")
    if not person:
        return []
    found: list[dict[str, Any]] = [{"emailAddress": digest} for digest in _emails([person])]
    numbers = normalise.phone_numbers(event, normalise.phone, region)
    found += [{"phoneNumber": digest} for digest in numbers]
    found += [{"address": each} for each in _addresses(person)]
    return found[:MAX_IDENTIFIERS]


def ad_identifiers(event: Event) -> dict[str, str]:
    """``adIdentifiers`` of `event`: one id of Google Ads, the most precise one, and ``dclid``."""
    found = {}
    for name in _CLICKS:
        if value := click_id(event, name, "Google"):
            found[name] = value
            break
    if dclid := click_id(event, "dclid", "Google"):
        found["dclid"] = dclid
    return found


def _addresses(person: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The addresses with all that Google requires: both names, the country and the postal code."""
    for given in normalise.addresses(person):
        names = {key: digests[0] for key, hashed in _NAMES.items() if (digests := hashed([given]))}
        country = country_code(as_text(given.get("country")) or "")
        postal_code = normalise.in_clear(as_text(given.get("postal_code")) or "")
        if len(names) == len(_NAMES) and country and postal_code:
            yield {**names, "regionCode": country, "postalCode": postal_code}
