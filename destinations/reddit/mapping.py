"""Translates an event into one of Reddit's. `built_in` has the tables.

``event_at`` is in milliseconds: Reddit accepts seconds silently and dates the event to 1970.

Sources: ads-api.reddit.com/docs (version 3) and github.com/reddit/reddit-ss-gtm-template.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from destinations.addresses import is_connected
from destinations.apps import Place, place_of
from destinations.base import Event
from destinations.clicks import click_id
from destinations.contents import (
    drop_negative_value,
    is_negative,
    is_refund,
    named_items,
    value_and_currency,
    whole_count,
)
from destinations.event_values import event_time
from destinations.mapping import Mapper
from destinations.page_urls import with_urls
from destinations.places import country_code, us_state_code
from destinations.reddit.built_in import CUSTOM, STANDARD, WITH_COUNT, WITH_VALUE
from destinations.reddit.person import identifies, user
from destinations.reddit.settings import ActionSource, RedditSettings
from destinations.refusals import restriction
from destinations.remarks import remark

_SOURCES: Mapping[Place | None, ActionSource] = {
    "website": "WEBSITE",
    "app": "APP",
    "store": "PHYSICAL_STORE",
    "other": "OTHER",
}
_PURCHASE = "PURCHASE"
_MAX_NAME = 64
_LAW_OF = "US"
"""Limited Data Use serves the laws of its states. Reddit requires a country."""

_NEGATIVE = "value is negative: Reddit does not support refunds"
_REFUND = "Reddit does not support refunds; to send them, give `refund` a name in `mapping.events`"
_TOO_LITTLE = (
    "no usable customer information: Reddit needs a click id, an e-mail address, a phone number, "
    "user_id, client_id, the _rdt_uuid of its pixel, a mobile advertising id, or a public IP "
    "address and a user agent"
)


def translate(
    event: Event, now: float, mapper: Mapper, settings: RedditSettings
) -> dict[str, Any] | str:
    """`event` in Reddit's format, or why it cannot be sent. now: Unix seconds."""
    if is_refund(event, mapper):
        return _REFUND
    kind = _type(event, mapper)
    translated: dict[str, Any] = {
        "event_at": round(event_time(event, now) * 1000),
        "action_source": _SOURCES.get(place_of(event), settings.action_source),
        "type": kind,
        "user": user(event, settings.phone_region),
    }
    if clicked := click_id(event, "rdt_cid", "Reddit"):
        translated["click_id"] = clicked
    if metadata := _metadata(event, kind["tracking_type"], settings):
        translated["metadata"] = metadata
    mapper.apply(with_urls(event), translated)
    if restriction(event):
        held = translated.get("user")
        limited = {"data_processing_options": _limited(event)}
        translated["user"] = {**(held if isinstance(held, dict) else {}), **limited}
    return _problem_of(translated) or translated


def unsendable(event: Event, mapper: Mapper, settings: RedditSettings) -> str:
    """Why Reddit would always refuse `event`; "" if it would not, or if a field that the mapping
    sets decides."""
    if is_refund(event, mapper):
        return _REFUND
    if is_negative(event, mapper, "metadata.value", _PURCHASE):
        return _NEGATIVE
    if event.get("user_id") or is_connected(event) or click_id(event, "rdt_cid", "Reddit"):
        return ""
    if mapper.touches("user") or mapper.touches("click_id"):
        return ""
    return "" if identifies({"user": user(event, settings.phone_region)}) else _TOO_LITTLE


def _type(event: Event, mapper: Mapper) -> dict[str, str]:
    name = mapper.name_of(event)
    if name in STANDARD:
        return {"tracking_type": name}
    own: str = event["event_name"] if name == CUSTOM else name
    if len(own) > _MAX_NAME:
        remark(f"event_name: cut to {_MAX_NAME} characters")
    return {"tracking_type": CUSTOM, "custom_event_name": own[:_MAX_NAME]}


def _metadata(event: Event, kind: str, settings: RedditSettings) -> dict[str, Any]:
    """kind: Reddit's name of the event."""
    data: dict[str, Any] = {}
    names = ("transaction_id", "event_id")
    preferred = names if settings.conversion_id == names[0] else names[::-1]
    if stated := next(filter(None, map(event.get, preferred)), None):
        data["conversion_id"] = stated
    if kind in WITH_VALUE:
        data |= _worth(event, kind)
    items = named_items(event) if "items" in event else []
    if not items:
        return data
    if kind in WITH_COUNT and (count := whole_count(items)):
        data["item_count"] = count
    data["products"] = _products(items)
    return data


def _worth(event: Event, kind: str) -> dict[str, Any]:
    found = value_and_currency(event)
    if "currency" in event:
        found["currency"] = event["currency"]
    if kind != _PURCHASE:
        drop_negative_value(found)
    return found


def _products(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = {"name": "item_name", "category": "item_category"}
    return [
        {
            "id": item.get("item_id") or item["item_name"],
            **{key: item[field] for key, field in names.items() if item.get(field)},
        }
        for item in items
    ]


def _limited(event: Event) -> dict[str, Any]:
    """Limited Data Use for the visitor's place; an unknown place counts as the USA."""
    location: Mapping[str, Any] = event.get("event_location", {})
    country = country_code(location.get("country", "")) or _LAW_OF
    options: dict[str, Any] = {"modes": ["LDU"], "country": country}
    region: str = location.get("region", "").upper().removeprefix(f"{_LAW_OF}-")
    if country == _LAW_OF and (state := us_state_code(region)):
        options["region"] = f"{_LAW_OF}-{state}"
    return options


def _problem_of(translated: Mapping[str, Any]) -> str:
    """Why Reddit would refuse an event; "" if it would not."""
    metadata = translated.get("metadata")
    value = metadata.get("value", 0) if isinstance(metadata, dict) else 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "metadata.value is not a number: add `as: number` to it in the mapping"
    if value < 0:
        return _NEGATIVE
    return "" if identifies(translated) else _TOO_LITTLE
