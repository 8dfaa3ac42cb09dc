"""The device in a request: the user agent, or what else is known.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference (device).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from destinations.base import Event
from destinations.paths import as_text
from destinations.remarks import remark

OF_DEVICE = ("language", "screen_resolution")
"""Fields of an event that become parts of the device, if GA4 receives one."""

_TEXTS = (
    "operating_system",
    "operating_system_version",
    "model",
    "brand",
    "browser",
    "browser_version",
)
_CATEGORIES = ("desktop", "mobile", "tablet", "smart tv")
_OF_HINTS = {
    "operating_system": "platform",
    "operating_system_version": "platform_version",
    "model": "model",
}
_MAX_TEXT = 100

_FORMS: Mapping[str, Callable[[str], object]] = {
    "category": lambda text: text in _CATEGORIES,
    "language": re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*").fullmatch,
    "screen_resolution": re.compile(r"[0-9]{1,5}x[0-9]{1,5}").fullmatch,
    **dict.fromkeys(_TEXTS, lambda text: len(text) <= _MAX_TEXT),
}


def device_of(event: Event, is_app: bool) -> dict[str, Any]:
    """``user_agent`` or ``device`` of a request; empty if nothing is known.

    GA4 prefers a device to a user agent, but derives its own names of browsers and systems only
    from the agent. Names of other parsers ("Mobile Safari") would split the reports.
    """
    if not is_app and (user_agent := event.get("user_agent")):
        return {"user_agent": user_agent}
    known = {name: event.get(name) for name in OF_DEVICE} | _hinted(event)
    if isinstance(given := event.get("device"), dict):
        known |= given
    device = {name: text for name in _FORMS if (text := _part(name, known.get(name)))}
    return {"device": device} if device else {}


def _hinted(event: Event) -> dict[str, Any]:
    hints = event.get("client_hints", {})
    hinted = {name: hints[hint] for name, hint in _OF_HINTS.items() if hints.get(hint)}
    if hints.get("mobile") is True:
        hinted["category"] = "mobile"
    return hinted


def _part(name: str, value: object) -> str:
    text = "" if isinstance(value, bool) else as_text(value) or ""
    if name == "language":
        text = text.replace("_", "-")  # as in the locales of apps: en_US
    if not text or _FORMS[name](text):
        return text
    remark(f"device.{name}: removed because its value is not valid")
    return ""
