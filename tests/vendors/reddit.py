"""A Conversions API, version 3, as strict as Reddit's: one invalid event fails the request, but
seconds in ``event_at`` are accepted silently.

Sources: ads-api.reddit.com/docs (version 3) and github.com/reddit/reddit-ss-gtm-template. The texts
of the messages are ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.checking import (
    digest,
    list_of,
    matches,
    number,
    object_of,
    one_of,
    public,
    text,
    whole,
    wrong,
)

_PATH = re.compile(r"/api/v3/pixels/([at]2_[a-z0-9]+)/conversion_events").fullmatch
_BATCH = 1000
_DAY = 86_400
_STANDARD = (
    *("PAGE_VISIT", "VIEW_CONTENT", "SEARCH", "ADD_TO_CART", "ADD_TO_WISHLIST", "PURCHASE"),
    *("LEAD", "SIGN_UP"),
)
_UUID = r"[0-9A-Za-z-]+"


def _side(value: Any) -> bool:
    return whole(value) and 0 < value < 32_768


_PRODUCT = dict.fromkeys(("id", "name", "category"), text)
_METADATA = {
    "conversion_id": text,
    "currency": matches("[A-Z]{3}"),
    "value": lambda value: number(value) and value >= 0,
    "item_count": whole,
    "products": list_of(object_of(_PRODUCT, "id")),
}
_LIMITED_USE = {
    "modes": one_of(["LDU"]),
    "country": matches("[A-Z]{2}"),
    "region": matches("[A-Z]{2}-[A-Z0-9]{1,3}"),
}
_USER = {
    **dict.fromkeys(("email", "phone_number", "external_id", "idfa", "aaid"), digest),
    "ip_address": public,
    "user_agent": text,
    "uuid": matches(_UUID),
    "screen_dimensions": object_of(dict.fromkeys(("width", "height"), _side), "width", "height"),
    "data_processing_options": object_of(_LIMITED_USE, "modes", "country"),
}
_TYPE = {
    "tracking_type": one_of(*_STANDARD, "CUSTOM"),
    "custom_event_name": lambda value: text(value) and len(value) <= 64,
}
_EVENT = {
    "event_at": whole,
    "action_source": one_of("WEBSITE", "APP", "PHYSICAL_STORE", "OTHER"),
    "event_source_url": lambda value: isinstance(value, str),
    "type": object_of(_TYPE, "tracking_type"),
    "click_id": text,
    "metadata": object_of(_METADATA),
    "user": object_of(_USER),
}
_ALONE = ("email", "phone_number", "external_id", "uuid", "idfa", "aaid")


@dataclass
class Reddit:
    """token: the one that it accepts; None for any. now: the clock. events: all accepted ones, in
    order. status: the error that it answers for now, or None."""

    token: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    status: int | None = None

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The response to a request. path: without its query. headers: names in lower case."""
        if self.status is not None:
            return _error(self.status, "not now")
        if method != "POST" or not _PATH(path):
            return _error(404, "Not Found")
        if not self._knows(headers):
            return _error(401, "No bearer token provided.")
        for problem in _problems(body, self.now()):
            return _error(400, problem)
        events = json.loads(body)["data"]["events"]
        self.events += events
        message = f"Successfully processed {len(events)} conversion events."
        return as_json(200, {"data": {"message": message}})

    def _knows(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and token != "" and self.token in (None, token)


def _error(status: int, message: str) -> Answer:
    return as_json(status, {"error": {"code": status, "message": message}})


def _problems(body: bytes, now: float) -> Iterator[str]:
    try:
        data = json.loads(body)["data"]
        events = data["events"]
    except (ValueError, TypeError, KeyError):
        yield "the request has no data.events"
        return
    if unknown := data.keys() - {"events", "test_id", "partner", "partner_version"}:
        yield f"unknown fields: {unknown}"
    if not isinstance(events, list) or not 1 <= len(events) <= _BATCH:
        yield f"data.events must have 1 to {_BATCH} events"
        return
    if "test_id" in data and len(events) > 1:
        yield "a test has one event"
    for place, event in enumerate(events):
        for problem in _of_event(event, now):
            yield f"events[{place}]: {problem}"


def _of_event(event: Any, now: float) -> Iterator[str]:
    malformed = list(wrong(event, _EVENT, ("event_at", "action_source", "type")))
    if malformed:
        yield f"{malformed[0]} is missing, unknown or malformed"
        return
    kind, seconds = event["type"], event["event_at"] / 1000
    if (kind["tracking_type"] == "CUSTOM") != ("custom_event_name" in kind):
        yield "custom_event_name belongs to CUSTOM"
    is_seconds = event["event_at"] < 10**11
    if not is_seconds and not now - 7 * _DAY <= seconds <= now + 300:
        yield "event_at is too old or in the future"
    user = event.get("user", {})
    pair = "ip_address" in user and "user_agent" in user
    if not (pair or "click_id" in event or any(name in user for name in _ALONE)):
        yield "the event has nothing that identifies a person"
