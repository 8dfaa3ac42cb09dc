"""An API for Conversions as strict as Pinterest's: an unknown or malformed field fails the request;
otherwise, each event has its own result.

Sources: github.com/pinterest/api-description, 5.23.0 (events/create), and
developers.pinterest.com/docs/conversions/event. Pinterest does not publish how old an event may be.
The texts of the messages are ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.checking import (
    digest,
    flag,
    list_of,
    matches,
    object_of,
    one_of,
    public,
    text,
    whole,
    wrong,
)

_PATH = re.compile(r"/v5/ad_accounts/([0-9]+)/events").fullmatch
_BATCH, _TESTS = 1000, 20
_DAY = 86_400

_AMOUNT = matches(r"-?[0-9]+(\.[0-9]+)?")
_HASHED = ("em", "ph", "ge", "db", "ln", "fn", "ct", "st", "zp", "country", "external_id")
_USER_DATA = {
    **dict.fromkeys((*_HASHED, "hashed_maids"), list_of(digest)),
    "client_ip_address": public,
    **dict.fromkeys(("client_user_agent", "click_id", "partner_id"), text),
}
_CONTENT = {
    **dict.fromkeys(("id", "item_name", "item_brand", "item_category"), text),
    "item_price": _AMOUNT,
    "quantity": whole,
}
_CUSTOM_DATA = {
    "currency": matches("[A-Z]{3}"),
    "value": _AMOUNT,
    "content_ids": list_of(text),
    "contents": list_of(object_of(_CONTENT)),
    "num_items": whole,
    "opt_out_type": one_of("LDP"),
    **dict.fromkeys(
        (
            *("order_id", "search_string", "np", "content_name", "content_category"),
            *("content_brand", "predicted_ltv"),
        ),
        lambda value: isinstance(value, str),
    ),
}
_EVENT = {
    "event_name": text,
    "action_source": one_of("app_android", "app_ios", "web", "offline"),
    "event_time": whole,
    "event_id": text,
    "user_data": object_of(_USER_DATA),
    "custom_data": object_of(_CUSTOM_DATA),
    "partner_name": matches("ss-.+"),
    "opt_out": flag,
    "wifi": flag,
    "language": matches("[a-z]{2}"),
    **dict.fromkeys(
        (
            *("event_source_url", "app_id", "app_name", "app_version", "device_brand"),
            *("device_carrier", "device_model", "device_type", "os_version"),
        ),
        lambda value: isinstance(value, str),
    ),
}
_REQUIRED = ("event_name", "action_source", "event_time", "event_id", "user_data")


@dataclass
class Pinterest:
    """token: the one that it accepts; None for any. now: the clock. events: all processed ones, in
    order. error: the code of the error that it answers for now, or None."""

    token: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    error: int | None = None

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The response to a request. target: path and query. headers: names in lower case."""
        path, _, query = target.partition("?")
        if self.error is not None:
            return as_json(_STATUS[self.error], {"code": self.error, "message": "not now"})
        if method != "POST" or not _PATH(path) or query not in ("", "test=true"):
            return as_json(404, {"code": 0, "message": "Not found"})
        if not self._knows(headers):
            return as_json(401, {"code": 2, "message": "Authentication failed."})
        if problem := _problem(body, _TESTS if query else _BATCH):
            return as_json(400, {"code": 4196, "message": problem})
        return self._verdicts(json.loads(body)["data"])

    def _knows(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and token != "" and self.token in (None, token)

    def _verdicts(self, data: list[dict[str, Any]]) -> Answer:
        reasons = [_refusal(event, self.now()) for event in data]
        taken = [event for event, reason in zip(data, reasons, strict=True) if not reason]
        self.events += taken
        verdicts = [
            {
                "status": "failed" if reason else "processed",
                "error_message": reason,
                "warning_message": "",
            }
            for reason in reasons
        ]
        answer = {
            "num_events_received": len(data),
            "num_events_processed": len(taken),
            "events": verdicts,
        }
        return as_json(200 if len(taken) == len(data) else 422, answer)


_STATUS = {8: 429, 29: 403, 4197: 503}


def _problem(body: bytes, most: int) -> str:
    try:
        data = json.loads(body)["data"]
    except (ValueError, TypeError, KeyError):
        return "the request is no object with data"
    if not isinstance(data, list) or not 1 <= len(data) <= most:
        return f"data must have 1 to {most} events"
    for place, event in enumerate(data):
        for name in wrong(event, _EVENT, _REQUIRED):
            return f"data[{place}].{name} is missing, unknown or malformed"
    return ""


def _refusal(event: Mapping[str, Any], now: float) -> str:
    """Why one event is not processed; "" if it is."""
    person = event["user_data"]
    pair = "client_ip_address" in person and "client_user_agent" in person
    if not (pair or "em" in person or "hashed_maids" in person):
        return "user_data needs em, hashed_maids or client_ip_address with client_user_agent"
    if not now - 7 * _DAY <= event["event_time"] <= now + 60:
        return "event_time is too old or in the future"
    return ""
