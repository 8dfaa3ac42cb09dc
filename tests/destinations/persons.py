"""One personal datum in an event, and the hashes that a destination sends of it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson

from destinations.base import Request
from destinations.ga4 import GA4
from destinations.meta import Meta
from gateway.event import read_event

ADDRESS = {"fn": "first_name", "ln": "last_name", "ct": "city", "st": "region", "zp": "postal_code"}
USER_DATA = {
    "em": "email_address",
    "email": "email_address",
    "sha256_email_address": "email_address",
    "ph": "phone_number",
    "phone": "phone_number",
    "sha256_phone_number": "phone_number",
    "ge": "gender",
    "db": "date_of_birth",
}

_VISITOR = "1.1"


def event_with(field: str, value: str) -> dict[str, Any]:
    """An event whose only personal datum is `value`, in our field for the vendor's `field`."""
    raw: dict[str, Any] = {
        "event_name": "x",
        "client_id": _VISITOR,
        "fbp": "fb.1.1795210000000.1116446470",
    }
    if field == "external_id":
        return raw | {"user_id": value}
    if field in USER_DATA:
        return raw | {"user_data": {USER_DATA[field]: value}}
    ours = ADDRESS.get(field, field.removeprefix("sha256_"))
    return raw | {"user_data": {"address": {ours: value}}}


_OF_VISITOR = sha256(_VISITOR.encode()).hexdigest()
"""Meta gets it of every event."""


def digests_at(destination: Meta | GA4, field: str, value: str) -> set[str]:
    """All that `destination` would send of the person."""
    (request,) = destination.requests([read_event(event_with(field, value))], 1795219260.0)
    assert isinstance(request, Request)
    body = orjson.loads(request.body)
    if isinstance(destination, Meta):
        person = body["data"][0]["user_data"]
        sent = {digest for key in person if key != "fbp" for digest in person[key]}
        return sent - {_OF_VISITOR}
    person = body.get("user_data", {})
    lists = [person.get("sha256_email_address", []), person.get("sha256_phone_number", [])]
    return {digest for digests in lists for digest in digests} | {
        address[key]
        for address in person.get("address", [])
        for key in address
        if key.startswith("sha256_")
    }
