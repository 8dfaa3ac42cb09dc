"""The ``user_data`` of one of Meta's server events.

Source: developers.facebook.com/docs/marketing-api/conversions-api
(parameters/customer-information-parameters).
"""

from collections.abc import Mapping
from typing import Any

from destinations import normalise
from destinations.base import Event
from destinations.meta.identifiers import identifiers
from destinations.people import HashedPerson, Normalisers, add_hashes, clear_ids

# Meta's two libraries disagree about spaces and punctuation in names, and about non-Latin letters
# in cities: both forms are sent.
_NAME_FORMS = (normalise.bare_name, normalise.trimmed_name)
_NORMALISERS: Normalisers = {
    "em": (normalise.email,),
    "ge": (normalise.gender,),
    "db": (normalise.birth_date,),
    "fn": _NAME_FORMS,
    "ln": _NAME_FORMS,
    "ct": (normalise.city, normalise.latin_city),
    "st": (normalise.state,),
    "zp": (normalise.postal_code,),
    "country": (normalise.country,),
    "external_id": (normalise.external_id,),
}
"""For every hashed field except the phone number, whose form depends on the country."""

_UNHASHED = frozenset(
    [
        "subscription_id",
        "lead_id",
        "fb_login_id",
        "anon_id",
        "madid",
        "page_id",
        "page_scoped_user_id",
        "ctwa_clid",
        "ig_account_id",
        "ig_sid",
        "whatsapp_business_account_id",
    ]
)
"""Meta's own fields in ``user_data``, sent as they are."""

_PERSON = HashedPerson(_NORMALISERS, _UNHASHED)
hashers = _PERSON.hashers
personal_data = _PERSON.personal_data

_TOO_THIN = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""Combinations that Meta refuses with subcode 2804050, also if parts of one are missing."""
_MOST_TOO_THIN = max(map(len, _TOO_THIN))


def is_too_thin(person: Mapping[str, Any]) -> bool:
    """Whether Meta would refuse an event with this ``user_data``."""
    few = len(person) <= _MOST_TOO_THIN
    return few and any(person.keys() <= thin for thin in _TOO_THIN)


def user_data(event: Event, seconds: float, region: str | None) -> dict[str, Any]:
    """The ``user_data`` of `event`. seconds: its Unix time. region: as for `hashers`, unless the
    event names a country."""
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        _add_person(data, person)
        if numbers := normalise.phone_numbers(event, normalise.phone_digits, region):
            data["ph"] = numbers
    if ids := _PERSON.external_ids.of(event):
        data["external_id"] = ids
    if user_agent := event.get("user_agent"):
        data["client_user_agent"] = user_agent
    data.update(identifiers(event, seconds))
    return data


def _add_person(data: dict[str, Any], person: Mapping[str, Any]) -> None:
    add_hashes(data, _PERSON.of_person, [person])
    if "address" in person:
        add_hashes(data, _PERSON.of_address, normalise.addresses(person))
    if not _UNHASHED.isdisjoint(person):
        data |= clear_ids(person, _UNHASHED)
