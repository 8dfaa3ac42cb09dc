"""A UET Conversions API as strict as Microsoft's: one invalid event fails the request, unless
`continueOnValidationError` is true.

Source: learn.microsoft.com/advertising/guides/uet-conversion-api-integration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.checking import digest, matches, number, text, whole

is_path = re.compile(r"/v1/([0-9]+)/events").fullmatch
_BATCH, _BYTES, _AGE = 1000, 1_000_000, 7 * 86_400
_REQUEST = {"data", "dataProvider", "continueOnValidationError"}
_IDENTITIES = {"anonymousId", "externalId", "em", "ph", "msclkid", "idfa", "gaid"}
_PAGES = ("home", "category", "product", "searchresults", "cart", "purchase", "other")
_EVENT: Mapping[str, Callable[[Any], bool]] = {
    "eventType": lambda value: value in ("pageLoad", "custom"),
    "eventName": text,
    "eventTime": whole,
    "eventId": text,
    "adStorageConsent": lambda value: value in ("G", "D"),
    **dict.fromkeys(("eventSourceUrl", "referrerUrl", "pageTitle", "pageLoadId", "keywords"), text),
}
_USER: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys([*_IDENTITIES, "clientIpAddress", "clientUserAgent"], text),
    "em": digest,
    "ph": digest,
}
_CUSTOM: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("value", "eventValue", "ecommTotalValue"), number),
    **dict.fromkeys(("eventCategory", "eventLabel", "searchTerm", "transactionId"), text),
    "ecommCategory": text,
    "currency": matches("[A-Z]{3}"),
    "itemIds": lambda value: isinstance(value, list) and all(map(text, value)),
    "items": lambda value: all(
        each.keys() <= {"id", "name", "price", "quantity"} for each in value
    ),
    "pageType": lambda value: value in _PAGES,
    "hotelData": lambda value: isinstance(value, dict),
}

Error = tuple[str, str]
"""The name of a property, and what is wrong."""


@dataclass
class MicrosoftUET:
    """token: the one that it accepts; None for any. now: the clock. events: all accepted ones, in
    order. throttled: whether it refuses requests for now."""

    token: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    throttled: bool = False

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if method != "POST" or not is_path(path):
            return Answer(404)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token or self.token not in (None, token):
            return _refusal(401, "Unauthorized", "The token is not valid for this tag")
        if self.throttled:
            return _refusal(429, "TooManyRequests", "Try again later")
        request = json.loads(body)
        data = request.get("data")
        if len(body) > _BYTES or request.keys() - _REQUEST or not isinstance(data, list):
            return _refusal(400, "BadRequest", "The request is not valid")
        if not 0 < len(data) <= _BATCH:
            return _refusal(400, "BadRequest", f"data: 1 to {_BATCH} events")
        return self._take(data, request.get("continueOnValidationError") is True)

    def _take(self, data: list[Any], may_continue: bool) -> Answer:
        errors = {place: list(self._errors(event)) for place, event in enumerate(data)}
        details = [_detail(place, *each) for place, found in errors.items() for each in found]
        if details and not may_continue:
            return _refusal(400, "ValidationError", "Some events are not valid", details)
        self.events += [event for place, event in enumerate(data) if not errors[place]]
        answer: dict[str, Any] = {"eventsReceived": len(data), "traceId": "7f3c"}
        if details:
            answer["error"] = {"code": "ValidationError", "message": "", "details": details}
        return as_json(200, answer)

    def _errors(self, event: Any) -> Iterator[Error]:
        user, custom = event.get("userData", {}), event.get("customData", {})
        own = {name: event[name] for name in event if name not in ("userData", "customData")}
        for path, holder, known in (("", own, _EVENT), ("userData.", user, _USER)):
            yield from _misfits(path, holder, known)
        yield from _misfits("customData.", custom, _CUSTOM)
        if not whole(event.get("eventTime")) or not (
            self.now() - _AGE <= event["eventTime"] <= self.now()
        ):
            yield "eventTime", "must be within the last 7 days"
        needed = "eventSourceUrl" if event.get("eventType") == "pageLoad" else "eventName"
        if needed not in event:
            yield needed, "is required"
        if _IDENTITIES.isdisjoint(user):
            yield "userData", "needs an identifier"


def _misfits(
    path: str, holder: Mapping[str, Any], known: Mapping[str, Callable[[Any], bool]]
) -> Iterator[Error]:
    for name, value in holder.items():
        if name not in known or not known[name](value):
            yield f"{path}{name}", "is not valid"


def _detail(place: int, name: str, why: str) -> dict[str, Any]:
    said = {"propertyName": name, "errorMessage": f"{name} {why}", "errorCode": "InvalidValue"}
    return {"index": place, **said}


def _refusal(status: int, code: str, message: str, details: Any = None) -> Answer:
    error = {"code": code, "message": message} | ({"details": details} if details else {})
    return as_json(status, {"error": error, "traceId": "7f3c"})
