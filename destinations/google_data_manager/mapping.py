"""Translates an event into one of Data Manager's. `built_in` has the tables.

Left out, because Google's pages do not define them clearly: the attributes of a session, and the
device on the landing page. A mapping can set them.

Source: developers.google.com/data-manager/api/reference/rest/v1/events/ingest (Event).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from destinations.apps import Place, stated_place
from destinations.base import Event
from destinations.contents import (
    ContentFields,
    contents,
    make_quantities_whole,
    named_items,
)
from destinations.conversions import (
    add_currency,
    amount_problem,
    id_of,
    refund,
    value_in_currency,
)
from destinations.event_values import event_time, time_text
from destinations.google_data_manager.api import consent, customer_type
from destinations.google_data_manager.person import ad_identifiers, user_identifiers
from destinations.google_data_manager.settings import EventSource, GoogleDataManagerSettings
from destinations.mapping import Mapper
from destinations.paths import as_text
from destinations.placeholders import is_placeholder
from destinations.refusals import consent_states
from destinations.remarks import remark

_VENDOR = "Data Manager"
_NO_ACTION = "`mapping.events` has no conversion action for this event"
_TOO_LITTLE = (
    "nothing to attribute it by: Google needs a click id (gclid, gbraid, wbraid, dclid), an e-mail "
    "address, a phone number, or a full name with country and postal code"
)
_CONTENT = ContentFields("itemId", "quantity", "unitPrice", {})
_SOURCES: Mapping[str, EventSource] = {
    "phone_call": "PHONE",
    "chat": "MESSAGE",
    "business_messaging": "MESSAGE",
}
"""Values of `action_source` that Google distinguishes within their place."""
_OF_PLACES: Mapping[Place | None, EventSource] = {
    "website": "WEB",
    "app": "APP",
    "store": "IN_STORE",
    "other": "OTHER",
}
_NO_ORDERS = frozenset({"", "123"})
"""Order numbers of test orders, and of scripts without a value."""


class Translated(NamedTuple):
    """action: the id of the event's conversion action."""

    action: str
    event: dict[str, Any]


def translate(
    event: Event, now: float, mapper: Mapper, settings: GoogleDataManagerSettings
) -> Translated | str:
    """`event` in Data Manager's format, or why it cannot be sent. now: Unix seconds."""
    if problem := refund(event, _VENDOR):
        return problem
    action = id_of(event, mapper)
    if not action:
        return _NO_ACTION
    made: dict[str, Any] = {
        "destinationReferences": [action],
        "eventTimestamp": time_text(event_time(event, now)),
        "eventSource": _event_source(event, settings.event_source),
        **_transaction(event),
    }
    if worth := value_in_currency(event, "it has no currency"):
        made["conversionValue"], made["currency"] = worth
    if identifiers := user_identifiers(event, settings.phone_region):
        made["userData"] = {"userIdentifiers": identifiers}
    if clicks := ad_identifiers(event):
        made["adIdentifiers"] = clicks
    if cart := _cart(event, settings):
        made["cartData"] = cart
    if device := _device(event):
        made["eventDeviceInfo"] = device
    if customer := customer_type(event):
        made["userProperties"] = {"customerType": customer}
    mapper.apply(event, made)
    add_currency(made, event, mapper, "conversionValue", "currency")
    if problem := amount_problem(made.get("conversionValue"), "conversionValue", _VENDOR):
        return problem
    if stated := consent(consent_states(event)):
        made["consent"] = stated
    return Translated(action, made) if _is_known(made) else _TOO_LITTLE


def unsendable(event: Event, mapper: Mapper, region: str | None) -> str:
    """Why Google can never count `event`; "" if it could, or if the mapping decides.

    region: ISO 3166-1 alpha-2 of phone numbers without a country code.
    """
    if problem := refund(event, _VENDOR):
        return problem
    if ad_identifiers(event) or user_identifiers(event, region) or mapper.touches("adIdentifiers"):
        return ""
    return _TOO_LITTLE


def _event_source(event: Event, default: EventSource) -> EventSource:
    stated = event.get("action_source")
    named = _SOURCES.get(stated.strip().lower()) if isinstance(stated, str) else None
    return named or _OF_PLACES.get(stated_place(event), default)


def _is_known(made: Mapping[str, Any]) -> bool:
    return bool(made.get("userData") or made.get("adIdentifiers"))


def _transaction(event: Event) -> dict[str, str]:
    """``transactionId``, by which Google recognises a repeated event."""
    order = (as_text(event.get("transaction_id")) or "").strip()
    if len(order) < 2 or order in _NO_ORDERS or is_placeholder(order):
        if order:
            remark("transaction_id: replaced by event_id, because it cannot be an order's")
        order = event.get("event_id", "")
    return {"transactionId": order} if order else {}


def _cart(event: Event, settings: GoogleDataManagerSettings) -> dict[str, Any]:
    items = named_items(event)
    if not items:
        return {}
    listed = contents(items, _CONTENT)
    make_quantities_whole(listed, _CONTENT.quantity)
    if settings.merchant_id:
        for item in listed:
            item["merchantProductId"] = item["itemId"]
    merchant = {
        "merchantId": settings.merchant_id,
        "merchantFeedLabel": settings.merchant_feed_label,
        "merchantFeedLanguageCode": settings.merchant_feed_language,
    }
    cart: dict[str, Any] = {key: value for key, value in merchant.items() if value}
    if coupon := as_text(event.get("coupon")):
        cart["couponCodes"] = [coupon]
    return {**cart, "items": listed}


def _device(event: Event) -> dict[str, str]:
    found = {"userAgent": event.get("user_agent"), "ipAddress": event.get("ip_override")}
    return {key: value for key, value in found.items() if value}
