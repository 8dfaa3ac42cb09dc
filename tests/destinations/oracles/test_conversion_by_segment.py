"""We send LinkedIn and Microsoft the same as Segment's destinations, for the same messages.

We send everything that Segment sends, with the same values, except for `DIFFERENT`. `RICHER` lists
what we send in addition.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from destinations.base import Destination, Request
from destinations.linkedin import LinkedIn, LinkedInSettings
from destinations.microsoft_uet import MicrosoftUET, MicrosoftUETSettings
from gateway.event import read_event
from gateway.sources.base import Inbound
from gateway.sources.segment import Segment
from gateway.sources.segment.source import SegmentSettings
from tests.destinations.oracles.node import Node

YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
"""Not a fixed time: Segment's LinkedIn destination refuses events over 90 days old by the clock."""

SOURCE = Segment(SegmentSettings(type="segment", write_keys=["KEY"]))
RULES = {"events": {"purchase": "789123", "sign_up": "789123"}}
OURS: Mapping[str, Destination[Any]] = {
    "linkedin": LinkedIn(
        LinkedInSettings.model_validate({"access_token": "t", "mapping": RULES, "send_names": True})
    ),
    "microsoft_uet": MicrosoftUET(
        MicrosoftUETSettings.model_validate({"tag_id": "1", "api_token": "t"})
    ),
}
UET = "learn.microsoft.com/advertising/guides/uet-conversion-api-integration"
CAPI = "learn.microsoft.com/linkedin/marketing/conversions/conversions-api-schema"
DIFFERENT = {
    ("linkedin", "conversionValue.amount"): f"{CAPI}: a decimal as text",
    ("microsoft_uet", "continueOnValidationError"): f"{UET}: of the request, not of an event",
    ("microsoft_uet", "customData.eventValue"): f"{UET}: theirs is the revenue, which is `value`",
    ("microsoft_uet", "dataProvider"): f"{UET}: of the request, not of an event",
    ("microsoft_uet", "eventName"): "the name of GA4, for all sources alike",
    ("microsoft_uet", "userData.anonymousId"): f"{UET}: the id of the UET tag, not of Segment",
    ("microsoft_uet", "userData.em"): f"{UET}: without dots and tag",
    ("microsoft_uet", "userData.ph"): f"{UET}: E.164 with the plus",
}
"""By destination and path: why ours is right."""

RICHER = {
    "linkedin": {"user.userIds[].idType", "user.userIds[].idValue"},
    "microsoft_uet": {
        *(f"customData.{name}" for name in ("value", "currency", "pageType", "itemIds[]")),
        *(f"customData.items[].{name}" for name in ("id", "price", "name", "quantity")),
        *("customData.transactionId", "adStorageConsent"),
    },
}
"""Paths that Segment does not send, or not with all values: LinkedIn gets the IP address too."""

PERSON = {
    "email": "ada.b@example.com",
    "phone": "+1 650 555 1212",
    "firstName": "Ada",
    "lastName": "Lovelace",
}
PROPERTIES = {
    "order_id": "o-1",
    "revenue": 12.5,
    "value": 12.5,
    "currency": "EUR",
    "products": [{"product_id": "1", "name": "Cup", "price": 6.25, "quantity": 2}],
}
MAPPINGS: Mapping[str, Any] = {
    "linkedin": {
        "email": {"@path": "$.context.traits.email"},
        "userInfo": {
            "firstName": {"@path": "$.context.traits.firstName"},
            "lastName": {"@path": "$.context.traits.lastName"},
        },
        "onMappingSave": {"inputs": {}, "outputs": {"id": "789123"}},
    },
    "microsoft_uet": {},
}
ACTIONS = {"linkedin": "streamConversion", "microsoft_uet": "sendEvent"}
SETTINGS = {"linkedin": {}, "microsoft_uet": {"UetTag": "1", "ApiToken": "t"}}

MESSAGE = {
    "type": "track",
    "event": "Order Completed",
    "properties": PROPERTIES,
    "context": {
        "ip": "203.0.113.7",
        "userAgent": "Mozilla/5.0",
        "page": {"url": "https://shop.example/", "referrer": "https://a.example/", "title": "Shop"},
        "traits": PERSON,
    },
    "messageId": "m-1",
    "timestamp": YESTERDAY.isoformat().replace("+00:00", ".000Z"),
    "userId": "U-1",
    "anonymousId": "a-1",
}


def by_segment(node: Node, destination: str) -> set[tuple[str, Any]]:
    (body, *_) = node.ask(
        "segment",
        destination=destination,
        action=ACTIONS[destination],
        mapping=MAPPINGS[destination],
        settings=SETTINGS[destination],
        auth={"accessToken": "t", "refreshToken": "r"},
        event=MESSAGE,
    )
    return set(leaves(body["data"][0] if "data" in body else body))


def by_us(destination: str) -> set[tuple[str, Any]]:
    body = orjson.dumps({"writeKey": "KEY", "batch": [MESSAGE]})
    batch = SOURCE.read(Inbound("POST", "/v1/batch", body=body))
    now = YESTERDAY.timestamp() + 60
    (request,) = OURS[destination].requests([read_event(batch.events[0])], now)
    assert isinstance(request, Request)
    sent = orjson.loads(request.body)
    (event,) = sent.get("data") or sent["elements"]
    return set(leaves(event))


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every value but None, with its path; the elements of a list share a path."""
    if isinstance(value, dict):
        parts = [(f"{path}.{name}" if path else name, part) for name, part in value.items()]
    elif isinstance(value, list):
        parts = [(f"{path}[]", part) for part in value]
    else:
        return [] if value is None else [(path, value)]
    return [leaf for name, part in parts for leaf in leaves(part, name)]


@pytest.mark.parametrize("destination", OURS)
def test_all_that_segment_sends_we_send_and_what_else_is_known(
    destination: str, node: Node
) -> None:
    theirs, ours = by_segment(node, destination), by_us(destination)
    different = {path for where, path in DIFFERENT if where == destination}
    assert {path for path, _ in theirs - ours} == different
    assert {path for path, _ in ours - theirs} <= RICHER[destination] | different
