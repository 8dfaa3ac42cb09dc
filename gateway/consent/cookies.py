"""The cookies in which consent managers keep a visitor's choices.

Sources: cookiebot.com/en/developer (``CookieConsent``), my.onetrust.com "OneTrust Cookies"
(``OptanonConsent``), usercentrics.com/docs/web (the entries ``ucData``, ``uc_gcm`` and
``uc_settings`` of the browser's storage, of which a page must write one into a cookie).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from gateway.consent.categories import Choices, Meanings
from gateway.consent.statement import UnreadableString

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

_cookiebot_choice = re.compile(r"\b(necessary|preferences|statistics|marketing):(true|false)\b")
_onetrust_groups = re.compile(r"(?:^|&)groups=([^&]*)")
_onetrust_choice = re.compile(r"([^:,]+):([01])(?:,|$)")


def find_cookie(header: str, name: str) -> str:
    """The value of the first cookie `name` in a ``Cookie`` header, or an empty text."""
    sought, start = f"{name}=", 0
    while (found := header.find(sought, start)) >= 0:
        start = found + len(sought)
        if header[max(0, found - 2) : found].rstrip(" ")[-1:] in ("", ";"):
            return header[start:].partition(";")[0].strip(' "')
    return ""


def read_cookiebot(value: str) -> Choices:
    """``{stamp:'...',necessary:true,preferences:false, ...}``, or a lone number.

    The number (``-1``: not asked, as no law requires it; ``0``: no answer) is no choice.
    Raises `UnreadableString`.
    """
    text = unquote(value)
    choices = {name: answer == "true" for name, answer in _cookiebot_choice.findall(text)}
    if not choices and text not in ("-1", "0"):
        raise UnreadableString
    return choices


def read_onetrust(value: str) -> Choices:
    """``...&groups=C0001:1,C0002:0&...``. Raises `UnreadableString`."""
    text = value if "groups=" in value else unquote(value)
    groups = _onetrust_groups.search(text)
    if groups is None:
        raise UnreadableString
    return {name: state == "1" for name, state in _onetrust_choice.findall(unquote(groups[1]))}


def read_usercentrics(value: str) -> Choices:
    """JSON: ``ucData``, ``uc_gcm`` or ``uc_settings``; services by their id.

    Raises `UnreadableString`.
    """
    try:
        stored = orjson.loads(unquote(value))
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
