"""Orders in Snowplow's older format: a transaction, and an event for each of its items.

Source: docs.snowplow.io, snowplow tracker protocol (e-commerce transactions)
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from destinations.paths import as_text
from gateway.event import Event
from gateway.sources.reading import as_object
from gateway.sources.snowplow.event import statements_of
from gateway.sources.statements import joined

ItemPayloads = Mapping[str, Sequence[Mapping[str, Any]]]
"""Payloads of items, by the ids of their orders."""


def items_of_orders(payloads: Sequence[Any]) -> ItemPayloads:
    """The items in `payloads`, those of one request, whose transactions are in it too."""
    items: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    orders = {order_of(payload, "tr") for payload in payloads} - {""}
    for payload in payloads if orders else ():
        if (order := order_of(payload, "ti")) in orders:
            items[order].append(payload)
    return items


def statements_of_items(items: ItemPayloads) -> Mapping[str, Event]:
    """The statements about consent in the items of each order."""
    return {order: joined(map(statements_of, payloads)) for order, payloads in items.items()}


def order_of(payload: Any, kind: str) -> str:
    """The order id in `payload` if its kind is `kind`, ``tr`` or ``ti``; otherwise ""."""
    fields = as_object(payload)
    return as_text(fields.get(f"{kind}_id")) or "" if fields.get("e") == kind else ""
