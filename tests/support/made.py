"""Events and decisions for tests, made from a number, so that a copy can be told from a loss."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from gateway.event import Event
from gateway.pipeline import Decision, Verdict


def make_event(number: int, **fields: Any) -> Event:
    return {
        "event_name": "purchase",
        "event_id": f"event-{number}",
        "timestamp": time.time(),
        **fields,
    }


def decide(event: Event, send: Iterable[str] = (), withhold: Iterable[str] = ()) -> Decision:
    """The decision to send `event` as it stands to some destinations, and to none of the others."""
    verdicts = {name: Verdict(event) for name in send}
    verdicts |= {name: Verdict(None, "when", "does not concern it") for name in withhold}
    return Decision(event, verdicts, ("a rule",), "site", time.time(), "version-1")


def decisions(count: int, send: Iterable[str] = (), withhold: Iterable[str] = ()) -> list[Decision]:
    """Decisions about the events 0 to `count`."""
    return [decide(make_event(number), send, withhold) for number in range(count)]
