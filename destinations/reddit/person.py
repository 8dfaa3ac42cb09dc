"""The ``user`` of one of Reddit's events.

Reddit accepts one value of each kind: of several e-mail addresses, the first is sent.

Sources: ads-api.reddit.com/docs (version 3) and business.reddithelp.com (manual advanced matching),
which says how an e-mail address is normalised.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.apps import (
    System,
    hashed_advertising_ids,
    lower_advertising_id,
    system_of,
    upper_advertising_id,
)
from destinations.base import Event
from destinations.clicks import browser_id
from destinations.hashed_forms import Hashing, Needs, PersonalData
from destinations.mapping import Hasher
from destinations.normalise import hashing
from destinations.people import ExternalIds, Normalisers, single_hashers_below

_MAX_PIXELS = 32_767
_size = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})").fullmatch


def email(text: str) -> str:
    """Lower case, the mailbox up to the first plus sign, letters and digits alone: Reddit."""
    mailbox, _, domain = normalise.email(text).rpartition("@")
    name = "".join(filter(str.isalnum, mailbox.partition("+")[0]))
    return f"{name}@{domain}" if name else ""


def external_id(text: str) -> str:
    """Trimmed: Reddit."""
    return text.strip()


_emails = hashing("email_address", email)
_IDFAS = [hashing("idfa", upper_advertising_id)]
_AAIDS = [hashing(field, lower_advertising_id) for field in ("gaid", "aaid")]
_OF_IOS = hashing("madid", upper_advertising_id)
_OF_ANDROID = hashing("madid", lower_advertising_id)
_DEVICES: Mapping[System | None, Mapping[str, Sequence[Hashing]]] = {
    None: {"idfa": _IDFAS, "aaid": _AAIDS},
    "ios": {"idfa": [*_IDFAS, _OF_IOS], "aaid": _AAIDS},
    "android": {"idfa": _IDFAS, "aaid": [*_AAIDS, _OF_ANDROID]},
}
"""The hashings of advertising ids for each field, by the system of the device."""

_EXTERNAL_IDS = ExternalIds(external_id)


def hashers(region: str | None) -> dict[str, Hasher]:
    """The functions that hash values which a mapping sets in ``user``.

    region: ISO 3166-1 alpha-2 of phone numbers without a country code.
    """
    normalisers: Normalisers = {
        "email": (email,),
        "phone_number": (normalise.phone(region),),
        "external_id": (external_id,),
        "idfa": (upper_advertising_id,),
        "aaid": (lower_advertising_id,),
    }
    return single_hashers_below("user", normalisers)


def personal_data(region: str | None) -> PersonalData:
    """The parts of an event's ``user_data`` that are read. region: as for `hashers`."""
    phone = normalise.phone_hashing(normalise.phone, region)
    devices = [*_IDFAS, *_AAIDS, _OF_IOS, _OF_ANDROID]
    return PersonalData(Needs([_emails, _EXTERNAL_IDS.hashing, *devices]), phone=phone)


_ALONE = ("email", "phone_number", "external_id", "uuid", "idfa", "aaid")
"""Fields of ``user`` that are each enough for Reddit on their own."""


def identifies(translated: Mapping[str, Any]) -> bool:
    """Whether Reddit accepts an event with this ``click_id`` and ``user``."""
    user = translated.get("user")
    if translated.get("click_id") or not isinstance(user, dict):
        return bool(translated.get("click_id"))
    return any(map(user.get, _ALONE)) or bool(user.get("ip_address") and user.get("user_agent"))


def user(event: Event, region: str | None) -> dict[str, Any]:
    """The ``user`` of `event`. region: as for `hashers`, unless the event names a country."""
    found: dict[str, Any] = _hashed(event, region)
    if address := public_address(event):
        found["ip_address"] = address
    if user_agent := event.get("user_agent"):
        found["user_agent"] = user_agent
    if browser := browser_id(event, "_rdt_uuid").rpartition(".")[2]:
        found["uuid"] = browser
    if size := _screen(event):
        found["screen_dimensions"] = size
    return found


def _hashed(event: Event, region: str | None) -> dict[str, str]:
    hashes = {"external_id": _EXTERNAL_IDS.of(event)}
    if person := event.get("user_data"):
        hashes["email"] = _emails([person])
        hashes["phone_number"] = normalise.phone_numbers(event, normalise.phone, region)
        for field, hashings in _DEVICES[system_of(event)].items():
            hashes[field] = hashed_advertising_ids(person, hashings)
    return {field: several[0] for field, several in hashes.items() if several}


def _screen(event: Event) -> dict[str, int]:
    size = _size(event.get("screen_resolution", ""))
    width, height = map(int, size.groups()) if size else (0, 0)
    if not 0 < max(width, height) <= _MAX_PIXELS:
        return {}
    return {"width": width, "height": height}
