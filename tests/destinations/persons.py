"""An event with one item of personal data, and what a destination sends of it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson

from destinations.base import Destination, Request
from gateway.event import read_event

ADDRESS = {"fn": "first_name", "ln": "last_name", "ct": "city", "st": "region", "zp": "postal_code"}
ADDRESS |= {"state": "region", "zip_code": "postal_code"}
USER_DATA = {
    "em": "email_address",
    "email": "email_address",
    "sha256_email_address": "email_address",
    "ph": "phone_number",
    "phone": "phone_number",
    "sha256_phone_number": "phone_number",
    "ge": "gender",
    "db": "date_of_birth",
    "idfa": "idfa",
    "gaid": "gaid",
    "hashed_maids": "madid",
    "phone_number": "phone_number",
}
PERSON = {
    "meta": "user_data",
    "pinterest": "user_data",
    "reddit": "user",
    "snapchat": "user_data",
    "tiktok": "user",
}
"""The object in a vendor's event that holds the personal data."""

_VISITOR = "1.1"
_EVERYBODY = {
    "fbp": "fb.1.1795210000000.1116446470",
    "ip_override": "203.0.113.7",
    "user_agent": "Mozilla/5.0",
}


def event_with(field: str, value: str | int) -> dict[str, Any]:
    """An event with the personal data `value` in our field for the vendor's `field`."""
    raw: dict[str, Any] = {
        "event_name": "x",
        "event_id": "e-1",
        "client_id": _VISITOR,
        **_EVERYBODY,
    }
    if field == "external_id":
        return raw | {"user_id": value}
    if field in USER_DATA:
        return raw | {"user_data": {USER_DATA[field]: value}}
    ours = ADDRESS.get(field, field.removeprefix("sha256_"))
    return raw | {"user_data": {"address": {ours: value}}}


_OF_EVERY_EVENT = {sha256(_VISITOR.encode()).hexdigest(), *_EVERYBODY.values()}


def _listed(told: Any) -> list[str]:
    return told if isinstance(told, list) else [told]


def digests_at(destination: Destination[Any], field: str, value: str | int) -> set[str]:
    """All hashes and clear values that `destination` would send for `value`."""
    (request,) = destination.requests([read_event(event_with(field, value))], 1795219260.0)
    assert isinstance(request, Request)
    body = orjson.loads(request.body)
    if destination.type in PERSON:
        data = body["data"]
        event = data["events"][0] if destination.type == "reddit" else data[0]
        person = event[PERSON[destination.type]].values()
        sent = {text for told in person for text in _listed(told)}
        return sent - _OF_EVERY_EVENT
    person = body.get("user_data", {})
    lists = [person.get("sha256_email_address", []), person.get("sha256_phone_number", [])]
    return {digest for digests in lists for digest in digests} | {
        address[key]
        for address in person.get("address", [])
        for key in address
        if key.startswith("sha256_")
    }
