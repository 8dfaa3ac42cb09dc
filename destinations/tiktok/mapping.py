"""Translates an event into one of TikTok's. `built_in` has the tables.

Fields that occur only in integrations and not on TikTok's page are left out: ``query``,
``partner_name``, and ``limit_data_use_for_advertising`` in place of ``limited_data_use``.

Source: business-api.tiktok.com/portal/docs?id=1771101303285761
"""

from collections.abc import Mapping
from typing import Any

from destinations.base import Event
from destinations.contents import (
    ContentFields,
    content_type,
    contents,
    count_items,
    is_negative,
    is_refund,
    named_items,
    value_and_currency,
)
from destinations.event_values import event_time
from destinations.mapping import Mapper
from destinations.page_urls import with_urls
from destinations.paths import as_text, object_at
from destinations.refusals import restriction
from destinations.remarks import remark
from destinations.tiktok.built_in import PURCHASES, STANDARD_EVENTS
from destinations.tiktok.identifiers import identifies
from destinations.tiktok.person import is_nobody, user
from destinations.tiktok.settings import EventSource

_CONTENT = ContentFields(
    id="content_id",
    quantity="quantity",
    price="price",
    texts={
        "item_name": "content_name",
        "item_category": "content_category",
        "item_brand": "brand",
    },
)
_CUSTOMER_TYPES = ("new", "returning")
_LIMITED = ("web", "app")
"""Event sources with ``limited_data_use``."""

_OF_SOURCE: Mapping[EventSource, tuple[str, ...]] = {
    "web": ("page", "ad"),
    "app": ("app", "ad"),
    "offline": (),
    "crm": ("lead",),
}
"""Objects that only events of some event sources have."""
_OF_SOME_SOURCE = frozenset({"page", "app", "ad", "lead"})

_NEGATIVE = "value is negative: TikTok does not support refunds"
_REFUND = "TikTok does not support refunds; to send them, give `refund` a name in `mapping.events`"
_NOBODY = (
    "no usable customer information: TikTok matches people by an e-mail address, a phone number, "
    "user_id, client_id, ttclid, ttp, a public IP address or the id of a device"
)


def translate(
    event: Event, now: float, mapper: Mapper, source: EventSource, region: str | None
) -> dict[str, Any]:
    """`event` in the format of TikTok.

    now: Unix seconds. source: its event source. region: ISO 3166-1 alpha-2 of phone numbers without
    a country code, if the event names no country.
    """
    translated: dict[str, Any] = {
        "event": mapper.name_of(event),
        "event_time": int(event_time(event, now)),
        "user": user(event, region),
    }
    if properties := _properties(event):
        translated["properties"] = properties
    if source == "app" and (app := _app(event)):
        translated["app"] = app
    if source == "crm" and (lead := _lead(event)):
        translated["lead"] = lead
    mapper.apply(with_urls(event), translated)
    _fit(translated, source)
    if source in _LIMITED and _restriction(event):
        translated["limited_data_use"] = True
    return translated


def unsendable(event: Event, mapper: Mapper, source: EventSource, region: str | None) -> str:
    """Why `event` is never sent; "" if it can be, or if a field that the mapping sets decides.
    source, region: as for `translate`."""
    if is_refund(event, mapper):
        return _REFUND
    if is_negative(event, mapper, "properties.value", *PURCHASES):
        return _NEGATIVE
    if source == "offline" and mapper.name_of(event) not in STANDARD_EVENTS:
        return "TikTok takes only standard events from an offline event source"
    if source not in _LIMITED and (asked := _restriction(event)):
        return f"{asked}, and TikTok has limited_data_use for web and app events only"
    if identifies(event) or mapper.touches("user") or not is_nobody(user(event, region)):
        return ""
    return _NOBODY


def problem_of(translated: Mapping[str, Any], source: EventSource) -> str:
    """Why an event cannot be sent; "" if it can. translated: by `translate`, for `source`."""
    value = object_at(translated, "properties").get("value")
    if isinstance(value, (int, float)) and value < 0 and translated["event"] in PURCHASES:
        return _NEGATIVE
    if source == "app" and not object_at(translated, "app").get("app_id"):
        return "app.app_id is missing: TikTok requires it of app events; send it in app.namespace"
    if source == "crm" and not object_at(translated, "lead").get("lead_id"):
        return "lead.lead_id is missing: TikTok requires it of CRM events; send it in lead_id"
    return _NOBODY if is_nobody(object_at(translated, "user")) else ""


def _restriction(event: Event) -> str:
    return restriction(event, "limited_data_use")


def _properties(event: Event) -> dict[str, Any]:
    data = value_and_currency(event)
    if items := named_items(event):
        made = contents(items, _CONTENT)
        data["contents"] = made
        data["content_ids"] = [content["content_id"] for content in made]
        data["content_type"] = content_type(event)
        if count := count_items(items):
            data["num_items"] = count
    return data


def _app(event: Event) -> dict[str, str]:
    app = object_at(event, "app")
    stated = {
        "app_id": app.get("namespace"),
        "app_name": app.get("name"),
        "app_version": app.get("version"),
    }
    return {name: text for name, value in stated.items() if (text := as_text(value))}


def _lead(event: Event) -> dict[str, str]:
    stated = {name: event.get(name) for name in ("lead_id", "lead_event_source")}
    return {name: text for name, value in stated.items() if (text := as_text(value))}


def _fit(translated: dict[str, Any], source: EventSource) -> None:
    """Removes what TikTok does not know: objects of other event sources, a page without its URL,
    and unknown types of customers."""
    for name in _OF_SOME_SOURCE.difference(_OF_SOURCE[source]):
        translated.pop(name, None)
    if "page" in translated and not object_at(translated, "page").get("url"):
        del translated["page"]
    properties = object_at(translated, "properties")
    if "customer_type" in properties and properties["customer_type"] not in _CUSTOMER_TYPES:
        remark("properties.customer_type: removed because it is neither new nor returning")
        translated["properties"] = {
            name: value for name, value in properties.items() if name != "customer_type"
        }
