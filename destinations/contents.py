"""The value and the products of an event, under a vendor's names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from destinations.base import Event
from destinations.casts import to_whole_number
from destinations.event_values import currencies_of, event_value
from destinations.items import items_with_names
from destinations.mapping import Mapper
from destinations.remarks import remark


class ContentFields(NamedTuple):
    """A vendor's names for the fields of a product. texts: its names for further texts, by ours."""

    id: str
    quantity: str
    price: str
    texts: Mapping[str, str]


def named_items(event: Event) -> Sequence[Mapping[str, Any]]:
    """The items of `event` that have an id, or a name that can replace it."""
    return items_with_names(event.get("items", []))


def contents(items: Sequence[Mapping[str, Any]], fields: ContentFields) -> list[dict[str, Any]]:
    """`items`, a result of `named_items`, in the vendor's form."""
    return [_content(item, fields) for item in items]


def _content(item: Mapping[str, Any], fields: ContentFields) -> dict[str, Any]:
    content = {fields.id: item.get("item_id") or item["item_name"]}
    if (quantity := item.get("quantity", 1)) > 0:
        content[fields.quantity] = _as_integer(quantity)
    else:
        remark("items: removed a quantity of zero or less")
    if "price" in item:
        content[fields.price] = item["price"]
    texts = fields.texts
    for field, value in item.items():
        if field in texts and isinstance(value, str) and value:
            content[texts[field]] = value
    return content


def content_type(event: Event) -> str:
    """``product_group`` for a list of products, else ``product``."""
    return "product_group" if event["event_name"] == "view_item_list" else "product"


def count_items(items: Sequence[Mapping[str, Any]]) -> int | float:
    """The sum of the quantities of `items`."""
    return _as_integer(sum(max(item.get("quantity", 1), 0) for item in items))


def _as_integer(number: int | float) -> int | float:
    """`number`, as an integer if it is whole: ``2.0``, as PHP writes it, is no integer in JSON."""
    if type(number) is int:
        return number
    whole = to_whole_number(number)
    return number if whole is None else whole


def whole_count(items: Sequence[Mapping[str, Any]]) -> int | None:
    """As `count_items`, for a vendor that accepts only integers; None for a sum with a fraction."""
    return to_whole_number(count_items(items))


def make_quantities_whole(made: Iterable[dict[str, Any]], name: str) -> None:
    """Converts the quantities in `made`, a result of `contents`, to integers, and removes those
    with a fraction. name: the vendor's name for a quantity."""
    for content in made:
        if name in content and type(content[name]) is not int:
            quantity = to_whole_number(content.pop(name))
            if quantity is None:
                remark("items: removed a quantity that is not a whole number")
            else:
                content[name] = quantity


def value_and_currency(event: Event) -> dict[str, Any]:
    """``value`` of `event`, and ``currency`` if only its items name one. A missing one is left
    out."""
    found: dict[str, Any] = {}
    if (value := event_value(event)) is not None:
        found["value"] = value
    if not event.get("items") or ("currency" in event and "value" in event):
        return found
    named = currencies_of(event)
    if len(named) > 1 and "currency" in event:
        remark("items: have another currency than the event, so no value comes from them")
    elif len(named) > 1:
        remark("items: have several currencies, so neither a currency nor a value comes from them")
    elif named and "currency" not in event:
        found["currency"] = named.pop()
    return found


def drop_negative_value(data: dict[str, Any]) -> None:
    """Removes a negative ``value`` from `data`, because vendors refuse it."""
    if data.get("value", 0) < 0:
        remark("value: removed because it is negative")
        del data["value"]


def is_negative(event: Event, mapper: Mapper, path: str, *purchases: str) -> bool:
    """Whether `event` is a purchase with a negative value that the mapping cannot change.

    path: where the vendor's event has the value. purchases: the vendor's names for a purchase.
    """
    return (
        event.get("value", 0) < 0
        and mapper.name_of(event) in purchases
        and not mapper.touches(path)
    )


def is_refund(event: Event, mapper: Mapper) -> bool:
    """Whether `event` is a refund to which the mapping gives no name."""
    return event["event_name"] == "refund" and "refund" not in mapper.names
