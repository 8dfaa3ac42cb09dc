"""Translates an event into one of Pinterest's. `built_in` has the tables.

Sources: developers.pinterest.com/docs/conversions/event and github.com/pinterest/api-description,
5.23.0 (ConversionEventsData): amounts are texts, quantities are integers.
"""

from typing import Any

from destinations.addresses import is_connected
from destinations.amounts import amount_text
from destinations.apps import place_of, system_of
from destinations.base import Event
from destinations.casts import is_plain_number
from destinations.contents import (
    ContentFields,
    contents,
    drop_negative_value,
    is_negative,
    is_refund,
    make_quantities_whole,
    named_items,
    value_and_currency,
    whole_count,
)
from destinations.event_values import event_time
from destinations.mapping import Mapper
from destinations.numbers import read_number
from destinations.page_urls import with_urls
from destinations.paths import object_at
from destinations.pinterest.built_in import STANDARD
from destinations.pinterest.person import identifies, user_data
from destinations.pinterest.settings import PinterestSettings
from destinations.refusals import asks, refuses, refuses_personalisation

_CONTENT = ContentFields(
    id="id",
    quantity="quantity",
    price="item_price",
    texts={
        "item_name": "item_name",
        "item_brand": "item_brand",
        "item_category": "item_category",
    },
)
_OF_ONE_ITEM = {
    "item_name": "content_name",
    "item_brand": "content_brand",
    "item_category": "content_category",
}
_PURCHASE = "checkout"
_LIMITED = "LDP"
_NEGATIVE = "value is negative: Pinterest does not support refunds"
_REFUND = (
    "Pinterest does not support refunds; to send them, give `refund` a name in `mapping.events`"
)
_TOO_LITTLE = (
    "no usable customer information: Pinterest needs an e-mail address, a mobile advertising id, "
    "or a public IP address and a user agent"
)
_NO_ID = "event_id is missing: Pinterest requires it"


def translate(
    event: Event, now: float, mapper: Mapper, settings: PinterestSettings
) -> dict[str, Any] | str:
    """`event` in Pinterest's format, or why it cannot be sent. now: Unix seconds."""
    if is_refund(event, mapper):
        return _REFUND
    translated: dict[str, Any] = {
        "event_name": _event_name(event, mapper),
        "action_source": _action_source(event, settings.action_source),
        "event_time": int(event_time(event, now)),
        "user_data": user_data(event, settings.phone_region),
    }
    if settings.partner_name:
        translated["partner_name"] = settings.partner_name
    if language := _language(event):
        translated["language"] = language
    if custom_data := _custom_data(event, translated["event_name"]):
        translated["custom_data"] = custom_data
    mapper.apply(with_urls(event), translated)
    _restrict(event, translated)
    _as_texts(translated)
    return _problem_of(translated) or translated


def unsendable(event: Event, mapper: Mapper, settings: PinterestSettings) -> str:
    """Why Pinterest would always refuse `event`; "" if it would not, or if a field that the mapping
    sets decides."""
    if is_refund(event, mapper):
        return _REFUND
    if is_negative(event, mapper, "custom_data.value", _PURCHASE):
        return _NEGATIVE
    if is_connected(event) or mapper.touches("user_data"):
        return ""
    return "" if identifies(user_data(event, settings.phone_region)) else _TOO_LITTLE


def _event_name(event: Event, mapper: Mapper) -> str:
    """The name in the mapping; ``custom`` for an event that it does not name, because Pinterest may
    refuse other names. Its own names are sent, but shops also call it ``checkout`` when a customer
    begins to pay."""
    name = mapper.name_of(event)
    if event["event_name"] in mapper.names:
        return name
    is_known = name in STANDARD and (name != _PURCHASE or event.get("transaction_id"))
    return name if is_known else "custom"


def _action_source(event: Event, default: str) -> str:
    place, system = place_of(event), system_of(event)
    if place == "website":
        return "web"
    if place == "store":
        return "offline"
    if place == "app" and system:
        return f"app_{system}"
    return default


def _language(event: Event) -> str:
    """The ISO 639-1 code in a tag such as ``de-DE``; "" for a language without one."""
    code: str = event.get("language", "").replace("_", "-").partition("-")[0].lower()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _custom_data(event: Event, name: str) -> dict[str, Any]:
    """name: Pinterest's name of the event."""
    data = value_and_currency(event)
    if name != _PURCHASE:
        drop_negative_value(data)
    if "value" in data:
        data["value"] = amount_text(data["value"])
    items = named_items(event) if "items" in event else []
    if not items:
        return data
    made = contents(items, _CONTENT)
    make_quantities_whole(made, _CONTENT.quantity)
    for content in made:
        if "item_price" in content:
            content["item_price"] = amount_text(content["item_price"])
    data |= {"content_ids": [content["id"] for content in made], "contents": made}
    if count := whole_count(items):
        data["num_items"] = count
    if len(items) == 1:
        data |= {key: items[0][field] for field, key in _OF_ONE_ITEM.items() if items[0].get(field)}
    return data


def _restrict(event: Event, translated: dict[str, Any]) -> None:
    """Restricts what Pinterest does with `event`, if its visitor refuses or opts out, or it asks
    for that itself."""
    if refuses_personalisation(event) or asks(event.get("opt_out")):
        translated["opt_out"] = True
    if refuses(event) or asks(event.get("data_processing_options")):
        _set(translated, "opt_out_type", _LIMITED)


def _as_texts(translated: dict[str, Any]) -> None:
    """Converts a value that a mapping set to a text, which Pinterest requires."""
    value = object_at(translated, "custom_data").get("value")
    if value is not None and is_plain_number(value):
        _set(translated, "value", amount_text(value))


def _set(translated: dict[str, Any], key: str, value: str) -> None:
    translated["custom_data"] = {**object_at(translated, "custom_data"), key: value}


def _problem_of(translated: dict[str, Any]) -> str:
    """Why Pinterest would refuse an event; "" if it would not."""
    if not translated.get("event_id"):
        return _NO_ID
    if translated["event_name"] == _PURCHASE:
        value = object_at(translated, "custom_data").get("value")
        number = read_number(value) if isinstance(value, str) else None
        if value is not None and number is None:
            return "custom_data.value is not an amount: send a number of up to 60 digits"
        if number is not None and number < 0:
            return _NEGATIVE
    return "" if identifies(translated.get("user_data")) else _TOO_LITTLE
