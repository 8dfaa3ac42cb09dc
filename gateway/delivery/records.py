"""Records of decisions and outcomes in readable form."""

from __future__ import annotations

from typing import Any

import orjson

from destinations.base import Destination, Request
from destinations.masking import MASK
from gateway.delivery.send import Attempt, response_record
from gateway.pipeline.decision import Decision
from gateway.queue.recent import Record
from gateway.stages.consent.unknown_place import defaults_in, why_unknown


def decision_record(decision: Decision) -> Record:
    """What was decided about one event. Holds nothing of the event but its name, id and consent."""
    return {
        "kind": "decision",
        "browser": decision.demo_browser,
        "at": decision.received_at,
        "event_id": decision.event["event_id"],
        "event_name": decision.event["event_name"],
        "source": decision.source,
        "version": decision.version,
        "rules": decision.applied,
        "consent": _consent_record(decision),
        "destinations": {
            name: {
                "decision": verdict.decision,
                "stage": verdict.stage,
                "reason": verdict.reason,
                "rules": verdict.applied,
            }
            for name, verdict in decision.verdicts.items()
        },
    }


def _consent_record(decision: Decision) -> Record:
    """states: by consent type. defaults: those that decided one of them. place_unknown: why the
    visitor's location is not known, or ""."""
    settled = next((step.event for step in decision.steps if step.stage == "consent"), {})
    return {
        "states": settled.get("consent", {}),
        "defaults": defaults_in(decision.counts),
        "place_unknown": why_unknown(decision.counts, settled),
    }


def outcome_records(
    name: str, destination: Destination[Any], dry_run: bool, attempt: Attempt
) -> list[Record]:
    """What became of each event of one attempt that the demo shop shows, with the request and the
    answer, secrets masked.

    What a request has for several browsers, or for others too, is shown to none of them.
    """
    browsers = {entry.demo_browser for entry in attempt.entries}
    if browsers == {""}:
        return []
    is_shared = len(browsers) > 1
    request = (
        _shared_request(attempt.request)
        if is_shared
        else request_record(destination, attempt.request)
    )
    response = None if is_shared else response_record(destination, attempt.response)
    return [
        {
            "kind": "outcome",
            "browser": entry.demo_browser,
            "at": attempt.sent_at,
            "event_id": entry.event["event_id"],
            "event_name": entry.event["event_name"],
            "destination": name,
            "result": outcome.result,
            "reason": "" if is_shared else destination.mask(outcome.reason),
            "dry_run": dry_run,
            "attempt": entry.deliveries,
            "version": entry.version,
            "request": request,
            "response": response,
        }
        for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True)
        if entry.demo_browser
    ]


def _shared_request(request: Request) -> Record:
    body = (
        "This request also contains events of other visitors, which only their own browsers show."
    )
    return {"method": request.method, "url": "(not shown)", "headers": {}, "body": body}


def request_record(destination: Destination[Any], request: Request) -> Record:
    """`request` as it may be shown: secrets and signatures masked, a JSON body decoded."""
    masker = destination.masker
    body = masker.text(request.body.decode(errors="replace"))
    headers = {name: masker.header(name, value) for name, value in request.headers.items()}
    if request.credential:
        headers["authorization"] = f"Bearer {MASK}"
    return {
        "method": request.method,
        "url": masker.url(request.url),
        "headers": headers,
        "body": _decoded(body),
    }


def _decoded(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
