"""`gateway explain`: shows what would happen to an event, with the functions of production."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from destinations.remarks import collect_remarks
from gateway.configuration.delivery import deadline
from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.configuration.settings import Settings
from gateway.delivery.exchange import request_record
from gateway.delivery.planning import Ended, plan
from gateway.event import Event, Received, read_event
from gateway.event.diff import Change, changes
from gateway.event.text import printable
from gateway.explain.hints import consent_hint
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision, Step, Verdict
from gateway.queue.entry import Entry
from gateway.stages.conditions import unmet_in_words
from gateway.stages.field_consent import removed_in_words

Explanation = dict[str, Any]

MAX_VALUE = 120
"""Maximum number of characters that are shown of a value that a stage changed."""


_PAGE_TOKEN = "explain-explain-explain-explain-"
"""Stands for the token of our snippet, so that an event can be held."""


def explain(settings: Settings, raw: object, now: float | None = None) -> Explanation:
    """What the gateway decides about the event `raw`, a decoded JSON value, and what it would send.

    An event without a user agent is taken as one that a trusted backend sent. Otherwise its
    `user_agent` and `ip_override` stand for those of the browser that sent it. Returns ``{"event",
    "rules", "trace", "destinations": {name: {"decision", "reason", "trace", "requests":
    [{"method", "url", "headers", "body"}]}}}``, secrets masked; the decision is ``send``, ``held``
    or ``withheld``. The trace has ``{"stage", "lines", "changed"}`` for each stage, and ``"hint"``
    where a reader may want to change the decision. The trace of a destination consists of lines.

    Raises `gateway.event.EventError` when the event cannot be read.
    """
    event, received = as_received(raw, time.time() if now is None else now)
    return explain_decision(settings, event, compile_pipeline(settings)(event, received))


def as_received(raw: object, now: float) -> tuple[Event, Received]:
    """The event `raw` as it would be read, and how it would come in, as `explain` takes it.

    Raises `gateway.event.EventError` when it cannot be read.
    """
    event = read_event(raw)
    if "user_agent" not in event:
        return event, Received("explain", now, trusted=True, backend=True)
    address, agent = event.pop("ip_override", ""), event.pop("user_agent")
    return event, Received("explain", now, address, agent, page_token=_PAGE_TOKEN)


def explain_decision(settings: Settings, event: Event, decision: Decision) -> Explanation:
    """As `explain`, for a `decision` that was made about `event` as it was read."""
    now = decision.received_at
    hints = {"consent": consent_hint(decision)}
    return {
        "event": decision.event,
        "rules": list(decision.applied),
        "trace": _trace(event, decision.steps, hints),
        "destinations": {
            name: explain_verdict(settings.destinations[name], verdict, now)
            for name, verdict in decision.verdicts.items()
        },
    }


def _trace(event: Event, steps: Sequence[Step], hints: Mapping[str, str]) -> list[Explanation]:
    """What each stage said and changed, beginning with `event` as it was read. hints: by stage."""
    trace = []
    for step in steps:
        lines = [step.words] if isinstance(step.words, str) else list(step.words.trace)
        changed = changes(event, step.event)
        hint = hints.get(step.stage)
        trace.append(
            {"stage": step.stage, "lines": list(filter(None, lines)), "changed": changed}
            | ({"hint": hint} if hint else {})
        )
        event = step.event
    return trace


def explain_verdict(settings: ForwardingSettings, verdict: Verdict, now: float) -> Explanation:
    """What `explain` says about one destination. now: Unix seconds at which the event came in."""
    trace = _destination_trace(settings, verdict)
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
    max_age = deadline(settings.delivery, destination)
    with collect_remarks() as remarks:
        for planned in plan(destination, [entry], max_age, now):
            if isinstance(planned, Ended):
                reasons.append(f"would be {planned.outcome.result}: {planned.outcome.reason}")
            else:
                requests.append(request_record(destination, planned.request))
    trace += [f"request: {each}" for each in remarks]
    if settings.dry_run:
        reasons.append("dry run: the request is built and recorded, not sent")
    reason = "; ".join(reasons)
    return {"decision": "send", "reason": reason, "trace": trace, "requests": requests}


def _destination_trace(settings: ForwardingSettings, verdict: Verdict) -> list[str]:
    """Why `when` was not met, or else what field consent removed, and a line for each of the
    destination's rules."""
    if verdict.unmet is not None:
        return [f"when: {unmet_in_words(verdict.unmet)}"]
    trace = []
    if settings.field_consent == "off":
        trace.append(
            "field consent: off, so no field is removed even if its consent type was denied"
        )
    elif verdict.removed:
        trace.append(f"field consent: {removed_in_words(verdict.removed)}")
    return [*trace, *(verdict.ruled.trace if verdict.ruled else ())]


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
        lines += requests_in_words(destination["requests"])
    return "\n".join(map(printable, lines))


def requests_in_words(requests: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for request in requests:
        lines.append(f"  {request['method']} {request['url']}")
        lines += [f"  {header}: {value}" for header, value in request["headers"].items()]
        lines += [f"  {line}" for line in _pretty(request["body"])]
    return lines


def _step_in_words(step: Explanation) -> list[str]:
    """What a stage said and changed, under its name; empty if the stage did nothing."""
    lines = [f"  {line}" for line in step["lines"]]
    if "hint" in step:
        lines.append(f"  hint: {step['hint']}")
    lines += changes_in_words(step["changed"])
    return ["", f"{step['stage']}:", *lines] if lines else []


def changes_in_words(changed: Iterable[Change]) -> list[str]:
    lines = []
    for change in changed:
        if "before" not in change:
            lines.append(f"  + {change['field']} = {short_json(change['after'])}")
        elif "after" not in change:
            lines.append(f"  - {change['field']}")
        else:
            values = f"{short_json(change['before'])} -> {short_json(change['after'])}"
            lines.append(f"  ~ {change['field']}: {values}")
    return lines


def short_json(value: Any) -> str:
    """`value` as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}..."


def _pretty(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().splitlines()
