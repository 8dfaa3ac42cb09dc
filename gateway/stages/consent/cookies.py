"""The cookies in which consent managers keep a visitor's choices.

Sources: cookiebot.com/en/developer (``CookieConsent``), my.onetrust.com "OneTrust Cookies"
(``OptanonConsent``), usercentrics.com/docs/web (the entries ``ucData``, ``uc_gcm`` and
``uc_settings`` of the browser's storage, of which a page must write one into a cookie).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from gateway.stages.consent.categories import Choices, Meanings, merged, read_categories
from gateway.stages.consent.types import UnreadableString, denials_in

_ADVERTISING = ("ad_storage", "ad_user_data", "ad_personalization")
_FUNCTIONALITY = ("functionality_storage", "personalization_storage")

MEANINGS: Mapping[str, Meanings] = {
    "cookiebot": {
        "necessary": ("security_storage",),
        "preferences": _FUNCTIONALITY,
        "statistics": ("analytics_storage",),
        "marketing": _ADVERTISING,
    },
    "onetrust": {
        "C0001": ("security_storage",),
        "C0002": ("analytics_storage",),
        "C0003": _FUNCTIONALITY,
        "C0004": _ADVERTISING,
    },
    "usercentrics": {
        "adStorage": ("ad_storage",),
        "analyticsStorage": ("analytics_storage",),
        "adUserData": ("ad_user_data",),
        "adPersonalization": ("ad_personalization",),
    },
}
"""What the vendors' own categories mean to Consent Mode, as the vendors publish it."""

_ENCODINGS = 3
"""Times that a value is decoded: some servers encode a cookie again before they pass it on."""

_cookiebot_choice = re.compile(r"\b(necessary|preferences|statistics|marketing):(true|false)\b")
_onetrust_groups = re.compile(r"(?:^|&)groups=([^&]*)")


def decoded(value: str) -> str:
    """`value` percent-decoded as often as it was encoded, three times at most."""
    for _ in range(_ENCODINGS):
        if "%" not in value:
            break
        value = unquote(value)
    return value


def read_cookiebot(value: str) -> Choices:
    """``{stamp:'...',necessary:true,preferences:false, ...}``, or a lone number.

    The number (``-1``: not asked, as no law requires it; ``0``: no answer) is no choice.
    Raises `UnreadableString`, with the denials of a value that breaks off.
    """
    text = decoded(value)
    choices = _each_once(
        (name, answer == "true") for name, answer in _cookiebot_choice.findall(text)
    )
    if not choices and text not in ("-1", "0"):
        raise UnreadableString
    if text[:1] == "{" and text[-1:] != "}":
        states, _ = read_categories(choices.items(), MEANINGS["cookiebot"])
        raise UnreadableString(denials=denials_in(states))
    return choices


def read_onetrust(value: str) -> Choices:
    """``...&groups=C0001:1,C0002:0&...``; a group with any other state is denied.

    Raises `UnreadableString`, also when there is no group.
    """
    text = value
    for _ in range(_ENCODINGS):
        if groups := _onetrust_groups.search(text):
            stated = [each.strip().partition(":") for each in decoded(groups[1]).split(",")]
            choices = _each_once((name, state == "1") for name, _, state in stated if name)
            if not choices:
                break
            return choices
        text = unquote(text)  # no more than needed: behind the groups stands the page's address
    raise UnreadableString


def _each_once(choices: Iterable[tuple[str, bool]]) -> Choices:
    """Of a category that is there twice a denial holds."""
    return merged({name: agreed} for name, agreed in choices)


def read_usercentrics(value: str) -> Choices:
    """JSON: ``ucData``, ``uc_gcm`` or ``uc_settings``; services by their id.

    Raises `UnreadableString`.
    """
    try:
        stored = orjson.loads(decoded(value))
    except ValueError:
        raise UnreadableString from None
    if not isinstance(stored, dict):
        raise UnreadableString
    choices = _usercentrics_services(stored) | _usercentrics_types(stored.get("gcm", stored))
    if not choices:
        raise UnreadableString
    return choices


def _usercentrics_types(stored: Any) -> Choices:
    if not isinstance(stored, dict):
        return {}
    return {
        name: stored[name] == "granted"
        for name in MEANINGS["usercentrics"]
        if stored.get(name) in ("granted", "denied")
    }


def _usercentrics_services(stored: dict[str, Any]) -> Choices:
    """``services`` is a list in version 2; in version 3 an object, inside ``consent``."""
    consent = stored.get("consent")
    services = consent.get("services") if isinstance(consent, dict) else stored.get("services")
    if isinstance(services, dict):
        pairs = [(name, service, "consent") for name, service in services.items()]
    elif isinstance(services, list):
        pairs = [(_id(service), service, "status") for service in services]
    else:
        return {}
    return {
        name: service[key]
        for name, service, key in pairs
        if name and isinstance(service, dict) and isinstance(service.get(key), bool)
    }


def _id(service: Any) -> str:
    name = service.get("id") if isinstance(service, dict) else ""
    return name if isinstance(name, str) else ""


READERS: Mapping[str, Callable[[str], Choices]] = {
    "cookiebot": read_cookiebot,
    "onetrust": read_onetrust,
    "usercentrics": read_usercentrics,
}
