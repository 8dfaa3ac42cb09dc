"""An Events API as strict as TikTok's: one invalid event fails the request, and every response has
status 200.

Sources: business-api.tiktok.com/portal/docs?id=1771101303285761, and tiktok_code.py of TikTok's SDK
for the codes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.checking import (
    digest,
    digests,
    flag,
    is_object,
    matches,
    number,
    one_of,
    text,
    texts,
    whole,
    wrong,
)

PATH = "/open_api/v1.3/event/track/"
_BATCH = 1000
_REQUEST = {"event_source", "event_source_id", "data", "test_event_code", "partner_name"}
_SOURCES = ("web", "app", "offline", "crm")


@dataclass
class TikTok:
    """token: the one that it accepts; None for any. now: the clock. events: all accepted ones, in
    order, each with its ``event_source``. throttled: whether it refuses requests for now."""

    token: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    throttled: bool = False

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The response to a request. headers: names in lower case."""
        code, message = self._refusal(method, path, headers, body)
        if not code:
            request = json.loads(body)
            source = request["event_source"]
            self.events += [{**event, "event_source": source} for event in request["data"]]
        return as_json(200, {"code": code, "message": message, "request_id": "1", "data": {}})

    def _refusal(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        if method != "POST" or path != PATH:
            return 40007, "Not found"
        token = headers.get("access-token")
        if not token:
            return 40104, "Access token is empty"
        if self.token is not None and token != self.token:
            return 40105, "Access token is incorrect or has been revoked"
        if self.throttled:
            return 40100, "Requests made too frequently"
        try:
            request = json.loads(body)
        except ValueError:
            return 40002, "The body is not JSON"
        return _of_request(request, self.now())


def _of_request(request: Any, now: float) -> tuple[int, str]:
    if not isinstance(request, dict) or request.keys() - _REQUEST:
        return 40002, "Unknown parameters"
    source, data = request.get("event_source"), request.get("data")
    if source not in _SOURCES or not text(request.get("event_source_id")):
        return 40002, "event_source and event_source_id are required"
    if not isinstance(data, list) or not data:
        return 40002, "data is required"
    if len(data) > _BATCH:
        return 40061, f"At most {_BATCH} events"
    for place, event in enumerate(data):
        for path in _wrong(event, source, now):
            code = 40062 if path in ("user.email", "user.phone") else 40002
            return code, f"Batch.{place}.{path}: invalid value"
    return 0, "OK"


_EVENT = {
    "event": text,
    "event_time": whole,
    "event_id": text,
    "user": is_object,
    "properties": is_object,
    "page": is_object,
    "app": is_object,
    "ad": is_object,
    "lead": is_object,
    "limited_data_use": flag,
}
_OF_SOURCE = {"page": ("web",), "app": ("app",), "lead": ("crm",), "limited_data_use": _SOURCES[:2]}
_USER = {
    **dict.fromkeys(("email", "phone", "external_id"), digests),
    **dict.fromkeys(("first_name", "last_name", "zip_code"), digest),
    "city": lambda value: text(value) and value == value.lower() and value.isalnum(),
    "state": lambda value: text(value) and value == value.lower() and value.isalnum(),
    "country": matches("[a-z]{2}"),
    **dict.fromkeys(("ttclid", "ttp", "ip", "user_agent", "locale", "idfv"), text),
    "idfa": lambda value: text(value) and value == value.upper(),
    "gaid": lambda value: text(value) and value == value.lower(),
    "att_status": one_of("AUTHORIZED", "DENIED", "NOT_DETERMINED", "RESTRICTED", "NOT_APPLICABLE"),
}
_CONTENT = {
    **dict.fromkeys(("content_id", "content_name", "content_category", "brand"), text),
    "quantity": lambda value: number(value) and value > 0,
    "price": number,
}
_PROPERTIES = {
    "contents": lambda value: isinstance(value, list) and not any(map(_wrong_content, value)),
    "content_ids": texts,
    "content_type": one_of("product", "product_group"),
    "num_items": number,
    "value": number,
    "currency": matches("[A-Z]{3}"),
    "customer_type": one_of("new", "returning"),
    **dict.fromkeys(("search_string", "description", "order_id", "shop_id"), text),
}
_PAGE = {"url": text, "referrer": text}
_APP = dict.fromkeys(("app_id", "app_name", "app_version"), text)
_LEAD = dict.fromkeys(("lead_id", "lead_event_source"), text)


def _wrong_content(content: Any) -> bool:
    return next(wrong(content, _CONTENT, ("content_id",)), None) is not None


def _wrong(event: Any, source: str, now: float) -> Iterator[str]:
    """The paths of the fields of `event` that TikTok refuses."""
    yield from wrong(event, _EVENT, ("event", "event_time", "user"))
    if not isinstance(event, dict):
        return
    if whole(event.get("event_time")) and not now - 7 * 86_400 <= event["event_time"] <= now:
        yield "event_time"
    yield from (name for name, of in _OF_SOURCE.items() if name in event and source not in of)
    if (source == "app" and "app" not in event) or (source == "crm" and "lead" not in event):
        yield "app" if source == "app" else "lead"
    for name, rules, required in (
        ("user", _USER, ()),
        ("properties", _PROPERTIES, ()),
        ("page", _PAGE, ("url",)),
        ("app", _APP, ("app_id",)),
        ("lead", _LEAD, ("lead_id",)),
    ):
        if name in event:
            yield from (f"{name}.{path}" for path in wrong(event[name], rules, required))
    properties = event.get("properties", {})
    if event.get("event") == "Purchase" and properties.get("value", 0) < 0:
        yield "properties.value"
