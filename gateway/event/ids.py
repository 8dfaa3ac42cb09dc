"""Ids that are none, such as ``undefined``. They would make one of many events, orders or people:
all but the first would be taken for repetitions, at the gateway or at a vendor."""

from collections.abc import Mapping
from typing import Any

from destinations.placeholders import NOBODY, PLACEHOLDERS, is_placeholder, may_hold_tag

IDS = ("event_id", "client_id", "user_id", "transaction_id", "ga_session_id")
"""Fields of an event."""

NO_ID = "a placeholder, not an id"
"""The reason why such an id is ignored."""

_NO_USERS = frozenset(
    [
        *("guest", "gast", "visitor", "anonymous", "unknown", "-1", "logged_out", "logged out"),
        *("not_authenticated", "not authenticated", "not_logged_in", "not logged in"),
    ]
)
"""What stands in `user_id` for all who are not logged in, in lower case."""


def has_no_id(event: Mapping[str, Any]) -> bool:
    """Whether an id of `event`, whose known fields have their types, is none."""
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
    if ids[2] and ids[2].lower() in _NO_USERS:
        return True
    return may_hold_tag("".join(filter(None, ids))) and any(
        is_placeholder(each) for each in ids if each
    )


def is_no_id(name: str, text: str) -> bool:
    """Whether `text` in the field `name`, one of `IDS`, is none. Events may be counted from 0."""
    if name == "user_id" and text.lower() in _NO_USERS:
        return True
    return (text == NOBODY and name != "event_id") or is_placeholder(text)
