"""Translates an event into one of Meta's server events. `built_in` has the tables.

Sources: developers.facebook.com/docs/marketing-api/conversions-api (parameters/server-event,
parameters/custom-data, parameters/app-data).
"""

from collections.abc import Mapping
from typing import Any, get_args

from destinations.app_data import app_data
from destinations.apps import Place, stated_place
from destinations.base import Event
from destinations.contents import is_negative, value_and_currency
from destinations.event_values import event_time
from destinations.mapping import Mapper
from destinations.meta.content import CONTENT_FIELDS, content_of_items, stated_content
from destinations.meta.identifiers import identifies
from destinations.meta.messaging import BUSINESS_MESSAGING, as_message, problem_of_message
from destinations.meta.original_event import original_event
from destinations.meta.own_data import own_data
from destinations.meta.person import is_too_thin, user_data
from destinations.meta.restrictions import restrictions
from destinations.meta.settings import ActionSource
from destinations.page_urls import with_urls
from destinations.paths import object_at
from destinations.remarks import remark

_ACTION_SOURCES: tuple[str, ...] = get_args(ActionSource)  # not a set: a mapping may set a list
_OF_PLACES: Mapping[Place | None, ActionSource] = {
    "website": "website",
    "app": "app",
    "store": "physical_store",
}
"""Meta's values for the places that other vendors' values of `action_source` mean."""

_OF_BROWSERS = ("page_location", "fbp", "fbc", "client_id")
"""An event with one of these fields happened on a website."""

_NEGATIVE = "value is negative: Meta does not support refunds"
_TOO_LITTLE = (
    "no usable customer information: Meta needs an e-mail address, a phone number, user_id, "
    "fbp, fbc, a public IP address or a full name"
)


def translate(
    event: Event, now: float, mapper: Mapper, default_source: str, region: str | None
) -> dict[str, Any]:
    """`event` in the format of Meta.

    now: Unix seconds. default_source: `action_source` of an event that does not say its own.
    region: ISO 3166-1 alpha-2 of phone numbers without a country code, if the event names no
    country.
    """
    name = mapper.name_of(event)
    seconds = event_time(event, now)
    source = action_source(event, default_source)
    translated: dict[str, Any] = {
        "event_name": name,
        "event_time": int(seconds),
        "action_source": source,
        "user_data": user_data(event, seconds, region),
    }
    if custom_data := _custom_data(event, name):
        translated["custom_data"] = custom_data
    if (source == "app" or "app_data" in event) and (app := app_data(event)):
        translated["app_data"] = app
    if "original_event_data" in event or "attribution_data" in event:
        translated.update(_of_earlier(event))
    mapper.apply(with_urls(event), translated)
    translated.update(restrictions(event))
    if translated.get("action_source") == BUSINESS_MESSAGING:
        as_message(translated)
    else:
        translated.pop("messaging_channel", None)
    return translated


def unsendable(event: Event, mapper: Mapper, region: str | None) -> str:
    """Why Meta would always refuse `event`; "" if it would not, or if a field that the mapping sets
    decides.

    region: as for `translate`.
    """
    if is_negative(event, mapper, "custom_data.value", "Purchase"):
        return _NEGATIVE
    if (
        not identifies(event)
        and not mapper.touches("user_data")
        and is_too_thin(user_data(event, 0, region))
    ):
        return _TOO_LITTLE
    return ""


def problem_of(translated: Mapping[str, Any]) -> str:
    """Why Meta would refuse an event, and with it the whole request; "" if it would not.

    translated: by `translate`.
    """
    if translated["event_name"] == "Purchase":
        custom_data = object_at(translated, "custom_data")
        if missing := [key for key in ("value", "currency") if key not in custom_data]:
            return (
                f"{' and '.join(missing)} missing: Meta requires value and currency for a purchase"
            )
        if not isinstance(custom_data["value"], (int, float)):
            return "custom_data.value is not a number: add `as: number` to it in the mapping"
        if custom_data["value"] < 0:
            return _NEGATIVE
    source = translated.get("action_source")
    if source not in _ACTION_SOURCES:
        return (
            "action_source is missing or unknown: let the mapping set one of "
            f"{', '.join(_ACTION_SOURCES)}"
        )
    if source == "app" and "extinfo" not in object_at(translated, "app_data"):
        return (
            "app_data.extinfo is missing: Meta requires it when action_source is app; send it, or "
            "device.operating_system and device.operating_system_version"
        )
    if source == BUSINESS_MESSAGING and (problem := problem_of_message(translated)):
        return problem
    if is_too_thin(object_at(translated, "user_data")):
        return _TOO_LITTLE
    return ""


def action_source(event: Event, default: str) -> str:
    """Where the event happened: as it states, else on a website if it has a field of a browser."""
    given = event.get("action_source")
    if isinstance(given, str):
        stated = given.strip().lower()
        if stated in _ACTION_SOURCES:
            return stated
        if named := _OF_PLACES.get(stated_place(event)):
            return named
    if default == "website" or "app_data" in event:
        return default
    return "website" if any(map(event.get, _OF_BROWSERS)) else default


def _custom_data(event: Event, name: str) -> dict[str, Any]:
    """The custom data: from the items, then from the event's own `custom_data`, then from our
    fields. Later values win."""
    data = content_of_items(event, name) if "items" in event else {}
    worth = value_and_currency(event)
    own = own_data(event["custom_data"]) if "custom_data" in event else {}
    if _are_in_other_currencies(own, worth):
        remark("items: have another currency than custom_data, so no value comes from them")
        worth = {}
    if "value" in own and _are_in_other_currencies(own, event):
        remark("custom_data.value: removed because the event has another currency")
        del own["value"]
    data |= own | worth if "value" in event else worth | own
    if not event.keys().isdisjoint(CONTENT_FIELDS):
        data |= stated_content(event)
    return data


def _are_in_other_currencies(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return "currency" in one and "currency" in other and one["currency"] != other["currency"]


def _of_earlier(event: Event) -> dict[str, Any]:
    """The fields that name the original event which `event` completes, and its attribution."""
    found = {"original_event_data": original_event(event.get("original_event_data"))}
    if isinstance(attribution := event.get("attribution_data"), dict):
        found["attribution_data"] = attribution
    return {key: value for key, value in found.items() if value}
