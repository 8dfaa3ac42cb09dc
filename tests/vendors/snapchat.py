"""A Conversions API as strict as Snapchat's: the response to an invalid request names one event.

Sources: developers.snap.com/api/marketing-api/Conversions-API (UsingTheAPI, Parameters,
VerifySetUp), and the OpenAPI file of github.com/Snapchat/business-sdk-v3-java.
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

_PATH = re.compile(r"/v3/([A-Za-z0-9_.-]+)/events(/validate)?").fullmatch
_BATCH = 2000


@dataclass
class Snapchat:
    """token: the one that it accepts; None for any. now: the clock. events: all accepted ones, in
    order. throttled: whether it refuses requests for now."""

    token: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    throttled: bool = False

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The response to a request. path: without its query. headers: names in lower case."""
        found = _PATH(path)
        if not found or method != "POST":
            return _invalid(404, "Not found")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token or self.token not in (None, token):
            return _invalid(401, "Unauthorized")
        if self.throttled:
            return _invalid(429, "Too many requests")
        try:
            request = json.loads(body)
        except ValueError:
            return _invalid(400, "The body is not JSON")
        if not isinstance(request, dict) or request.keys() - {"data", "test_event_code"}:
            return _invalid(400, "Unknown parameters")
        data = request.get("data")
        if not isinstance(data, list) or not 1 <= len(data) <= _BATCH:
            return _invalid(400, f"data has 1 to {_BATCH} events")
        refused = [(place, name) for place, event in enumerate(data) for name in self._wrong(event)]
        if found[2]:
            return _validated(refused)
        if refused:
            place, name = refused[0]
            return _invalid(400, "Invalid event", place, name)
        self.events += data
        return as_json(200, {"status": "VALID"})

    def _wrong(self, event: Any) -> Iterator[str]:
        yield from wrong(event, _EVENT, ("event_name", "event_time", "action_source", "user_data"))
        if not isinstance(event, dict):
            return
        seconds: Any = event.get("event_time")
        if whole(seconds) and not self.now() - 37 * 86_400 <= seconds <= self.now():
            yield "event_time"
        for name, rules in (("user_data", _USER_DATA), ("custom_data", _CUSTOM_DATA)):
            yield from (f"{name}.{path}" for path in wrong(event.get(name, {}), rules))
        yield from _of_meaning(event)


def _invalid(status: int, reason: str, place: int | None = None, name: str = "") -> Answer:
    body: dict[str, Any] = {"status": "INVALID", "reason": reason}
    if place is not None:
        body |= {"event": place, "errors": _errors(name)}
    return as_json(status, body)


def _errors(name: str) -> dict[str, list[str]]:
    return {"codes": ["INVALID"], "error_msgs": [f"{name} is invalid"]}


def _validated(refused: list[tuple[int, str]]) -> Answer:
    logs = [
        {"event": place, "status": "INVALID", "errors": _errors(name), "warnings": []}
        for place, name in refused
    ]
    status = "INVALID" if refused else "VALID"
    return as_json(200, {"status": status, "test_event": True, "reason": "", "event_logs": logs})


_NAMES = (
    *("PAGE_VIEW", "VIEW_CONTENT", "LIST_VIEW", "SEARCH", "ADD_CART", "ADD_TO_WISHLIST", "LOGIN"),
    *("START_CHECKOUT", "ADD_BILLING", "PURCHASE", "SIGN_UP", "SUBSCRIBE", "START_TRIAL"),
    *("RESERVE", "SAVE", "SHARE", "INVITE", "RATE", "AD_CLICK", "AD_VIEW", "COMPLETE_TUTORIAL"),
    *("LEVEL_COMPLETE", "ACHIEVEMENT_UNLOCKED", "SPENT_CREDITS", "APP_OPEN", "APP_INSTALL"),
    *(f"CUSTOM_EVENT_{number}" for number in range(1, 6)),
)
_EVENT = {
    "event_name": one_of(*_NAMES),
    "event_time": whole,
    "action_source": one_of("WEB", "MOBILE_APP", "OFFLINE"),
    **dict.fromkeys(("event_id", "event_source_url", "integration"), text),
    **dict.fromkeys(("user_data", "custom_data", "app_data"), is_object),
    "opt_out": flag,
    "data_processing_options": lambda value: value in ([], ["LDU"]),
    "data_processing_options_country": whole,
    "data_processing_options_state": whole,
}
_HASHED = ("em", "ph", "fn", "ln", "ge", "ct", "st", "zp", "country", "external_id")
_USER_DATA = {
    **dict.fromkeys(_HASHED, digests),
    "db": digest,
    "madid": lambda value: text(value) and value == value.lower(),
    **dict.fromkeys(("client_ip_address", "client_user_agent", "sc_click_id", "sc_cookie1"), text),
    **dict.fromkeys(("idfv", "lead_id", "subscription_id", "anon_id", "download_id"), text),
}
_CUSTOM_DATA = {
    **dict.fromkeys(("value", "predicted_ltv"), number),
    "num_items": whole,
    "currency": matches("[A-Z]{3}"),
    "contents": lambda value: isinstance(value, list) and not any(map(_wrong_content, value)),
    **dict.fromkeys(("content_ids", "brands"), texts),
    "content_category": lambda value: text(value) or texts(value),
    **dict.fromkeys(("order_id", "search_string", "sign_up_method"), text),
}
_CONTENT = dict.fromkeys(("id", "quantity", "item_price", "brand", "delivery_category"), text)


def _wrong_content(content: Any) -> bool:
    return next(wrong(content, _CONTENT, ("id",)), None) is not None


def _of_meaning(event: Mapping[str, Any]) -> Iterator[str]:
    person, data = event.get("user_data", {}), event.get("custom_data", {})
    if not person.keys() & {"em", "ph", "madid"} and not (
        person.keys() >= {"client_ip_address", "client_user_agent"}
    ):
        yield "user_data"
    if event.get("event_name") == "PURCHASE" and data.get("value", 0) < 0:
        yield "custom_data.value"
    extinfo = event.get("app_data", {}).get("extinfo")
    if event.get("action_source") == "MOBILE_APP" and len(extinfo or ()) != 16:
        yield "app_data.extinfo"
    limits = "data_processing_options"
    if event.get(limits) == ["LDU"] and not event.keys() >= {
        f"{limits}_country",
        f"{limits}_state",
    }:
        yield limits
