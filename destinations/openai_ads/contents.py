"""The value and the products of one of OpenAI's events. Amounts are integers, in the smallest unit
of a currency.

Source: developers.openai.com/ads/conversions-api (Event data).
"""

from collections.abc import Mapping
from typing import Any

from destinations.amounts import currency_code, minor_units
from destinations.base import Event
from destinations.casts import to_whole_number
from destinations.contents import named_items
from destinations.remarks import remark


def worth(stated: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """``amount`` and ``currency``, which OpenAI accepts only together.

    stated: `value_and_currency` of the event. currency: the event's own.
    """
    value = stated.get("value")
    if value is None:
        return {}
    code = currency_code(currency or stated.get("currency"))
    if value < 0:
        remark("value: removed because it is negative")
        return {}
    if not code:
        remark("value: removed because OpenAI takes none without a currency")
        return {}
    amount = minor_units(value, code)
    if amount is None:
        remark("value: removed because it is too large")
        return {}
    return {"amount": amount, "currency": code}


def products(event: Event, currency: str) -> list[dict[str, Any]]:
    """``contents``. currency: the event's, which applies to prices of items that name none."""
    return [_content(item, currency) for item in named_items(event)]


def _content(item: Mapping[str, Any], currency: str) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": item.get("item_id") or item["item_name"],
        "content_type": "product",
    }
    if named := item.get("item_name"):
        content["name"] = named
    quantity = to_whole_number(item.get("quantity", 1))
    if quantity is not None and quantity > 0:
        content["quantity"] = quantity
    else:
        remark("items: removed a quantity that is not a whole number above zero")
    own = currency_code(item.get("currency"))
    code, price = own or currency, item.get("price")
    amount = minor_units(price, code) if code and price is not None and price >= 0 else None
    if amount is not None:
        content["amount"] = amount
        if own:
            content["currency"] = own
    elif price is not None:
        remark("items: removed a price that is negative, too large or without a currency")
    return content
