"""Ids that are none, such as ``undefined``. They would make one of many events, orders or people:
all but the first would be taken for repetitions, at the gateway or at a vendor."""

from collections.abc import Mapping
from typing import Any

from destinations.placeholders import NOBODY, PLACEHOLDERS, is_placeholder, may_hold_tag

IDS = ("event_id", "client_id", "user_id", "transaction_id", "ga_session_id")
"""Fields of an event."""

NO_ID = "a placeholder, not an id"
"""The reason why such an id is ignored."""

_NO_IDS = PLACEHOLDERS | {NOBODY}


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
    if not _NO_IDS.isdisjoint(ids):
        return True
    return may_hold_tag("".join(filter(None, ids))) and any(
        is_placeholder(each) for each in ids if each
    )


def is_no_id(text: str) -> bool:
    """Whether `text` in one of `IDS` is none."""
    return text == NOBODY or is_placeholder(text)
