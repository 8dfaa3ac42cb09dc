"""Where an event happened, and on which device, for vendors that tell websites from apps."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from destinations.base import Event
from destinations.hashed_forms import FORMS, Hashing

Place = Literal["website", "app", "store", "other"]
System = Literal["ios", "android"]
SYSTEMS: tuple[System, ...] = get_args(System)

_PLACES: Mapping[str, Place] = {
    "web": "website",
    "website": "website",
    "app": "app",
    "app_android": "app",
    "app_ios": "app",
    "mobile_app": "app",
    "in_store": "store",
    "offline": "store",
    "phone_call": "store",
    "physical_store": "store",
    "store": "store",
    "business_messaging": "other",
    "chat": "other",
    "email": "other",
    "other": "other",
    "system_generated": "other",
}
"""The places that the vendors' various values of `action_source` mean. Only trusted senders may
state those of a store."""

_SYSTEMS: Mapping[str, System] = {
    "app_android": "android",
    "app_ios": "ios",
    "android": "android",
    "ios": "ios",
    "ipados": "ios",
    "iphone os": "ios",
}
_OF_BROWSERS = ("client_id", "fbp", "fbc")

_OWN_IDS: Mapping[System, tuple[str, ...]] = {"ios": ("idfa",), "android": ("gaid", "aaid")}

ADVERTISING_IDS = ("madid", *_OWN_IDS["ios"], *_OWN_IDS["android"])
"""Fields of ``user_data`` with the advertising id of a mobile device: of any system, of iOS, and of
Android."""

ANDROID_IDS = frozenset({"madid", *_OWN_IDS["android"]})
"""The fields of `ADVERTISING_IDS` that may hold an id of Android."""

_WITH_IDS = frozenset([*ADVERTISING_IDS, FORMS])

_is_id = re.compile(r"(?![0-]+$)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
"""Excludes zeros alone, which systems report if the person has limited tracking."""


def stated_place(event: Event) -> Place | None:
    """Where `event` happened according to its `action_source`; None if that does not say."""
    stated = event.get("action_source")
    return _PLACES.get(stated.strip().lower()) if isinstance(stated, str) else None


def place_of(event: Event) -> Place | None:
    """Where `event` happened according to its `action_source`, else to its other fields; None if
    it is unknown."""
    if place := stated_place(event):
        return place
    if event.get("page_location"):
        return "website"
    if isinstance(event.get("app"), dict) and system_of(event):
        return "app"
    return "website" if any(map(event.get, _OF_BROWSERS)) else None


def system_of(event: Event) -> System | None:
    """The mobile system of the visitor's device; None for another or unknown system."""
    device = event.get("device")
    stated = device.get("operating_system") if isinstance(device, dict) else None
    for words in (stated, event.get("action_source")):
        if isinstance(words, str) and (system := _SYSTEMS.get(words.strip().lower())):
            return system
    return None


def advertising_id(event: Event, system: System) -> str:
    """The advertising id of the visitor's device, for a vendor that has a field for each system:
    that of `system`, or ``madid`` if the device has that system. "" if there is none, or it is not
    valid. It is in ``user_data`` or in the event itself."""
    fields = _OWN_IDS[system]
    if system_of(event) == system:
        fields = (*fields, "madid")
    holders: tuple[Event, ...] = (event.get("user_data") or {}, event)
    stated = (holder.get(field) for holder in holders for field in fields)
    return next((each for each in stated if isinstance(each, str) and _is_id(each)), "")


def lower_advertising_id(text: str) -> str:
    """A mobile advertising id in lower case: Pinterest, and Reddit for Android. "" for any other
    text."""
    return text.lower() if _is_id(text) else ""


def upper_advertising_id(text: str) -> str:
    """A mobile advertising id in upper case: Reddit for iOS. "" for any other text."""
    return text.upper() if _is_id(text) else ""


def hashed_advertising_ids(person: Mapping[str, Any], hashings: Iterable[Hashing]) -> list[str]:
    """The hashes of the advertising ids of `person`, without repetition."""
    if _WITH_IDS.isdisjoint(person):
        return []
    return list(dict.fromkeys(digest for hashed in hashings for digest in hashed([person])))
