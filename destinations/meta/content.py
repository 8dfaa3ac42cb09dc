"""The products of an event in Meta's form: the fields of `CONTENT_FIELDS`, and what else follows
from items.

Sources: developers.facebook.com/docs/marketing-api/conversions-api/parameters/custom-data;
developers.facebook.com/docs/marketing-api/catalog (content_type of travel, cars and homes).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from destinations.base import Event
from destinations.casts import to_number
from destinations.contents import (
    ContentFields,
    content_type,
    contents,
    named_items,
    whole_count,
)
from destinations.paths import as_text
from destinations.remarks import remark

CONTENT_FIELDS = frozenset({"content_ids", "contents", "content_type"})
"""Fields in which an event can state its products in Meta's own form."""

_TYPES = frozenset(
    {"product", "product_group", "destination", "flight", "home_listing", "hotel", "vehicle"}
)
_CONTENT = ContentFields(
    id="id",
    quantity="quantity",
    price="item_price",
    texts={
        "item_name": "title",
        "item_brand": "brand",
        "item_category": "category",
        "description": "description",
        "delivery_category": "delivery_category",
    },
)
_TEXTS = frozenset(_CONTENT.texts.values())


def content_of_items(event: Event, name: str) -> dict[str, Any]:
    """The custom data that follows from the items of `event`. name: Meta's name of the event."""
    items = named_items(event)
    if not items:
        return {}
    made = contents(items, _CONTENT)
    data: dict[str, Any] = {
        "content_ids": [content["id"] for content in made],
        "contents": made,
        "content_type": content_type(event),
    }
    if name in ("InitiateCheckout", "Purchase") and (count := whole_count(items)):
        data["num_items"] = count
    if len(items) == 1:
        for field, key in (("item_name", "content_name"), ("item_category", "content_category")):
            if named := items[0].get(field):
                data[key] = named
    return data


def stated_content(holder: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `CONTENT_FIELDS` in `holder`, an event or its own custom data."""
    found: dict[str, Any] = {
        "content_ids": _ids(holder.get("content_ids")),
        "contents": list(_stated_contents(holder.get("contents"))),
        "content_type": _type(holder.get("content_type")),
    }
    for field in CONTENT_FIELDS & holder.keys():
        if not found[field]:
            remark(f"{field}: removed because Meta cannot read it")
    return {field: value for field, value in found.items() if value}


def _ids(stated: Any) -> list[str]:
    texts = map(as_text, stated if isinstance(stated, list) else [stated])
    return [text for text in texts if text]


def _type(stated: Any) -> str:
    text = stated.strip().lower() if isinstance(stated, str) else ""
    return text if text in _TYPES else ""


def _stated_contents(stated: Any) -> Iterator[dict[str, Any]]:
    for each in stated if isinstance(stated, list) else [stated]:
        if isinstance(each, dict) and (content_id := as_text(each.get("id"))):
            yield {"id": content_id, **_described(each)}


def _described(stated: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    quantity, price = to_number(stated.get("quantity")), to_number(stated.get("item_price"))
    if quantity is not None and quantity > 0:
        content["quantity"] = quantity
    if price is not None:
        content["item_price"] = price
    for field, value in stated.items():
        if field in _TEXTS and isinstance(value, str) and value:
            content[field] = value
    return content
