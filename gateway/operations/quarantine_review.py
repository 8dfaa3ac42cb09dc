"""Decides about an event in quarantine with the current configuration."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from gateway.configuration.settings import Settings
from gateway.event import Event, Received
from gateway.event.consent import CONSENT
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.quarantined_event import Quarantined
from gateway.stages.consent import granted_by_default
from gateway.stages.held_consent import HeldConsent

_HASH = re.compile(r"[0-9a-f]{64}")

Review = Callable[[Quarantined], Decision]


def compile_review(settings: Settings, checked: bool) -> Review:
    """The pipeline of `settings` for events that passed its first stages when they came in.

    checked: whether schemas are applied. What an event states stays as it is. Nothing more is
    derived from the sender's address and browser, since it is no longer known whether they were the
    visitor's or a backend's. A user id that is already hashed is not hashed again. Consent was
    settled: the event is not held, and releases no held events; but a later denial by its visitor
    stops it as it stops others. A consent type that a default granted must also be granted by
    today's default. Its sender is as trusted as when the event came in.
    """
    consent = settings.consent.model_copy(update={"hold": None})
    settings = settings.model_copy(
        update={"consent": consent, "schemas": settings.schemas if checked else {}}
    )
    decide = decide_hashed = compile_pipeline(settings)
    if settings.identity.hash_user_id:
        identity = settings.identity.model_copy(update={"hash_user_id": False})
        decide_hashed = compile_pipeline(settings.model_copy(update={"identity": identity}))

    def review(stored: Quarantined) -> Decision:
        event = _without_default_grants(stored.event, stored.consent)
        address, agent = event.get("ip_override", ""), event.get("user_agent", "")
        received = Received(
            stored.source, stored.received_at, address, agent, trusted=True, vetted=True
        )
        is_hashed = _HASH.fullmatch(event.get("user_id", ""))
        decision = (decide_hashed if is_hashed else decide)(event, received)
        held = decision.held_consent and _silent(decision.held_consent, stored)
        return replace(
            decision,
            held_consent=held,
            trusted=stored.trusted,
            receipt=stored.receipt,
            passage=stored.passage + 1,
        )

    return review


def _without_default_grants(event: Event, decided_by: str) -> Event:
    """`event` without the consent types that a default granted, so that today's default decides."""
    defaulted = granted_by_default(decided_by)
    states = event.get(CONSENT, {})
    kept = {
        kind: state for kind, state in states.items() if state != "granted" or kind not in defaulted
    }
    return {**event, CONSENT: kept} if len(kept) < len(states) else event


def misfit(decision: Decision) -> str:
    """Why an event does not fit its schema even now; empty when it fits."""
    withheld = (each.reason for each in decision.verdicts.values() if each.stage == "schemas")
    return decision.quarantine or next(withheld, "")


def _silent(held: HeldConsent, stored: Quarantined) -> HeldConsent:
    """`held` without statements of consent, which took effect when the event came in. The visitors
    who can stop the event stay those of that time; an event of an earlier version of the gateway
    does not record them."""
    return replace(
        held,
        visitors=stored.visitor.split() or held.visitors,
        stated=dict.fromkeys(stored.stated.split(), ""),
        speaks_for=(),
        denied=(),
    )
