"""A Conversion API as strict as X's: one invalid conversion fails the request.

Sources: docs.x.com/x-ads-api/measurement/web-conversions and
developer.x.com/en/docs/x-ads-api/measurement/web-conversions/troubleshooting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.checking import digest, matches, number, text, whole

_path = re.compile(r"/12/measurement/conversions/([A-Za-z0-9]+)").fullmatch
_BATCH = 500
_STRONG: Mapping[str, Callable[[Any], bool]] = {
    "twclid": text,
    "hashed_email": digest,
    "hashed_phone_number": digest,
}
_WEAK = {"ip_address": matches(r"(\d{1,3}\.){3}\d{1,3}"), "user_agent": text}
_IDENTIFIERS = {**_STRONG, **_WEAK}
_is_time = matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "event_id": text,
    "identifiers": lambda value: isinstance(value, list),
    "conversion_time": _is_time,
    "conversion_id": text,
    "event_source_url": text,
    "value": matches(r"[0-9]+\.[0-9]{2,}"),
    "price_currency": matches("[A-Z]{3}"),
    "number_items": lambda value: whole(value) and value > 0,
    "contents": lambda value: isinstance(value, list) and all(map(_is_content, value)),
    "description": text,
    "search_string": text,
}
_REQUIRED = ("event_id", "identifiers", "conversion_time")

Error = dict[str, str]


@dataclass
class X:
    """token, event_ids: those that it accepts; None for any. now: the clock. events: all that it
    accepted, in order. left: how many more events its limit allows."""

    token: str | None = None
    event_ids: frozenset[str] | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    left: int = 60_000

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if method != "POST" or not _path(path):
            return _refusal(404, _error("ROUTE_NOT_FOUND", "No such resource"))
        signed = headers.get("authorization", "").startswith("OAuth oauth_nonce=")
        token = headers.get("x-pixel-token", "")
        if not signed and (not token or self.token not in (None, token)):
            return _refusal(401, _error("UNAUTHORIZED_ACCESS", "Not properly authenticated"))
        conversions = json.loads(body).get("conversions")
        if not isinstance(conversions, list) or not conversions:
            return _refusal(400, _error("MISSING_PARAMETER", "conversions", "conversions"))
        if len(conversions) > _BATCH:
            return _refusal(400, _error("INVALID_PARAMETER", f"Conversion count limit is {_BATCH}"))
        if len(conversions) > self.left:
            return _refusal(429, _error("TOO_MANY_REQUESTS", "You have exceeded your rate limit"))
        if errors := [error for each in conversions for error in self._errors(each)]:
            return _refusal(400, *errors)
        self.left -= len(conversions)
        self.events += conversions
        data = {"conversions_processed": len(conversions), "debug_id": "ff02e052"}
        return as_json(200, {"request": {"params": {"account_id": "18ce"}}, "data": data})

    def _errors(self, conversion: Any) -> Iterator[Error]:
        for name in _REQUIRED:
            if name not in conversion:
                yield _error("MISSING_PARAMETER", f"{name} is required", name)
        for name, value in conversion.items():
            if name not in _FIELDS or not _FIELDS[name](value):
                yield _error("INVALID_PARAMETER", f"{name} is not valid", name)
        if self.event_ids is not None and conversion.get("event_id") not in self.event_ids:
            yield _error("INVALID_PARAMETER", "Event ID was not found", "event_id")
        moment = conversion.get("conversion_time")
        if _is_time(moment) and datetime.fromisoformat(moment).timestamp() > self.now():
            yield _error("INVALID_PARAMETER", "is in the future", "conversion_time")
        yield from _errors_of_identifiers(conversion.get("identifiers", []))


def _errors_of_identifiers(identifiers: list[dict[str, Any]]) -> Iterator[Error]:
    pairs = [pair for each in identifiers for pair in each.items()]
    for name, value in pairs:
        if name not in _IDENTIFIERS or not _IDENTIFIERS[name](value):
            yield _error("INVALID_PARAMETER", f"{name} is not valid", "identifiers")
    names = {name for name, _ in pairs}
    if not names & _STRONG.keys() and names != _WEAK.keys():
        why = "At least one user identifier must be provided"
        yield _error("MISSING_PARAMETER", why, "identifiers")
    if any(each.keys() < _WEAK.keys() for each in identifiers):
        yield _error("INVALID_PARAMETER", "needs another identifier", "identifiers")


def _is_content(content: Any) -> bool:
    is_known = text(content.get("content_id")) and number(content.get("content_price", 1))
    return is_known and whole(content.get("num_items", 1))


def _error(code: str, message: str, parameter: str = "") -> Error:
    return {"code": code, "message": message, **({"parameter": parameter} if parameter else {})}


def _refusal(status: int, *errors: Error) -> Answer:
    return as_json(status, {"errors": list(errors), "request": {"params": {}}})
