"""Events and decisions for tests, numbered so that tests can detect copies and losses."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from gateway.event import Event
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.entry import Entry


def make_event(number: int, **fields: Any) -> Event:
    return {
        "event_name": "purchase",
        "event_id": f"event-{number}",
        "timestamp": time.time(),
        **fields,
    }


def make_entries(count: int, **fields: Any) -> list[Entry]:
    """Entries of `count` events, as a drain reads them for the first time."""
    return [
        Entry(b"%d-0" % n, 1, make_event(n, **fields), "site", time.time(), "v", [])
        for n in range(count)
    ]


def decide(
    event: Event, send: Iterable[str] = (), withhold: Iterable[str] = (), trusted: bool = False
) -> Decision:
    """The decision to send `event` as it is to some destinations and withhold it from others."""
    verdicts = {name: Verdict(event) for name in send}
    verdicts |= {name: Verdict(None, "when", "does not concern it") for name in withhold}
    now = time.time()
    return Decision(event, verdicts, ("a rule",), "site", now, "version-1", trusted=trusted)


def decisions(count: int, send: Iterable[str] = (), withhold: Iterable[str] = ()) -> list[Decision]:
    """Decisions about `count` events."""
    return [decide(make_event(number), send, withhold) for number in range(count)]
