"""The record of a decision, for the demo shop."""

from __future__ import annotations

from gateway.pipeline.decision import Decision
from gateway.queue.recent import Record
from gateway.stages.consent.unknown_place import defaults_in, why_unknown


def decision_record(decision: Decision) -> Record:
    """Describes a decision. Of the event, it contains only the name, the id and the consent."""
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
    """states: by consent type. defaults: those that decided any of the states. place_unknown: why
    the visitor's location is not known, or ""."""
    event = next((step.event for step in decision.steps if step.stage == "consent"), {})
    return {
        "states": event.get("consent", {}),
        "defaults": defaults_in(decision.counts),
        "place_unknown": why_unknown(decision.counts, event),
    }
