"""Translates an event into one of Snapchat's. `built_in` has the tables.

Sources: developers.snap.com/api/marketing-api/Conversions-API (UsingTheAPI, Parameters), and the
OpenAPI file of github.com/Snapchat/business-sdk-v3-java.
"""

from collections.abc import Mapping
from typing import Any

from destinations.addresses import is_connected
from destinations.amounts import number_text
from destinations.app_data import app_data
from destinations.apps import Place, stated_place
from destinations.base import Event
from destinations.contents import (
    ContentFields,
    contents,
    is_negative,
    named_items,
    value_and_currency,
    whole_count,
)
from destinations.event_values import event_time
from destinations.mapping import Mapper
from destinations.page_urls import with_urls
from destinations.paths import object_at
from destinations.refusals import asks, refuses, refuses_personalisation
from destinations.snapchat.person import is_too_thin, user_data
from destinations.snapchat.settings import ActionSource, SnapchatSettings

_ACTION_SOURCES: Mapping[Place | None, ActionSource] = {
    "website": "WEB",
    "app": "MOBILE_APP",
    "store": "OFFLINE",
}

_CONTENT = ContentFields(
    id="id",
    quantity="quantity",
    price="item_price",
    texts={"item_brand": "brand", "delivery_category": "delivery_category"},
)
_BY_ADDRESS = {"data_processing_options_country": 0, "data_processing_options_state": 0}
"""Asks Snapchat to derive the place from the IP address."""

_NEGATIVE = "value is negative: Snapchat does not support refunds"
_TOO_LITTLE = (
    "no usable customer information: Snapchat needs an e-mail address, a phone number, a mobile "
    "advertising id, or a public IP address together with a user agent"
)


def action_source(event: Event, default: ActionSource) -> ActionSource:
    """Where `event` happened."""
    return _ACTION_SOURCES.get(stated_place(event), default)


def translate(
    event: Event, now: float, mapper: Mapper, source: ActionSource, settings: SnapchatSettings
) -> dict[str, Any]:
    """`event` in the format of Snapchat. now: Unix seconds. source: where it happened."""
    translated: dict[str, Any] = {
        "event_name": mapper.name_of(event),
        "event_time": int(event_time(event, now)),
        "action_source": source,
        "user_data": user_data(event, settings.phone_region),
    }
    if custom_data := _custom_data(event):
        translated["custom_data"] = custom_data
    if source == "MOBILE_APP" and (app := app_data(event)):
        translated["app_data"] = app | ({"app_id": settings.app_id} if settings.app_id else {})
    mapper.apply(with_urls(event), translated)
    if refuses(event) or asks(event.get("data_processing_options")):
        translated |= {"data_processing_options": ["LDU"], **_BY_ADDRESS}
    if refuses_personalisation(event) or asks(event.get("opt_out")):
        translated["opt_out"] = True
    return translated


def unsendable(event: Event, mapper: Mapper, region: str | None) -> str:
    """Why Snapchat would always refuse `event`; "" if it would not, or if a field that the mapping
    sets decides.

    region: ISO 3166-1 alpha-2 of phone numbers without a country code, if the event names no
    country.
    """
    if is_negative(event, mapper, "custom_data.value", "PURCHASE"):
        return _NEGATIVE
    if is_connected(event) or mapper.touches("user_data"):
        return ""
    return _TOO_LITTLE if is_too_thin(user_data(event, region)) else ""


def problem_of(translated: Mapping[str, Any], settings: SnapchatSettings) -> str:
    """Why Snapchat would refuse an event; "" if it would not. translated: by `translate`."""
    value = object_at(translated, "custom_data").get("value")
    if isinstance(value, (int, float)) and value < 0 and translated["event_name"] == "PURCHASE":
        return _NEGATIVE
    source: ActionSource = translated["action_source"]
    if settings.id_of(source) is None:
        needed = "snap_app_id" if source == "MOBILE_APP" else "pixel_id"
        return f"{needed} is not set, which events of action_source {source} need"
    if source == "MOBILE_APP" and "extinfo" not in object_at(translated, "app_data"):
        return (
            "app_data.extinfo is missing: Snapchat requires it of events of apps; send "
            "device.operating_system and device.operating_system_version"
        )
    return _TOO_LITTLE if is_too_thin(object_at(translated, "user_data")) else ""


def _custom_data(event: Event) -> dict[str, Any]:
    """Quantities and prices of ``contents`` are texts, as in Snapchat's examples."""
    data = value_and_currency(event)
    items = named_items(event)
    if not items:
        return data
    made = contents(items, _CONTENT)
    for content in made:
        for name in ("quantity", "item_price"):
            if name in content:
                content[name] = number_text(content[name])
    data["contents"] = made
    data["content_ids"] = [content["id"] for content in made]
    if count := whole_count(items):
        data["num_items"] = count
    for name, field in (("brands", "item_brand"), ("content_category", "item_category")):
        if named := [item[field] for item in items if item.get(field)]:
            data[name] = named
    return data
