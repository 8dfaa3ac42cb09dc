"""The `value` of an order, which in GA4 has no tax and no shipping in it.

Source: developers.google.com/analytics/devguides/collection/ga4/reference/events (purchase)
"""

from typing import Any

from destinations.numbers import read_number
from gateway.event import Event
from gateway.event.amounts import Unreadable, read_amount


def without_extras(total: Any, event: Event) -> Any:
    """`total` without the `tax` and the `shipping` of `event`, or as it is if it is no number or
    less than these."""
    whole = _number(total)
    if whole is None:
        return total
    value = round(whole - sum(_number(event.get(name)) or 0 for name in ("tax", "shipping")), 6)
    return value if value >= 0 else total


def _number(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            return read_number(value) or read_amount(value).number
        except Unreadable:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
