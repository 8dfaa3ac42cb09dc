"""The events in JSON as a sender sent it: one event, a list, or the body of a request."""

from __future__ import annotations

from typing import Any

Events = list[dict[str, Any]]


def sent_events(sent: Any) -> Events:
    """The events in `sent`: an event, a list of events, or ``{"events": [...]}`` as the page's
    script sends it. Raises `ValueError`, whose text repeats no value of `sent`."""
    events = _listed(sent)
    if events is None:
        _check(sent, "")
        return [sent]
    if not events:
        raise ValueError("has no events: the list is empty")
    for number, event in enumerate(events, 1):
        _check(event, f"event {number}: " if len(events) > 1 else "")
    return events


def _listed(sent: Any) -> list[Any] | None:
    if isinstance(sent, dict) and "event_name" not in sent:
        sent = sent.get("events")
    return sent if isinstance(sent, list) else None


def _check(event: Any, place: str) -> None:
    if not isinstance(event, dict) or "event_name" not in event:
        raise ValueError(f"{place}is not an event: write a JSON object with `event_name`")
