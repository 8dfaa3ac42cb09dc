"""`items`: the total of an event's items, and its `value` if the event has none."""

from collections.abc import Mapping, Sequence
from typing import Any

from destinations.event_values import event_value
from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment

_MOST = 2**53
_DECIMALS = 6
"""The precision that vendors keep; rounding also removes the error of binary fractions."""


def load() -> Enrichment:
    return find_sums


def find_sums(event: Event, _: Received) -> Additions:
    """`items_quantity`, `items_value` and a missing `value`.

    items_quantity: of all items; an item without a quantity counts as one. items_value: the sum of
    price times quantity, without tax and shipping, if each item has a price. value: the same, but
    not for items that are only shown, as in a list.
    """
    items = event.get("items")
    if not items:
        return {}
    quantity, total = _sums(items)
    new: Additions = {}
    if "items_quantity" not in event and _fits(quantity):
        new["items_quantity"] = quantity
    if total is None:
        return new
    if "items_value" not in event and _fits(total):
        new["items_value"] = total
    if "value" not in event and (value := event_value(event)) is not None and _fits(value):
        new["value"] = value
    return new


def _fits(number: float) -> bool:
    return -_MOST <= number <= _MOST


def _sums(items: Sequence[Mapping[str, Any]]) -> tuple[float, float | None]:
    """The total quantity of `items`, and their total price, None unless each has a price."""
    quantities: float = 0
    total: float | None = 0
    for item in items:
        quantity = item.get("quantity", 1)
        quantities += quantity
        if total is not None:
            price = item.get("price")
            total = None if price is None else total + price * quantity
    return quantities, None if total is None else round(total, _DECIMALS)
