"""The pipeline: settings in, one pure function out, Event → Decision.

The stages, in this order, whatever the order in the YAML:

    normalise    an id, a time, the sender's address and agent
    locate       the country, which the consent defaults depend on
    consent      what the visitor allows, and who said so
    identity     who the visitor is, as far as that is allowed
    pii guard    personal data and secrets out of free text
    enrichment   bot, page, campaign, click ids, device ..., then the lookups
    schemas      whether the event is what its name promises
    rules        the rules for every event
    route        for each destination: its `when`, its consent, the address as far as it may have
                 it, its own rules
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import starmap
from typing import Literal, NamedTuple

from gateway.anonymise import compile_anonymise
from gateway.conditions import Probe, Unmet, compile_probe
from gateway.consent import compile_consent, missing
from gateway.enrichment import (
    IpChoice,
    Tables,
    compile_enrichment,
    compile_ip,
    element_of,
    open_tables,
)
from gateway.event import Event, Received, complete
from gateway.event_schemas import compile_schemas
from gateway.identity import compile_identity
from gateway.identity.domains import load_public_suffixes
from gateway.late_consent import Late, compile_late_consent, waits_for
from gateway.pii import compile_guard
from gateway.plugins import destination_types
from gateway.rules import Ruled, compile_rules
from gateway.settings import ForwardingSettings, Settings

Stage = Callable[[Event, Received], tuple[Event, str]]
"""One step of the pipeline: the event, the same object if nothing changed, and in words what was
done, or nothing."""

StoppedBy = Literal["schemas", "rules", "when", "consent", "hold", "destination rules", ""]
"""The stage at which an event ended for a destination; at ``hold`` it waits for late consent."""


@dataclass(slots=True)  # not frozen: one is made for every event, and that takes thrice as long
class Verdict:
    """What the pipeline decided for one destination.

    event: as the destination may have it, or None when it is withheld, or held.
    stage: which stage stopped it. reason: why, or why it is sent anonymised, in words; empty when
    it is sent as it is.
    applied: names of the destination's own rules that were met.
    unmet: what `when` saw. ruled: what the destination's rules did.
    """

    event: Event | None
    stage: StoppedBy = ""
    reason: str = ""
    applied: tuple[str, ...] = ()
    unmet: Unmet | None = field(default=None, repr=False, compare=False)
    ruled: Ruled | None = field(default=None, repr=False, compare=False)

    @property
    def decision(self) -> Literal["send", "held", "withheld"]:
        if self.event is not None:
            return "send"
        return "held" if self.stage == "hold" else "withheld"


class Step(NamedTuple):
    """What one stage did. event: after it, the same object if nothing changed. words: what was
    done, in a line or nothing; of rules, what there is to say about each of them."""

    stage: str
    event: Event
    words: str | Ruled


@dataclass(slots=True)  # not frozen: one is made for every event, and that takes thrice as long
class Decision:
    """What the pipeline made of an event.

    event: after the rules for every event. verdicts: one for each destination, by its name.
    applied: names of the rules that were met. source, received_at (Unix seconds): where and when
    it came in. version: of the configuration that decided. cookies: values of ``Set-Cookie``
    headers for the answer. quarantine: why it is kept aside for a person to look at, or nothing.
    late: what is remembered of it for late consent. trace: what `steps` are made from.
    """

    event: Event
    verdicts: Mapping[str, Verdict]
    applied: tuple[str, ...]
    source: str
    received_at: float
    version: str
    cookies: tuple[str, ...] = ()
    quarantine: str = ""
    late: Late | None = field(default=None, repr=False, compare=False)
    trace: Sequence[tuple[str, Event, str | Ruled]] = field(default=(), repr=False, compare=False)

    @property
    def steps(self) -> list[Step]:
        """A step for each stage that was reached."""
        return list(starmap(Step, self.trace))


Pipeline = Callable[[Event, Received], Decision]
Route = Callable[[Event, Event, Set[str], Set[str]], Verdict]
"""From an event, the same with as much of the address as the destination may have, and the consent
types that are granted and those for which the event may wait."""

_NOTHING: frozenset[str] = frozenset()


def compile_pipeline(settings: Settings, tables: Tables | None = None) -> Pipeline:
    """The function that decides about events, everything in it worked out beforehand.

    tables: of `open_tables`, for whoever refreshes them; without them the files are read now and
    stay as they are, and lookups in Redis find nothing. Raises `EnrichmentMistakes` when a file
    has become unusable since the settings were read.
    """
    salt = settings.salt
    if tables is None:
        tables = open_tables(settings.enrichment, settings.lookups, settings.folder)
    elements = settings.enrichment
    place = [element_of(elements, "geo")] if settings.consent.depends_on_place else []
    locate: Stage = compile_enrichment(place, tables=tables)
    settle_consent = compile_consent(settings.consent)
    guard = compile_guard(settings.pii_guard)
    remember = compile_late_consent(settings.consent)
    holds = settings.consent.hold is not None
    load_public_suffixes()  # now, for the first event would have to wait for it
    identify = compile_identity(settings.identity, salt)
    later = [element for element in elements if element not in place]
    enrich = compile_enrichment(later, settings.lookups, tables)
    check = compile_schemas(settings.schemas, settings.folder)
    rule = compile_rules(settings.rules, salt)
    route = _compile_routes(settings.destinations, salt)
    needed = [required_consent(each) for each in settings.destinations.values()]
    version = settings.version

    def decide(event: Event, received: Received) -> Decision:
        completed = complete(event, received)
        located, where = locate(completed, received)
        consented = settle_consent(located, received)
        late = remember(located, received, consented) if remember else None
        identified = identify(consented.event, received)
        guarded, removed = guard(identified.event, received)
        enriched, found = enrich(guarded, received)
        checked = check(enriched)
        event = checked.event
        trace: list[tuple[str, Event, str | Ruled]] = [
            ("normalise", completed, ""),
            ("locate", located, where),
            ("consent", consented.event, consented.line),
            ("identity", identified.event, identified.line),
            ("pii guard", guarded, removed),
            ("enrichment", enriched, found),
            ("schemas", event, checked.line),
        ]
        applied: tuple[str, ...] = ()
        quarantine = ""
        if checked.action:
            if checked.action == "quarantine" and any(not missing(event, each) for each in needed):
                quarantine = checked.reason  # of others nothing may be kept
            verdicts = _withheld(settings, Verdict(None, "schemas", checked.reason))
        else:
            ruled = rule(event)
            event, applied = ruled.event, ruled.applied
            trace.append(("rules", event, ruled))
            if ruled.dropped is None:
                verdicts = route(event, consented.open if holds and late else _NOTHING)
                if late and any(each.stage == "hold" for each in verdicts.values()):
                    late = replace(late, event=guard(late.event, received)[0])
            else:
                verdicts = _withheld(settings, Verdict(None, "rules", ruled.dropped))
        return Decision(
            event,
            verdicts,
            applied,
            received.source,
            received.at,
            version,
            identified.cookies,
            quarantine,
            late,
            trace,
        )

    return decide


def _withheld(settings: Settings, verdict: Verdict) -> dict[str, Verdict]:
    return dict.fromkeys(settings.destinations, verdict)


def _compile_routes(
    destinations: Mapping[str, ForwardingSettings], salt: str | None
) -> Callable[[Event, Set[str]], dict[str, Verdict]]:
    """The function from an event and the consent types for which it may wait to all verdicts.

    What destinations have in common is worked out once: those that may have equally much of the
    address get the very same event, which the queue then writes once.
    """
    routes = [
        (name, ip_choice(each), _compile_route(each, salt)) for name, each in destinations.items()
    ]
    with_ip = {choice: compile_ip(choice) for _, choice, _ in routes}

    def route_all(event: Event, may_wait: Set[str]) -> dict[str, Verdict]:
        less = {choice: reduce(event) for choice, reduce in with_ip.items()}
        granted = {name for name, state in event.get("consent", {}).items() if state == "granted"}
        return {
            name: route(event, less[choice], granted, may_wait) for name, choice, route in routes
        }

    return route_all


def _compile_route(settings: ForwardingSettings, salt: str | None) -> Route:
    probe: Probe | None = compile_probe(settings.when) if settings.when else None
    required = required_consent(settings)
    needed = frozenset(required)
    anonymise = (
        compile_anonymise(settings.anonymised_fields) if settings.on_denied == "anonymise" else None
    )
    rule = compile_rules(settings.rules, salt) if settings.rules else None

    def route(event: Event, less: Event, granted: Set[str], may_wait: Set[str]) -> Verdict:
        if probe is not None and (unmet := probe(event)) is not None:
            return Verdict(None, "when", unmet[0], unmet=unmet)
        reason = ""
        if not needed <= granted:
            denied = [name for name in required if name not in granted]
            if may_wait >= {*denied}:
                return Verdict(None, "hold", waits_for(denied))
            reason = f"no consent for {', '.join(denied)}"
            if anonymise is None:
                return Verdict(None, "consent", reason)
            # before the rules, which then have nothing at hand that identifies the visitor
            less, reason = anonymise(event), f"anonymised: {reason}"
        if rule is None:
            return Verdict(less, "", reason)
        ruled = rule(less)
        if ruled.dropped is not None:
            return Verdict(None, "destination rules", ruled.dropped, ruled.applied, ruled=ruled)
        return Verdict(ruled.event, "", reason, ruled.applied, ruled=ruled)

    return route


def required_consent(settings: ForwardingSettings) -> Sequence[str]:
    """Consent Mode types that a destination needs: as configured, else by its kind."""
    if settings.consent is not None:
        return settings.consent
    return destination_types()[settings.type].consent


def ip_choice(settings: ForwardingSettings) -> IpChoice:
    """How much of the visitor's address a destination gets: as configured, else by its kind."""
    return settings.ip or destination_types()[settings.type].ip
