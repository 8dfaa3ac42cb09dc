"""Parameters of an event at GA4, before and after the mapping.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference/events).
"""

from typing import Any

from destinations.base import Event
from destinations.casts import to_number
from destinations.contents import value_and_currency
from destinations.ga4.commerce import commerce_params
from destinations.ga4.items import item_params
from destinations.ga4.rules import fitted_params, scalar_params, user_properties
from destinations.ga4.session import session_id_of
from destinations.mapping import Mapper
from destinations.page_urls import with_urls
from destinations.paths import objects_at
from destinations.remarks import remark

_NOT_PARAMS = frozenset(
    {
        "event_name",
        "timestamp",
        "client_id",
        "app_instance_id",
        "user_id",
        "user_data",
        "user_properties",
        "consent",
        "ip_override",
        "event_location",
        "user_agent",
        "client_hints",
        "device",
        "bot",
        "campaign",
        "channel_group",
        "click_ids",
        "fbp",
        "fbc",
        "page_encoding",
        "page_hostname",
        "page_path",
        "viewport_size",
        "debug_mode",
        "test_event_code",
        "engagement_time_msec",
        "ga_session_id",
        "ga_session_number",
        "value",
        "value_converted",
        "currency_converted",
        "items",
        "items_value",
        "items_quantity",
        "firebase_conversion",
        "ignored_fields",
    }
)
"""Fields with a place of their own, and fields that GA4 derives itself."""

_OF_META = frozenset(
    {
        "action_source",
        "advanced_measurement_table",
        "app_data",
        "attribution_data",
        "content_ids",
        "contents",
        "customer_segmentation",
        "data_processing_options",
        "data_processing_options_country",
        "data_processing_options_state",
        "delivery_category",
        "event_source",
        "event_source_url",
        "external_id",
        "lead_event_source",
        "messaging_channel",
        "num_items",
        "opt_out",
        "original_event_data",
        "test_event_code",
    }
)
"""Fields that have a meaning only at Meta."""

_OF_GTAG = frozenset(
    {
        "ads_data_redaction",
        "event_callback",
        "event_timeout",
        "send_to",
        "transport_type",
        "url_passthrough",
    }
)
"""Settings of gtag.js, which it keeps to itself. `gateway.js` reads them in calls of ``gtag``, and
consent banners set some on every page.

Source: developers.google.com/tag-platform/gtagjs/reference/parameters
"""

_BROWSERS_ELSEWHERE = frozenset({"gcl_au", "ttp", "scid", "obref", "_rdt_uuid", "_uetvid"})
"""The ids of the browser at advertising platforms, which the gateway reads from their cookies."""

_NOT_FROM_EVENT = _NOT_PARAMS | _OF_META | _OF_GTAG | _BROWSERS_ELSEWHERE
_NOT_BESIDE_OWN = _NOT_FROM_EVENT | {"params"}
"""For an event with an object `params`, which has the sender's custom parameters."""

_NOT_OWN_PARAMS = frozenset({"items", "debug_mode", "firebase_conversion"})
"""Custom parameters that are left out, because these names have a meaning at GA4."""

_AMOUNTS = ("value", "tax", "shipping")

_MAPPED_OF_CLIENT = ("user_properties", "user_data")
MAPPED_FIELDS = frozenset(["params", *_MAPPED_OF_CLIENT])
"""The fields that a mapping may set; not identifiers, consent, place and device."""


def params_of(
    event: Event, mapper: Mapper, client: dict[str, Any], debug_mode: bool
) -> dict[str, Any]:
    """All parameters of `event`, in the forms that GA4 accepts. debug_mode: whether DebugView shows
    it.

    client: the client in the request; the fields of the client that a mapping sets are set in it.
    """
    event = with_urls(event)
    params = _params(event, mapper, debug_mode)
    return _mapped(event, mapper, client, params) if mapper.has_fields else params


def names_an_order(event: Event, mapper: Mapper) -> bool:
    """Whether `event` is sent as a purchase with a transaction id."""
    if mapper.name_of(event) != "purchase":
        return False
    return bool(params_of(event, mapper, {}, debug_mode=False).get("transaction_id"))


def _params(event: Event, mapper: Mapper, debug_mode: bool) -> dict[str, Any]:
    params: dict[str, Any] = {"engagement_time_msec": _engagement(event)}
    if session_id := session_id_of(event):
        params["session_id"] = session_id
    if debug_mode:
        params["debug_mode"] = True  # False would switch it on as well.
    if "currency" in event and (value := event.get("value")) is not None:
        params["value"] = value
    elif "value" in event or "items" in event:
        params |= _worth(event, mapper)
    is_refund = mapper.name_of(event) == "refund"
    if items := item_params(event.get("items", ()), is_refund):
        params["items"] = items
    own = event.get("params")
    if isinstance(own, dict):
        given = scalar_params(own, _NOT_OWN_PARAMS) | scalar_params(event, _NOT_BESIDE_OWN)
    else:
        given = scalar_params(event, _NOT_FROM_EVENT)
    if is_refund:
        params |= _positive_amounts(event)
    older = commerce_params(event)
    return older | given | params if older else given | params


def _positive_amounts(refund: Event) -> dict[str, Any]:
    """The amounts that `refund` states below zero, without their sign: GA4 subtracts a refund."""
    stated = {name: refund[name] for name in _AMOUNTS if name in refund}
    found = {name: -amount for name, amount in stated.items() if amount < 0}
    if found:
        remark("value: made the amounts of a refund positive")
    return found


def _worth(event: Event, mapper: Mapper) -> dict[str, Any]:
    """``value`` and ``currency`` of `event`, else of its items, which never make a purchase
    negative."""
    worth = value_and_currency(event)
    if "value" not in event and worth.get("value", 0) < 0 and mapper.name_of(event) == "purchase":
        remark("value: left out, because the items of the purchase add up to less than zero")
        del worth["value"]
    return worth


def _mapped(
    event: Event, mapper: Mapper, client: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """`params` after the mapping, as GA4 accepts them: it counts no value that is a text. Other
    mapped fields are set in `client`."""
    body = {key: client[key] for key in _MAPPED_OF_CLIENT if key in client}
    body["params"] = params
    mapper.apply(event, body)
    told = {
        "user_properties": user_properties(_object(body, "user_properties")),
        "user_data": body.get("user_data"),
    }
    for key, value in told.items():
        if value:
            client[key] = value
        else:
            client.pop(key, None)
    fitted = fitted_params(_object(body, "params"))
    if (value := to_number(fitted.get("value"))) is not None:
        fitted["value"] = value
    if "items" in fitted and fitted["items"] is not params.get("items"):
        _fit_items(fitted)
    return fitted


def _fit_items(params: dict[str, Any]) -> None:
    """Converts the `items` in `params`, which a mapping has set, to the form that GA4 accepts."""
    items = item_params(objects_at(params, "items"))
    if items:
        params["items"] = items
    else:
        remark("params.items: removed because the mapping makes no list of items of it")
        del params["items"]


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The object at `name` in `body`; empty if a mapping set something else."""
    found = body.get(name, {})
    if isinstance(found, dict):
        return found
    remark(f"{name}: removed because the mapping makes no object of it")
    return {}


def _engagement(event: Event) -> int:
    """Milliseconds, at least 1, because GA4 does not count a visitor with 0 as active."""
    return max(int(event.get("engagement_time_msec", 1)), 1)
