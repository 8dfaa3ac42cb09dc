"""The ``user`` of one of OpenAI's events.

OpenAI uses the first three values of each list. Places are sent in clear, as it asks.

Source: developers.openai.com/ads/conversions-api (Send user data).
"""

import re
from collections.abc import Mapping, Sequence
from string import punctuation, whitespace
from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.apps import ANDROID_IDS, advertising_id
from destinations.base import Event
from destinations.clicks import browser_id
from destinations.hashed_forms import Needs, PersonalData
from destinations.mapping import Hasher
from destinations.normalise import Normaliser, hashing
from destinations.paths import as_text
from destinations.people import ExternalIds, Normalisers, add_hashes, hashers_below
from destinations.places import country_code

_MAX_PLACE = 128
_without_signs = str.maketrans("", "", punctuation + whitespace)
_is_postal_code = re.compile(r"[A-Za-z0-9 -]{1,32}").fullmatch


def name(text: str) -> str:
    """Lower case without white space and ASCII punctuation: OpenAI."""
    return "".join(text.lower().translate(_without_signs).split())


def external_id(text: str) -> str:
    """Trimmed: OpenAI."""
    return text.strip()


def place(text: str) -> str:
    """Trimmed, up to 128 characters: OpenAI, which makes it lower case. "" for a hash."""
    return normalise.in_clear(text)[:_MAX_PLACE].rstrip()


def postal_code(text: str) -> str:
    """Trimmed; "" for other signs than spaces and hyphens, and for over 32 characters: OpenAI."""
    text = text.strip()
    return text if _is_postal_code(text) else ""


_OF_PERSON = {"emails_sha256": hashing("email_address", normalise.email)}
_OF_ADDRESS = {
    "first_names_sha256": hashing("first_name", name),
    "last_names_sha256": hashing("last_name", name),
}
_CLEAR: Mapping[str, tuple[str, Normaliser]] = {
    "regions": ("region", place),
    "postal_codes": ("postal_code", postal_code),
    "cities": ("city", place),
    "countries": ("country", country_code),
}
"""Fields that OpenAI wants in clear: the field of an address, and its form."""

_EXTERNAL_IDS = ExternalIds(external_id)
_ALONE = (
    *("emails_sha256", "phone_numbers_sha256", "external_ids_sha256"),
    *("android_advertising_id", "obref"),
)
"""Fields of ``user`` that are each enough on their own."""


def user(event: Event, region: str | None) -> dict[str, Any]:
    """The ``user`` of `event`. region: as for `hashers`, unless the event names a country."""
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        add_hashes(data, _OF_PERSON, [person])
        if numbers := normalise.phone_numbers(event, normalise.phone_digits, region):
            data["phone_numbers_sha256"] = numbers
        if "address" in person:
            _add_address(data, normalise.addresses(person))
    if ids := _EXTERNAL_IDS.of(event):
        data["external_ids_sha256"] = ids
    clear = {
        "android_advertising_id": advertising_id(event, "android").lower(),
        "obref": browser_id(event, "obref"),
        "ip_address": public_address(event),
        "user_agent": event.get("user_agent"),
    }
    return data | {key: value for key, value in clear.items() if value}


def identifies(translated: Mapping[str, Any]) -> bool:
    """Whether OpenAI could match an event with this ``oppref`` and ``user`` to a person."""
    person = translated.get("user")
    if translated.get("oppref") or not isinstance(person, dict):
        return bool(translated.get("oppref"))
    if any(map(person.get, _ALONE)):
        return True
    return bool(person.get("ip_address") and person.get("user_agent"))


def hashers(region: str | None) -> dict[str, Hasher]:
    """The functions for values which a mapping sets in fields of ``user`` with personal data.

    region: ISO 3166-1 alpha-2 of phone numbers without a country code.
    """
    normalisers: Normalisers = {
        "emails_sha256": (normalise.email,),
        "phone_numbers_sha256": (normalise.phone_digits(region),),
        "external_ids_sha256": (external_id,),
        "first_names_sha256": (name,),
        "last_names_sha256": (name,),
    }
    found = hashers_below("user", normalisers)
    return found | {f"user.{key}": _in_clear(form) for key, (_, form) in _CLEAR.items()}


def personal_data(region: str | None) -> PersonalData:
    """The parts of an event's ``user_data`` that are read. region: as for `hashers`."""
    person = Needs([*_OF_PERSON.values(), _EXTERNAL_IDS.hashing], ANDROID_IDS)
    clear = frozenset(field for field, _ in _CLEAR.values())
    phone = normalise.phone_hashing(normalise.phone_digits, region)
    return PersonalData(person, Needs([*_OF_ADDRESS.values()], clear), phone)


def _add_address(data: dict[str, Any], addresses: Sequence[Mapping[str, Any]]) -> None:
    add_hashes(data, _OF_ADDRESS, addresses)
    for key, (field, form) in _CLEAR.items():
        texts = (form(text) for each in addresses if isinstance(text := each.get(field), str))
        if found := list(dict.fromkeys(filter(None, texts))):
            data[key] = found


def _in_clear(form: Normaliser) -> Hasher:
    def listed(value: Any) -> list[str]:
        stated = value if isinstance(value, list) else [value]
        return [text for each in stated if (text := form(as_text(each) or ""))]

    return listed
