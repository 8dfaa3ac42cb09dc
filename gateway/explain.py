"""`gateway explain`: what would happen to an event, worked out by the functions of production."""

from __future__ import annotations

import time
from typing import Any

import orjson

from gateway.commands.terminal import printable
from gateway.delivery.policy import deadline
from gateway.delivery.send import Attempt, plan
from gateway.event import Event, Received, read_event
from gateway.pipeline import Verdict, compile_pipeline
from gateway.queue.entry import Entry
from gateway.records import request_record
from gateway.settings import ForwardingSettings, Settings, build_destination

Explanation = dict[str, Any]


def explain(settings: Settings, raw: object, now: float | None = None) -> Explanation:
    """What the gateway decides about the event `raw`, a decoded JSON value, and what it would send.

    An event without a user agent is taken as a backend's: it has none of the visitor's, and is
    no bot for that. Returns ``{"event", "rules", "destinations": {name: {"decision": "send" or
    "withheld", "reason", "requests": [{"method", "url", "headers", "body"}]}}}``, secrets masked.
    Raises `gateway.event.EventError` when the event cannot be read.
    """
    now = time.time() if now is None else now
    event = read_event(raw)
    received = Received("explain", now, trusted="user_agent" not in event)
    decision = compile_pipeline(settings)(event, received)
    return {
        "event": decision.event,
        "rules": list(decision.applied),
        "destinations": {
            name: _explain_destination(settings.destinations[name], verdict, now)
            for name, verdict in decision.verdicts.items()
        },
    }


def _explain_destination(settings: ForwardingSettings, verdict: Verdict, now: float) -> Explanation:
    if verdict.event is None:
        return {"decision": "withheld", "reason": verdict.reason, "requests": []}
    requests, reasons = [], []
    destination = build_destination(settings)
    entry = Entry(b"", 1, verdict.event, "explain", now, "", [])
    max_age = deadline(settings.delivery, destination.limits)
    for planned in plan(destination, [entry], max_age, now):
        if isinstance(planned, Attempt):
            (outcome,) = planned.outcomes
            reasons.append(f"would be {outcome.result}: {outcome.reason}")
        else:
            requests.append(request_record(destination, planned[1]))
    if settings.dry_run:
        reasons.append("dry run: the request is built and recorded, not sent")
    return {"decision": "send", "reason": "; ".join(reasons), "requests": requests}


def in_words(explanation: Explanation) -> str:
    """`explanation` as a person reads it in a terminal."""
    event: Event = explanation["event"]
    lines = [f"event {event['event_name']} ({event['event_id']})"]
    lines += [f"  {line}" for line in _pretty(event)]
    if explanation["rules"]:
        lines.append(f"rules that applied: {', '.join(explanation['rules'])}")
    for name, destination in explanation["destinations"].items():
        reason = f": {destination['reason']}" if destination["reason"] else ""
        lines += ["", f"{name}: {destination['decision']}{reason}"]
        for request in destination["requests"]:
            lines.append(f"  {request['method']} {request['url']}")
            lines += [f"  {header}: {value}" for header, value in request["headers"].items()]
            lines += [f"  {line}" for line in _pretty(request["body"])]
    return "\n".join(map(printable, lines))


def _pretty(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().splitlines()
