"""The pipeline: settings in, one pure function out, Event → Decision.

The stages, in this order, whatever the order in the YAML:

    complete     an id, a time, the sender's address and agent
    locate       the country, which the consent defaults depend on
    consent      what the visitor allows, with the defaults of the region
    enrichment   bot, page, campaign, click ids, device
    rules        the rules for every event
    route        for each destination: its `when`, its consent, its own rules
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.conditions import Check, compile_condition
from gateway.consent import compile_consent, missing
from gateway.enrichment import compile_enrichment
from gateway.event import Event, Received, complete
from gateway.plugins import destination_types
from gateway.rules import Ruled, compile_rules
from gateway.settings import ForwardingSettings, Settings

Stage = Literal["rules", "when", "consent", "destination rules", ""]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the pipeline decided for one destination.

    event: as the destination may have it, or None when it is withheld.
    stage: which stage withheld it. reason: why, in words; empty when it is sent.
    applied: names of the destination's own rules that changed it.
    """

    event: Event | None
    stage: Stage = ""
    reason: str = ""
    applied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the pipeline made of an event.

    event: after the rules for every event. verdicts: one for each destination, by its name.
    applied: names of the rules that were met. source, received_at (Unix seconds): where and when
    it came in. version: of the configuration that decided.
    """

    event: Event
    verdicts: Mapping[str, Verdict]
    applied: tuple[str, ...]
    source: str
    received_at: float
    version: str


Pipeline = Callable[[Event, Received], Decision]
Route = Callable[[Event], Verdict]


def compile_pipeline(settings: Settings) -> Pipeline:
    """The function that decides about events, everything in it worked out beforehand."""
    salt = settings.server.hash_salt.get_secret_value() if settings.server.hash_salt else None
    locate = compile_enrichment(["geo"]) if settings.consent.regions else _nothing
    settle_consent = compile_consent(settings.consent)
    enrich = compile_enrichment(settings.enrichment)
    rule = compile_rules(settings.rules, salt)
    routes = {
        name: _compile_route(destination, salt)
        for name, destination in settings.destinations.items()
    }
    version = settings.version

    def decide(event: Event, received: Received) -> Decision:
        event = complete(event, received)
        event = locate(event, received)
        event = settle_consent(event, received)
        event = enrich(event, received)
        ruled = rule(event)
        if ruled.dropped is None:
            verdicts = {name: route(ruled.event) for name, route in routes.items()}
        else:
            verdicts = dict.fromkeys(routes, Verdict(None, "rules", ruled.dropped))
        return Decision(ruled.event, verdicts, ruled.applied, received.source, received.at, version)

    return decide


def _compile_route(settings: ForwardingSettings, salt: str | None) -> Route:
    check: Check = compile_condition(settings.when) if settings.when else lambda _: None
    required = required_consent(settings)
    rule: Callable[[Event], Ruled] = compile_rules(settings.rules, salt)

    def route(event: Event) -> Verdict:
        unmet = check(event)
        if unmet is not None:
            return Verdict(None, "when", unmet)
        denied = missing(event, required) if required else None
        if denied:
            return Verdict(None, "consent", f"no consent for {', '.join(denied)}")
        ruled = rule(event)
        if ruled.dropped is not None:
            return Verdict(None, "destination rules", ruled.dropped, ruled.applied)
        return Verdict(ruled.event, applied=ruled.applied)

    return route


def required_consent(settings: ForwardingSettings) -> Sequence[str]:
    """Consent Mode types that a destination needs: as configured, else by its kind."""
    if settings.consent is not None:
        return settings.consent
    return destination_types()[settings.type].consent


def _nothing(event: Event, _: Received) -> Event:
    return event
