"""Translates one message of Jitsu's API, an extended message of Segment's, into one event.

Source: the npm package @jitsu/protocols 1.11, analytics.d.ts
"""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event
from gateway.sources.reading import as_object, present
from gateway.sources.segment import message as segment

_IN_NODE = "node"


def to_event(message: Any, kind: str, envelope: Mapping[str, Any]) -> Event:
    """The event in `message`, with the browser's ids from ``context.clientIds``. Arguments and
    errors are those of `gateway.sources.segment.message.to_event`."""
    event = segment.to_event(message, kind, envelope)
    ids = as_object(_context(message).get("clientIds"))
    if not ids:
        return event
    found = {"fbp": ids.get("fbp"), "fbc": ids.get("fbc"), "ga_session_id": _ga_session(ids)}
    return {**event, **present(found)}


def is_from_backend(message: Any) -> bool:
    """Whether Jitsu's library made `message` outside of a browser."""
    return as_object(_context(message).get("library")).get("env") == _IN_NODE


def _context(message: Any) -> dict[str, Any]:
    return as_object(as_object(message).get("context"))


def _ga_session(ids: Mapping[str, Any]) -> Any:
    """The GA4 session; None if the page has several GA4 properties, each with its own session."""
    sessions = as_object(as_object(ids.get("ga4")).get("sessionIds"))
    return next(iter(sessions.values())) if len(sessions) == 1 else None
