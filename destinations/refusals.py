"""What a visitor refuses, for vendors that can be told to do less with an event."""

from typing import Any

from destinations.base import Event
from destinations.casts import CASTS
from destinations.paths import as_text

_REFUSALS = ("ad_user_data", "ad_personalization")
"""Global Privacy Control and the opt-outs of the USA deny both."""


def refuses(event: Event) -> bool:
    """Whether the visitor denies that personal data is used for advertising."""
    return "denied" in map(event.get("consent", {}).get, _REFUSALS)


def refuses_personalisation(event: Event) -> bool:
    denied: bool = event.get("consent", {}).get("ad_personalization") == "denied"
    return denied


def asks(stated: Any) -> bool:
    """Whether `stated`, in a field of the event, asks for a restriction; what cannot be read
    does."""
    if isinstance(stated, (list, dict)):
        return bool(stated)
    text = "" if stated is None else as_text(stated)
    return text is None or (text.strip() != "" and CASTS["boolean"](text) is not False)
