"""What an event is worth, and which products it is about, in the names of a vendor."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from destinations.base import Event
from destinations.casts import to_whole_number
from destinations.event_values import event_value
from destinations.items import items_with_names
from destinations.mapping import Mapper
from destinations.remarks import remark


class ContentFields(NamedTuple):
    """A vendor's names of what a product has. texts: the names of further texts, by ours."""

    id: str
    quantity: str
    price: str
    texts: Mapping[str, str]


def named_items(event: Event) -> Sequence[Mapping[str, Any]]:
    """The items of `event` that have an id or a name, which stands for a missing id."""
    return items_with_names(event.get("items", []))


def contents(items: Sequence[Mapping[str, Any]], fields: ContentFields) -> list[dict[str, Any]]:
    """`items`, which are named, as the vendor has them."""
    return [_content(item, fields) for item in items]


def _content(item: Mapping[str, Any], fields: ContentFields) -> dict[str, Any]:
    content = {fields.id: item.get("item_id") or item["item_name"]}
    if (quantity := item.get("quantity", 1)) > 0:
        content[fields.quantity] = quantity
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
    """How many products `items` are in all."""
    count: int | float = sum(max(item.get("quantity", 1), 0) for item in items)
    return count


def whole_count(items: Sequence[Mapping[str, Any]]) -> int | None:
    """As `count_items`, for a vendor that takes integers only; None for a number with a
    fraction."""
    return to_whole_number(count_items(items))


def make_quantities_whole(made: Iterable[dict[str, Any]], name: str) -> None:
    """Makes integers of the quantities in `made`, the result of `contents`, and removes those with
    a fraction. name: the vendor's of a quantity."""
    for content in made:
        if name in content and type(content[name]) is not int:
            quantity = to_whole_number(content.pop(name))
            if quantity is None:
                remark("items: removed a quantity that is not a whole number")
            else:
                content[name] = quantity


def value_and_currency(event: Event) -> dict[str, Any]:
    """``value`` of `event`, and ``currency`` where only its items name one: those that it has.

    Without one currency, the prices of the items make no value.
    """
    found: dict[str, Any] = {}
    if (value := event_value(event)) is not None:
        found["value"] = value
    if "currency" in event or not (items := event.get("items")):
        return found
    currency = currency_of_items(items)
    if currency:
        found["currency"] = currency
    elif currency is None:
        remark("items: have several currencies, so neither a currency nor a value comes from them")
        if "value" not in event:
            found.pop("value", None)
    return found


def drop_negative_value(data: dict[str, Any]) -> None:
    """Removes ``value`` from `data` where it is less than nothing, as vendors refuse it."""
    if data.get("value", 0) < 0:
        remark("value: removed because it is negative")
        del data["value"]


def currency_of_items(items: Sequence[Mapping[str, Any]]) -> str | None:
    """The one currency that `items` name; "" for none, None for several."""
    named = {code for item in items if (code := currency_code(item.get("currency")))}
    return None if len(named) > 1 else next(iter(named), "")


def currency_code(stated: Any) -> str:
    """`stated` as an ISO 4217 code; "" for what cannot be one."""
    code = stated.strip().upper() if isinstance(stated, str) else ""
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def is_negative(event: Event, mapper: Mapper, purchase: str, path: str) -> bool:
    """Whether `event` is a purchase of less than nothing, whatever the mapping sets.

    purchase: the vendor's name of a purchase. path: of the value in the vendor's event.
    """
    return (
        event.get("value", 0) < 0 and mapper.name_of(event) == purchase and not mapper.touches(path)
    )


def is_refund(event: Event, mapper: Mapper) -> bool:
    """Whether `event` is a refund to which the mapping gives no name."""
    return event["event_name"] == "refund" and "refund" not in mapper.names
