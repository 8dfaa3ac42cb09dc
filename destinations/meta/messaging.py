"""Events of conversations in WhatsApp, Messenger and Instagram.

Meta accepts only some events, under names that differ from those of a website, and no fields of a
browser.

Sources: developers.facebook.com/docs/marketing-api/conversions-api/business-messaging; the names
that Meta refuses (subcode 2804066) are those of captured answers.
"""

from collections.abc import Mapping
from typing import Any

BUSINESS_MESSAGING = "business_messaging"
CHANNELS = ("messenger", "whatsapp", "instagram")

_RENAMED = {"Lead": "LeadSubmitted"}
_EVENTS = frozenset(
    {
        "AddToCart",
        "CartAbandoned",
        "InitiateCheckout",
        "LeadSubmitted",
        "OrderCanceled",
        "OrderCreated",
        "OrderDelivered",
        "OrderReturned",
        "OrderShipped",
        "Purchase",
        "QualifiedLead",
        "RatingProvided",
        "ReviewProvided",
        "ViewContent",
    }
)
_OF_BROWSERS = ("event_source_url", "referrer_url")
_OF_BROWSERS_USERS = ("client_ip_address", "client_user_agent", "fbc", "fbp")


def as_message(translated: dict[str, Any]) -> None:
    """Converts `translated`, an event of a website, to an event of a conversation."""
    name = translated["event_name"]
    translated["event_name"] = _RENAMED.get(name, name)
    for field in _OF_BROWSERS:
        translated.pop(field, None)
    person = translated.get("user_data")
    if isinstance(person, dict):
        kept = {key: value for key, value in person.items() if key not in _OF_BROWSERS_USERS}
        translated["user_data"] = kept
    channel = translated.get("messaging_channel")
    if isinstance(channel, str):
        translated["messaging_channel"] = channel.strip().lower()


def problem_of_message(translated: Mapping[str, Any]) -> str:
    """Why Meta would refuse `translated`, an event of a conversation; "" if it would not."""
    if translated.get("messaging_channel") not in CHANNELS:
        return (
            "messaging_channel is missing or unknown: Meta requires messenger, whatsapp or "
            "instagram when action_source is business_messaging"
        )
    if (name := translated["event_name"]) not in _EVENTS:
        return (
            f"Meta takes no {name} when action_source is business_messaging; map it to one of "
            f"{', '.join(sorted(_EVENTS))}"
        )
    return ""
