"""Replaying: decides for one destination, under today's configuration, about a recorded event.

The event was recorded after the rules for every event, which are not applied again. All later steps
are: consent, `when`, the deadline, field consent, the destination's own rules, and whether it can
ever send the event.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.configuration.settings import Settings
from gateway.event import Event, Received
from gateway.event.consent import CONSENT
from gateway.pipeline.age import compile_deadlines
from gateway.pipeline.compile import source_defaults
from gateway.pipeline.decision import Verdict
from gateway.pipeline.hashed import compile_hashed, hash_decided
from gateway.pipeline.routes import NO_WAIT, compile_routes
from gateway.stages.anonymise import ANONYMISED, compile_anonymise
from gateway.stages.consent import compile_consent, granted_by_default

NOT_WHOLE = "only an anonymised form of it was recorded"

Redecide = Callable[[Event, Received, str, float], Verdict]
"""From an event as it was recorded, how it came in, what decided its consent (in words), and the
current time (Unix seconds) to the verdict."""


def compile_redecision(settings: Settings, name: str) -> Redecide:
    """The function that decides for the destination `name`.

    The recorded consent holds, including denials by the rules of that time. A consent type that was
    granted by a default must also be granted by today's default. The event is never held.
    """
    destination = settings.destinations[name]
    alone = {name: destination}
    route = compile_routes(alone, settings.consent, settings.salt)
    overdue = compile_deadlines(alone)
    resolve = compile_consent(settings.consent, source_defaults(settings))
    anonymise = compile_anonymise(frozenset(destination.anonymised_fields))
    hash_person = compile_hashed(settings)

    def allowed(event: Event, received: Received, decided_by: str) -> dict[str, str]:
        states: dict[str, str] = event.get(CONSENT, {})
        defaulted = granted_by_default(decided_by)
        by_default = {kind for kind in defaulted if states.get(kind) == "granted"}
        if not by_default:
            return states
        stated = {kind: state for kind, state in states.items() if kind not in by_default}
        today = resolve({**event, CONSENT: stated}, received).event[CONSENT]
        return stated | {kind: today[kind] for kind in by_default if kind in today}

    def redecide(event: Event, received: Received, decided_by: str, now: float) -> Verdict:
        event = {**event, CONSENT: allowed(event, received, decided_by)}
        if event.get(ANONYMISED) is True:
            if destination.on_denied != "anonymise":
                return Verdict(None, "consent", NOT_WHOLE)
            event = anonymise(event)
        dated = {"timestamp": received.at, **event}  # a rule may have taken its time away
        verdicts = route(event, overdue(dated, now), NO_WAIT)
        return hash_decided(event, verdicts, hash_person)[1][name]

    return redecide
