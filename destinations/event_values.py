"""Values of an event for many vendors: its time, its value, and the code that makes it a test."""

import re
from datetime import UTC, datetime
from math import isfinite

from destinations.amounts import currency_code
from destinations.base import Event
from destinations.remarks import remark

_OFFERS = frozenset(
    {
        "view_item_list",
        "select_item",
        "search",
        "view_search_results",
        "view_promotion",
        "select_promotion",
        "product list filtered",
        "product_list_filtered",
    }
)
"""Events, in lower case, whose items are only shown: the sum of their prices is not the value of
the event. The last two are of Segment's spec and have no name in GA4."""

_is_item = re.compile(r"items(?:\.[0-9]+(?:\..*)?)?", re.DOTALL).fullmatch
"""An item or a part of one in `ignored_fields`; those with an index were more than an event may
have."""

_is_test_code = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


def event_time(event: Event, now: float) -> float:
    """Unix seconds of `event`, limited to 0 to `now`, because vendors refuse the future."""
    seconds: float = event.get("timestamp", now)
    return min(max(seconds, 0), now)


def time_text(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds: ``2026-11-20T23:59:59.750Z``. seconds: Unix time."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def event_value(event: Event) -> float | None:
    """The value of `event`; if it has none, the sum of price times quantity of its items.

    None if an item has no price or a negative quantity, if an item or a quantity was set aside, if
    the prices are in several currencies or in another one than that of the event, and for items
    that are only shown.
    """
    if "value" in event:
        value: float = event["value"]
        return value
    items = event.get("items")
    if (
        not items
        or event["event_name"].lower() in _OFFERS
        or not all("price" in item for item in items)
    ):
        return None
    if any(item.get("quantity", 1) < 0 for item in items):
        return None
    if len(currencies_of(event)) > 1:
        return None
    if _lacks_a_part(event):
        remark("items: an item or a quantity was set aside, so no value comes from them")
        return None
    # Vendors keep six decimals. Rounding also removes the errors of binary fractions.
    total = round(sum(item["price"] * item.get("quantity", 1) for item in items), 6)
    return total if isfinite(total) else None


def _lacks_a_part(event: Event) -> bool:
    """Whether an item of `event`, or the quantity of one, was set aside because it does not fit."""
    stated = event.get("ignored_fields")
    if not isinstance(stated, list):
        return False
    ignored = {str(each.get("field")) for each in stated if isinstance(each, dict)}
    if "items.quantity" in ignored and not all("quantity" in item for item in event["items"]):
        return True
    return any(map(_is_item, ignored))


def currencies_of(event: Event) -> set[str]:
    """The currencies that `event` and its items name, as ISO 4217 codes."""
    named = (currency_code(each.get("currency")) for each in (event, *event.get("items", ())))
    return {code for code in named if code}


def test_code_of(event: Event) -> str:
    """The code that makes `event` a test; "" without one that a vendor could accept."""
    code = event.get("test_event_code")
    return code if isinstance(code, str) and _is_test_code(code) else ""
