"""The `value` of an order, which in GA4 excludes tax and shipping.

Source: developers.google.com/analytics/devguides/collection/ga4/reference/events (purchase)
"""

from typing import Any

from gateway.event import Event
from gateway.event.mending import ignored_of, mended

_EXTRAS = ("tax", "shipping")
_JUDGED = ("currency", *_EXTRAS)


def value_without_extras(total: Any, event: Event) -> Event:
    """The `value` of the order `event`, `total` without its `tax` and its `shipping`, and the
    `currency` of the amounts, if it is known.

    Amounts are read as everywhere in an event. `total` stays the value unchanged if it cannot be
    read (`read_event` then names it as ignored), or if tax and shipping cannot be part of it: their
    sum is greater, or has another sign (a refund may have negative amounts). If the tax or the
    shipping cannot be read, there is no value.
    """
    if "tax" not in event and "shipping" not in event:
        return {"value": total}
    stated = {name: event[name] for name in _JUDGED if name in event}
    judged = mended({**stated, "value": total}, own_properties=False)
    found = {name: judged[name] for name in ("currency",) if name in judged}
    if any(each["field"] in _EXTRAS for each in ignored_of(judged)):
        return found
    extras = sum(judged.get(name, 0) for name in _EXTRAS)
    if "value" not in judged or not _is_part(extras, judged["value"]):
        return {**found, "value": total}
    return {**found, "value": round(judged["value"] - extras, 6)}


def _is_part(extras: float, total: float) -> bool:
    return 0 <= extras <= total or total <= extras <= 0
