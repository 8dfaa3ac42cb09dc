"""A Conversions API as strict as LinkedIn's: one invalid element fails the batch, and the message
names all invalid elements.

Sources: learn.microsoft.com/linkedin/marketing/conversions (conversions-api,
conversions-api-schema), .../shared/api-guide/concepts/error-handling, and captured responses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.checking import digest, matches, text, whole

VERSIONS = frozenset({"202601", "202602", "202603", "202608"})
_BATCH = 5000
_AGE_MS = 90 * 86_400_000
_CODES = {
    401: "INVALID_ACCESS_TOKEN",
    403: "ACCESS_DENIED",
    426: "NONEXISTENT_VERSION",
    429: "TOO_MANY_REQUESTS",
}
_FIELDS = {"conversion", "conversionHappenedAt", "conversionValue", "eventId", "user"}
_IDS: Mapping[str, Callable[[Any], bool]] = {
    "SHA256_EMAIL": digest,
    "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID": text,
    "ACXIOM_ID": text,
    "PLAINTEXT_IP_ADDRESS": matches(r"(\d{1,3}\.){3}\d{1,3}"),
    "GOOGLE_AID": matches(r"[0-9a-fA-F-]{36}"),
}
_is_rule = matches(r"urn:lla:llaPartnerConversion:[0-9]+")
_is_currency = matches("[A-Z]{3}")
_is_amount = matches(r"[0-9]+(\.[0-9]+)?")


@dataclass
class LinkedIn:
    """token, rules: those that it accepts; None for any. now: the clock. events: all accepted ones,
    in order. throttled: whether it refuses requests for now."""

    token: str | None = None
    rules: frozenset[str] | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    throttled: bool = False

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if method != "POST" or path != "/rest/conversionEvents":
            return Answer(404)
        if headers.get("linkedin-version") not in VERSIONS:
            return _refusal(426, "Requested version is not active")
        if not self._is_known(headers.get("authorization", "")):
            return _refusal(401, "Invalid access token")
        if self.throttled:
            return _refusal(429, "Resource level throttle limit is reached")
        if headers.get("x-restli-method") != "BATCH_CREATE":
            return _refusal(400, "X-RestLi-Method is missing")
        elements = json.loads(body).get("elements")
        if not isinstance(elements, list) or not 0 < len(elements) <= _BATCH:
            return _refusal(400, f"elements: 1 to {_BATCH}")
        refused = self._refusal_of(elements)
        if refused is None:
            self.events += elements
        return refused or Answer(201)

    def _is_known(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme == "Bearer" and token != "" and self.token in (None, token)

    def _refusal_of(self, elements: list[Any]) -> Answer | None:
        errors = {place: list(_errors(each)) for place, each in enumerate(elements)}
        said = [_paragraph(place, found) for place, found in errors.items() if found]
        if said:
            return _refusal(422, "\n\n".join(said))
        now = self.now() * 1000
        late = [
            place
            for place, each in enumerate(elements)
            if not now - _AGE_MS <= each["conversionHappenedAt"] <= now
        ]
        if late:
            return _refusal(400, f"conversionHappenedAt is not valid for indices {late}")
        if self.rules is not None and not {each["conversion"] for each in elements} <= self.rules:
            return _refusal(403, "No ad accounts found")
        return None


def _refusal(status: int, message: str) -> Answer:
    code = _CODES.get(status, "BAD_REQUEST")
    return as_json(status, {"status": status, "code": code, "message": message})


def _paragraph(place: int, errors: list[str]) -> str:
    return f"Index: {place}, " + "\n".join(f"ERROR :: {each}" for each in errors)


def _errors(element: Any) -> Iterator[str]:
    if not isinstance(element, dict):
        yield "/ :: is not a record"
        return
    for name in element.keys() - _FIELDS:
        yield f"/{name} :: unrecognized field found but not allowed"
    if not _is_rule(element.get("conversion")):
        yield "/conversion :: is not a URN of a conversion rule"
    if not whole(element.get("conversionHappenedAt")):
        yield "/conversionHappenedAt :: cannot be coerced to Long"
    if not text(element.get("eventId", "x")):
        yield "/eventId :: cannot be coerced to String"
    if "conversionValue" in element:
        value = element["conversionValue"]
        if not isinstance(value, dict) or not _is_currency(value.get("currencyCode")):
            yield "/conversionValue/currencyCode :: is not an enum symbol"
        elif not _is_amount(value.get("amount")):
            yield "/conversionValue/amount :: is not a decimal"
    yield from _errors_of_user(element.get("user"))


def _errors_of_user(user: Any) -> Iterator[str]:
    if not isinstance(user, dict) or not (user.get("userIds") or user.get("userInfo")):
        yield "/user :: has neither userIds nor userInfo"
        return
    for each in user.get("userIds", []):
        if each.get("idType") not in _IDS or not _IDS[each["idType"]](each.get("idValue")):
            yield f"/user/userIds :: {each.get('idType')} is not valid"
    info = user.get("userInfo", {"firstName": "x", "lastName": "x"})
    for name in ("firstName", "lastName"):
        if not text(info.get(name)):
            yield f"/user/userInfo/{name} :: field is required but not found"
    if len(user.get("externalIds", [])) > 1:
        yield "/user/externalIds :: at most 1"
