"""`gateway explain`: what would happen to an event, worked out by the functions of production."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.changes import changes
from gateway.commands.terminal import printable
from gateway.conditions import unmet_in_words
from gateway.delivery.policy import deadline
from gateway.delivery.send import Attempt, plan
from gateway.event import Event, Received, read_event
from gateway.pipeline import Decision, Step, Verdict, compile_pipeline
from gateway.queue.entry import Entry
from gateway.records import request_record
from gateway.settings import ForwardingSettings, Settings, build_destination

Explanation = dict[str, Any]

LONGEST_VALUE = 120
"""Characters of a value that are shown where a stage changed it."""


def explain(settings: Settings, raw: object, now: float | None = None) -> Explanation:
    """What the gateway decides about the event `raw`, a decoded JSON value, and what it would send.

    An event without a user agent is taken as a backend's: it has none of the visitor's, and is
    no bot for that. Returns ``{"event", "rules", "trace", "destinations": {name: {"decision",
    "reason", "trace", "requests": [{"method", "url", "headers", "body"}]}}}``, secrets masked; the
    decision is ``send``, ``held`` or ``withheld``. The trace has for each stage ``{"stage",
    "lines", "changed"}``, that of a destination a line for each of its own rules.

    Raises `gateway.event.EventError` when the event cannot be read.
    """
    now = time.time() if now is None else now
    event = read_event(raw)
    received = Received("explain", now, trusted="user_agent" not in event)
    return explain_decision(settings, event, compile_pipeline(settings)(event, received))


def explain_decision(settings: Settings, event: Event, decision: Decision) -> Explanation:
    """As `explain`, of a `decision` that was made about `event` as it was read."""
    now = decision.received_at
    return {
        "event": decision.event,
        "rules": list(decision.applied),
        "trace": _trace(event, decision.steps),
        "destinations": {
            name: _explain_destination(settings.destinations[name], verdict, now)
            for name, verdict in decision.verdicts.items()
        },
    }


def _trace(event: Event, steps: Sequence[Step]) -> list[Explanation]:
    """What each stage said and changed, beginning with `event` as it was read."""
    trace = []
    for step in steps:
        lines = [step.words] if isinstance(step.words, str) else list(step.words.trace)
        changed = changes(event, step.event)
        trace.append({"stage": step.stage, "lines": list(filter(None, lines)), "changed": changed})
        event = step.event
    return trace


def _explain_destination(settings: ForwardingSettings, verdict: Verdict, now: float) -> Explanation:
    trace = _destination_trace(verdict)
    if verdict.event is None:
        return {
            "decision": verdict.decision,
            "reason": verdict.reason,
            "trace": trace,
            "requests": [],
        }
    requests, reasons = [], [verdict.reason] if verdict.reason else []
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
    reason = "; ".join(reasons)
    return {"decision": "send", "reason": reason, "trace": trace, "requests": requests}


def _destination_trace(verdict: Verdict) -> list[str]:
    """What `when` saw if it was not met, and a line for each of the destination's rules."""
    if verdict.unmet is not None:
        return [f"when: {unmet_in_words(verdict.unmet)}"]
    return list(verdict.ruled.trace) if verdict.ruled else []


def in_words(explanation: Explanation) -> str:
    """`explanation` as a person reads it in a terminal."""
    event: Event = explanation["event"]
    lines = [f"event {event['event_name']} ({event['event_id']})"]
    lines += [f"  {line}" for line in _pretty(event)]
    for step in explanation["trace"]:
        lines += _step_in_words(step)
    for name, destination in explanation["destinations"].items():
        reason = f": {destination['reason']}" if destination["reason"] else ""
        lines += ["", f"{name}: {destination['decision']}{reason}"]
        lines += [f"  {line}" for line in destination["trace"]]
        for request in destination["requests"]:
            lines.append(f"  {request['method']} {request['url']}")
            lines += [f"  {header}: {value}" for header, value in request["headers"].items()]
            lines += [f"  {line}" for line in _pretty(request["body"])]
    return "\n".join(map(printable, lines))


def _step_in_words(step: Explanation) -> list[str]:
    """One line, if that is all, or a line for each thing; nothing if the stage did nothing."""
    lines = [f"  {line}" for line in step["lines"]]
    for change in step["changed"]:
        if "before" not in change:
            lines.append(f"  + {change['field']} = {short_json(change['after'])}")
        elif "after" not in change:
            lines.append(f"  - {change['field']}")
        else:
            values = f"{short_json(change['before'])} -> {short_json(change['after'])}"
            lines.append(f"  ~ {change['field']}: {values}")
    return ["", f"{step['stage']}:", *lines] if lines else []


def short_json(value: Any) -> str:
    """`value` as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _pretty(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().splitlines()
