"""A visitor's refusals, and the restrictions that an event asks for: vendors do less with it."""

from typing import Any

from destinations.base import Event
from destinations.casts import CASTS
from destinations.paths import as_text

_REFUSALS = ("ad_user_data", "ad_personalization")
"""Global Privacy Control and the opt-outs of the USA deny both."""

_RESTRICTIONS = ("opt_out", "data_processing_options")
"""Fields that restrict what every vendor does with an event, whatever its consent allows."""


def refuses(event: Event) -> bool:
    """Whether the visitor denies that personal data is used for advertising."""
    return "denied" in map(event.get("consent", {}).get, _REFUSALS)


def refuses_personalisation(event: Event) -> bool:
    denied: bool = event.get("consent", {}).get("ad_personalization") == "denied"
    return denied


def restriction(event: Event, *own: str) -> str:
    """What restricts the use of `event`, in words: its consent or one of its fields; "" if nothing
    does.

    own: names of fields that concern only this vendor.
    """
    if refuses(event):
        return "ad_user_data or ad_personalization is denied"
    for field in (*_RESTRICTIONS, *own):
        if field in event and asks(event[field]):
            return f"{field} asks for a restriction"
    return ""


def consent_states(event: Event) -> dict[str, str]:
    """The consent of `event`, restricted further by what the event itself asks for."""
    states: dict[str, str] = {**event.get("consent", {})}
    if is_limited := asks(event.get("data_processing_options")):
        states["ad_user_data"] = "denied"
    if is_limited or asks(event.get("opt_out")):
        states["ad_personalization"] = "denied"
    return states


def asks(stated: Any) -> bool:
    """Whether `stated`, the value of a field, asks for a restriction. An unreadable value does."""
    if isinstance(stated, (list, dict)):
        return bool(stated)
    text = "" if stated is None else as_text(stated)
    return text is None or (text.strip() != "" and CASTS["boolean"](text) is not False)
