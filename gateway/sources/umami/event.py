"""Translates one message of Umami into one event.

Sources: docs.umami.is/docs/api/sending-stats; github.com/umami-software/umami, src/tracker and
src/app/api/send, for what the tracker sends and the server reads.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from gateway.event import Event, EventError
from gateway.sources.items import items_of
from gateway.sources.own_properties import read_own_properties
from gateway.sources.reading import as_object, present
from gateway.sources.statement_fields import expanded_statements_in
from gateway.sources.statements import is_statement, with_statements

TYPES = ("event", "identify", "performance", "engagement")

_COMMON = {
    "website": "website_id",
    "title": "page_title",
    "hostname": "page_hostname",
    "language": "language",
    "screen": "screen_resolution",
    "id": "user_id",
    "vid": "client_id",
    "timestamp": "timestamp",
    "ip": "ip_override",
    "userAgent": "user_agent",
}
_COMMERCE = {
    "currency": "currency",
    "orderId": "transaction_id",
    "shipping": "shipping",
    "tax": "tax",
}
_ITEM = {
    "productId": "item_id",
    "name": "item_name",
    "variant": "item_variant",
    "category": "item_category",
    "price": "price",
    "quantity": "quantity",
}
_READ = frozenset({*_COMMON, "url", "referrer", "name", "data", "engagement"})
_is_absolute = re.compile("[A-Za-z][A-Za-z0-9+.-]*:").match


def to_event(message: Any, website_ids: Collection[str]) -> Event:
    """The event in `message`; not yet checked.

    website_ids: the ids to accept, in lower case; if empty, any.
    Raises `EventError` for types other than `TYPES`, and for messages of no or another website.
    """
    message = as_object(message)
    kind = message.get("type") or "event"
    if kind not in TYPES:
        raise EventError(f"type: not one of {', '.join(TYPES)}")
    payload = as_object(message.get("payload"))
    website = payload.get("website")
    if not isinstance(website, str) or not website:
        raise EventError("payload.website: missing")
    if website_ids and website.lower() not in website_ids:
        raise EventError("payload.website: not in website_ids of this source")
    own = {name: payload[name] for name in payload if name not in _READ and not is_statement(name)}
    event = {
        **present(own),
        **_particular(kind, payload),
        **present({ours: payload.get(name) for name, ours in _COMMON.items()}),
        **_page(payload),
    }
    statements = with_statements(expanded_statements_in(payload), expanded_statements_in(message))
    return with_statements(event, statements)


def speaks_for_a_visitor(message: Any) -> bool:
    """Whether `message` states an address or an agent, as only servers do."""
    payload = as_object(as_object(message).get("payload"))
    return "ip" in payload or "userAgent" in payload


def _particular(kind: str, payload: Mapping[str, Any]) -> Event:
    """The name of the event and the fields that only its type has."""
    data = as_object(payload.get("data")) or payload.get("data")
    if kind == "identify":
        traits = present(as_object(data))
        return {"event_name": "identify", **present({"user_properties": traits or None})}
    if kind == "engagement":
        milliseconds = present({"engagement_time_msec": payload.get("engagement")})
        return {"event_name": "user_engagement", **milliseconds}
    name = payload.get("name") or "page_view" if kind == "event" else kind
    if not isinstance(data, dict):
        return {**present({"data": data}), "event_name": name}
    return {**_properties(data), "event_name": name}


def _properties(data: Mapping[str, Any]) -> Event:
    """The data of an event. Its `revenue` is GA4's `value`; fields of its `commerce` override other
    fields."""
    event = read_own_properties(data)
    if "value" not in event and "revenue" in event:
        event["value"] = event.pop("revenue")
    commerce = event.get("commerce")
    if not isinstance(commerce, dict):
        return event
    del event["commerce"]
    return {
        **event,
        **present({ours: commerce.get(name) for name, ours in _COMMERCE.items()}),
        **present({"items": items_of(commerce.get("items"), _ITEM)}),
    }


def _page(payload: Mapping[str, Any]) -> Event:
    """The URLs of the page and the referrer, completed with the name of the host."""
    host = payload.get("hostname")
    named = {"page_location": payload.get("url"), "page_referrer": payload.get("referrer")}
    return present({field: _whole(url, host) for field, url in named.items()})


def _whole(url: Any, host: Any) -> Any:
    """`url` with a scheme and `host`, if it is only a path."""
    if not (isinstance(url, str) and url and isinstance(host, str) and host):
        return url
    if url.startswith("//"):
        return f"https:{url}"
    if _is_absolute(url):
        return url
    return f"https://{host}/{url.removeprefix('/')}"
