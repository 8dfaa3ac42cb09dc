"""From the gateway's events to Mixpanel's.

Source: docs.mixpanel.com/reference/import-events
"""

import re
from collections.abc import Collection
from hashlib import sha256
from typing import Any

from gateway.plugins import Event, Mapper, MappingSettings, event_time, event_value, remark

MAX_PROPERTIES = 255

BUILT_IN = MappingSettings.model_validate(
    {
        "other_events": "custom",
        "fields": {
            "properties.ip": {"field": "ip_override"},
            "properties.$current_url": {"field": "page_location"},
            "properties.$referrer": {"field": "page_referrer"},
            "properties.screen": {"field": "screen_resolution"},
        },
    }
)
_LEFT_OUT = frozenset(
    {
        "event_name",
        "event_id",
        "timestamp",
        "client_id",
        "user_id",
        "user_data",
        "ip_override",
        "page_location",
        "page_referrer",
        "screen_resolution",
        "value",
        "consent",
        "integrations",
        "ignored_fields",
    }
)
"""Under another name in what is sent, personal, or of use to the gateway alone."""
_PLACEHOLDERS = frozenset(
    {"anon", "anonymous", "nil", "none", "null", "n/a", "00000000-0000-0000-0000-000000000000"}
)
"""Ids that Mixpanel refuses: so many people would share them."""

_is_insert_id = re.compile(r"[A-Za-z0-9-]{1,36}").fullmatch


def translate(event: Event, mapper: Mapper, now: float) -> dict[str, Any] | str:
    """`event` as Mixpanel imports it, or why it cannot. now: Unix seconds."""
    user, device = _id(event, "user_id"), _id(event, "client_id")
    own = {
        "time": int(event_time(event, now) * 1000),
        "distinct_id": user or device,
        "$insert_id": _insert_id(event),
    }
    if user:
        own["$user_id"] = user
    if device:
        own["$device_id"] = device
    if (value := event_value(event)) is not None:
        own["value"] = value
    others = {name: event[name] for name in event if name not in _LEFT_OUT}
    translated = {"event": mapper.name_of(event), "properties": {**others, **own}}
    mapper.apply(event, translated)
    properties = translated.get("properties")
    if not isinstance(properties, dict):
        return "properties is not an object; correct the mapping"
    return {**translated, "properties": _bounded(properties, own)}


def problem_of(event: Event) -> str:
    """Why Mixpanel can do nothing with `event`; "" if it can."""
    if _id(event, "user_id") or _id(event, "client_id"):
        return ""
    return "user_id or client_id is needed: Mixpanel leaves events of no person out of its reports"


def _id(event: Event, field: str) -> str:
    value: str = event.get(field, "")
    if value.lower() in _PLACEHOLDERS:
        remark(f"{field}: left out, since Mixpanel refuses placeholders")
        return ""
    return value


def _insert_id(event: Event) -> str:
    """The event's id, or a hash where it cannot be one, so that every attempt has the same."""
    event_id: str = event.get("event_id", "")
    if _is_insert_id(event_id):
        return event_id
    stated = event_id or repr(sorted(event.items(), key=lambda field: field[0]))
    return sha256(stated.encode("utf-8", "replace")).hexdigest()[:36]


def _bounded(properties: dict[str, Any], own: Collection[str]) -> dict[str, Any]:
    """own: names of properties that are never cut."""
    surplus = len(properties) - MAX_PROPERTIES
    if surplus <= 0:
        return properties
    remark(f"{surplus} fields are left out: Mixpanel takes {MAX_PROPERTIES} properties")
    others = [name for name in properties if name not in own]
    cut = set(others[len(others) - surplus :])
    return {name: value for name, value in properties.items() if name not in cut}
