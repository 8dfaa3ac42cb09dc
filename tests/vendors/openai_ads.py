"""A Conversions API as strict as OpenAI's page: one invalid event fails the request.

Source: developers.openai.com/ads/conversions-api. The response bodies are ours, since OpenAI
publishes none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.checking import (
    digests,
    flag,
    list_of,
    matches,
    object_of,
    one_of,
    public,
    text,
    texts,
    whole,
    wrong,
)

PATH = "/v1/events"
_BATCH = 1000
_WEEK = 7 * 86_400
_AHEAD = 600
_SHAPES = {
    "contents": (
        *("page_viewed", "contents_viewed", "items_added", "checkout_started", "order_created"),
    ),
    "customer_action": (
        *("lead_created", "registration_completed", "appointment_scheduled"),
        *("app_installed", "app_opened"),
    ),
    "plan_enrollment": ("subscription_created", "trial_started"),
    "custom": ("custom",),
}
_SHAPE_OF = {name: shape for shape, names in _SHAPES.items() for name in names}
_CURRENCY = matches("[A-Z]{3}")
_CONTENT = {
    **dict.fromkeys(("id", "group_id", "name", "content_type"), text),
    **dict.fromkeys(("quantity", "amount"), whole),
    "currency": _CURRENCY,
}
_DATA = {"type": one_of(*_SHAPES), "amount": whole, "currency": _CURRENCY}
_WITH_CONTENTS = {**_DATA, "contents": list_of(object_of(_CONTENT))}
_DATA_OF = {
    "contents": _WITH_CONTENTS,
    "customer_action": _DATA,
    "plan_enrollment": {**_WITH_CONTENTS, "plan_id": text},
}
_PLACES = list_of(lambda value: text(value) and len(value) <= 128)
_USER = {
    **dict.fromkeys(("emails_sha256", "phone_numbers_sha256", "external_ids_sha256"), digests),
    **dict.fromkeys(("first_names_sha256", "last_names_sha256"), digests),
    **dict.fromkeys(("regions", "cities"), _PLACES),
    "postal_codes": list_of(matches("[A-Za-z0-9 -]{1,32}")),
    "countries": list_of(matches("[A-Z]{2}")),
    "android_advertising_id": matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "obref": text,
    "ip_address": public,
    "user_agent": text,
}
_EVENT = {
    **dict.fromkeys(("id", "oppref"), text),
    "type": one_of(*_SHAPE_OF),
    "timestamp_ms": whole,
    "custom_event_name": matches("[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"),
    "source_url": matches(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]\S*"),
    "action_source": one_of(
        *("web", "mobile_app", "offline", "physical_store", "phone_call", "email", "other")
    ),
    "user": object_of(_USER),
    "opt_out": flag,
    "data": lambda value: isinstance(value, dict) and texts([value.get("type")]),
}


@dataclass
class OpenAIAds:
    """token: the one that it accepts; None for any. now: the clock. events: all saved ones, in
    order. status: the error that it answers for now, or None."""

    token: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    status: int | None = None

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The response to a request. path: without its query. headers: names in lower case."""
        if self.status is not None:
            return _error(self.status, "not now")
        if method != "POST" or path != PATH:
            return _error(404, "Not Found")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token or self.token not in (None, token):
            return _error(401, "Invalid API key")
        for problem in _problems(body, self.now()):
            return _error(400, problem)
        request = json.loads(body)
        if not request.get("validate_only"):
            self.events += request["events"]
        return as_json(200, {})


def _error(status: int, message: str) -> Answer:
    return as_json(status, {"error": {"message": message}})


def _problems(body: bytes, now: float) -> Iterator[str]:
    try:
        request = json.loads(body)
        events = request["events"]
    except (ValueError, TypeError, KeyError):
        yield "the request has no events"
        return
    if unknown := request.keys() - {"validate_only", "integration_source", "events"}:
        yield f"unknown fields: {unknown}"
    if not isinstance(events, list) or not 1 <= len(events) <= _BATCH:
        yield f"events must have 1 to {_BATCH} events"
        return
    for place, event in enumerate(events):
        for problem in _of_event(event, now):
            yield f"events[{place}]: {problem}"


def _of_event(event: Any, now: float) -> Iterator[str]:
    malformed = list(wrong(event, _EVENT, ("id", "type", "timestamp_ms", "data")))
    if malformed:
        yield f"{malformed[0]} is missing, unknown or malformed"
        return
    kind, data = event["type"], event["data"]
    if not now - _WEEK <= event["timestamp_ms"] / 1000 <= now + _AHEAD:
        yield "timestamp_ms is too old or in the future"
    name = event.get("custom_event_name")
    if (kind == "custom") != (name is not None) or str(name).lower() in _SHAPE_OF:
        yield "custom_event_name belongs to custom events, and is no standard name"
    if event.get("action_source") == "web" and "source_url" not in event:
        yield "source_url is missing"
    if kind.startswith("app_") and event.get("action_source") != "mobile_app":
        yield "action_source must be mobile_app"
    if data["type"] != _SHAPE_OF[kind]:
        yield "data.type does not fit the event"
    elif data["type"] in _DATA_OF and (fields := list(wrong(data, _DATA_OF[data["type"]]))):
        yield f"data.{fields[0]} is unknown or malformed"
    if "amount" in data and "currency" not in data:
        yield "data.currency is missing"
