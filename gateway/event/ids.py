"""Placeholders in the place of ids, such as ``undefined``. They would merge many events, orders or
people into one: the gateway or a vendor would take all but the first for repetitions."""

from collections.abc import Mapping
from typing import Any

from destinations.placeholders import (
    NO_USERS,
    NOBODY,
    PLACEHOLDERS,
    is_placeholder,
    may_hold_tag,
)

IDS = ("event_id", "client_id", "user_id", "transaction_id", "ga_session_id")
"""Fields of an event."""

NO_ID = "a placeholder, not an id"
"""The reason for which a placeholder is ignored."""


def has_no_id(event: Mapping[str, Any]) -> bool:
    """Whether an id of `event`, whose known fields have their types, is a placeholder."""
    get = event.get
    ids = (
        get("event_id"),
        get("client_id"),
        get("user_id"),
        get("transaction_id"),
        get("ga_session_id"),
    )
    if not PLACEHOLDERS.isdisjoint(ids) or NOBODY in ids[1:]:
        return True
    if ids[2] and ids[2].lower() in NO_USERS:
        return True
    return may_hold_tag("".join(filter(None, ids))) and any(
        is_placeholder(each) for each in ids if each
    )


def is_no_id(name: str, text: str) -> bool:
    """Whether `text` in the field `name`, one of `IDS`, is a placeholder. `event_id` may be 0."""
    if name == "user_id" and text.lower() in NO_USERS:
        return True
    return (text == NOBODY and name != "event_id") or is_placeholder(text)
