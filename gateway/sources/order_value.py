"""The `value` of an order, which in GA4 has no tax and no shipping in it.

Source: developers.google.com/analytics/devguides/collection/ga4/reference/events (purchase)
"""

from typing import Any

from gateway.event import Event
from gateway.event.mending import ignored_of, mended

_EXTRAS = ("tax", "shipping")
_JUDGED = ("currency", *_EXTRAS)


def value_without_extras(total: Any, event: Event) -> Event:
    """The `value` of the order `event`: `total` without its `tax` and its `shipping`, and the
    `currency` that the amounts are in, if that is known.

    What an amount means, and in which currency, is judged as everywhere in an event. A `total`
    that cannot be read is the value as it is, to be named as ignored, and so is one that the tax
    and the shipping cannot be part of: they are more, or only one of both is negative, as the
    amounts of a refund may be. If the tax or the shipping cannot be read, there is no value.
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
