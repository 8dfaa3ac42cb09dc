"""What today's configuration decides about an event in quarantine."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from gateway.event import Event, Received
from gateway.late_consent import Late, visitor_of
from gateway.pipeline import Decision, compile_pipeline
from gateway.queue.quarantine import Quarantined
from gateway.settings import Settings

_HASH = re.compile(r"[0-9a-f]{64}")

Review = Callable[[Quarantined], Decision]


def compile_review(settings: Settings, checked: bool) -> Review:
    """The pipeline of `settings` for events that went through its first stages when they came.

    checked: with the schemas, or without. What an event says stays as it is, and nothing more is
    found out from the sender's address and browser: nobody knows any more whether they were the
    visitor's or a backend's. A user id that is hashed already is not hashed again. Consent was
    settled: the event waits for none, and speaks for nobody; but a later denial of its visitor
    stops it as it stops others.
    """
    consent = settings.consent.model_copy(update={"hold": None})
    settings = settings.model_copy(
        update={"consent": consent, "schemas": settings.schemas if checked else {}}
    )
    decide = decide_hashed = compile_pipeline(settings)
    if settings.identity.hash_user_id:
        identity = settings.identity.model_copy(update={"hash_user_id": False})
        decide_hashed = compile_pipeline(settings.model_copy(update={"identity": identity}))

    def review(kept: Quarantined) -> Decision:
        event = kept.event
        address, agent = event.get("ip_override", ""), event.get("user_agent", "")
        received = Received(kept.source, kept.received_at, address, agent, trusted=True)
        is_hashed = _HASH.fullmatch(event.get("user_id", ""))
        decision = (decide_hashed if is_hashed else decide)(event, received)
        return replace(decision, late=decision.late and _silent(decision.late, event))

    return review


def misfit(decision: Decision) -> str:
    """Why an event does not fit its schema even now; empty when it fits."""
    withheld = (each.reason for each in decision.verdicts.values() if each.stage == "schemas")
    return decision.quarantine or next(withheld, "")


def _silent(late: Late, event: Event) -> Late:
    """`late` without a word on consent, which was heard when the event came; and of the visitor
    that it was then, by the id from before ours took its place."""
    visitor = visitor_of(str(event.get("x-ga-js_client_id") or event["client_id"]))
    return replace(late, visitor=visitor, stated={})
