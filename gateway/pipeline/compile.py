"""Compiles the pipeline: from settings to one pure function, from event to decision.

The stages, in this order, whatever the order in the YAML:

    normalise    ignores claims that the sender may not make; corrects a time from a wrong clock;
                 adds an id, a time, the visitor's address and user agent
    locate       finds the country, which consent defaults depend on; then removes the address if
                 the sender asked for that
    consent      decides what the visitor allows, and names the signals that decided
    identity     identifies the visitor, if consent allows that
    pii guard    removes personal data and secrets from free text
    enrichment   adds bot, page, campaign, click ids, device ..., then the lookups
    schemas      checks the event against the schema for its name
    rules        applies the rules for every event
    route        for each destination: its `when`, its deadline, its consent, its form of the
                 address, field consent, its own rules, and whether it can ever send the event
    hash at ingest
                 with `hash_at_ingest`: replaces personal data by the hashes that destinations send
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.configuration.settings import Settings
from gateway.event import Event, Received
from gateway.event.bounds import SURPLUS
from gateway.event.mending import IGNORED
from gateway.event.model import complete
from gateway.pipeline.age import compile_deadlines
from gateway.pipeline.clock import correct_time
from gateway.pipeline.decision import Decision, Verdict
from gateway.pipeline.hashed import compile_hashed, hash_decided
from gateway.pipeline.held_request import compile_held_request
from gateway.pipeline.routes import NO_WAIT, Wait, compile_routes, required_consent
from gateway.sources.base import TrustedSourceSettings
from gateway.stages.bound_counts import counters_of, unsearched_counter
from gateway.stages.claims import hides_address, set_aside_claims
from gateway.stages.consent import Defaults, compile_consent, missing
from gateway.stages.digests import compile_digest
from gateway.stages.enrichment import (
    Tables,
    compile_enrichment,
    element_of,
    open_tables,
)
from gateway.stages.held_consent import compile_held_consent, with_denials
from gateway.stages.identity import compile_identity, compile_proven_visitor
from gateway.stages.pii import compile_guard, found_too_much
from gateway.stages.rules import Ruled, compile_rules
from gateway.stages.schemas import compile_schemas
from gateway.urls.domains import load_public_suffixes

Stage = Callable[[Event, Received], tuple[Event, str]]
"""One step of the pipeline: returns the event, the same object if nothing changed, and a line about
what was done, or ""."""


Pipeline = Callable[[Event, Received], Decision]


def compile_pipeline(settings: Settings, tables: Tables | None = None) -> Pipeline:
    """The function that decides about events, with everything prepared.

    tables: from `open_tables`, if the caller refreshes them. Without them, the files are read now
    and never again, and lookups in Redis find nothing. Raises `EnrichmentMistakes` if a file has
    become unusable since the settings were read.
    """
    salt = settings.salt
    if tables is None:
        tables = open_tables(settings.enrichment, settings.lookups, settings.folder)
    elements = settings.enrichment
    place = [element_of(elements, "geo")] if settings.consent.depends_on_place else []
    locate: Stage = compile_enrichment(place, tables=tables)
    resolve_consent = compile_consent(settings.consent, source_defaults(settings))
    guard = compile_guard(settings.pii_guard)
    proven_visitor = compile_proven_visitor(settings.identity, salt)
    remember = compile_held_consent(settings.consent, salt, proven_visitor)
    held_request = compile_held_request(settings)
    holds = settings.consent.hold is not None
    load_public_suffixes()  # now, so that the first event does not wait for it
    identify = compile_identity(settings.identity, salt, settings.consent.withdrawals)
    later = [element for element in elements if element not in place]
    enrich = compile_enrichment(later, settings.lookups, tables)
    check = compile_schemas(settings.schemas, settings.folder)
    rule = compile_rules(settings.rules, salt)
    overdue = compile_deadlines(settings.destinations)
    route = compile_routes(settings.destinations, settings.consent, salt)
    mark_of = compile_digest(salt, b"mark") if salt and settings.dedupe_window else str
    needed = {name: required_consent(each) for name, each in settings.destinations.items()}
    hash_person = compile_hashed(settings) if settings.hash_at_ingest else None
    version = settings.version

    def decide(given: Event, received: Received) -> Decision:
        vetted, claims = set_aside_claims(given, received)
        timed, time_words = correct_time(vetted, received.clock_offset)
        completed = complete(timed, received)
        located, where = locate(completed, received)
        if located.get("ip_override") and hides_address(given, received):
            located = {**located, "ip_override": ""}
        consented = resolve_consent(located, received)
        identified = identify(consented.event, received, consented.unstated)
        held = (
            remember(located, received, consented, identified.event.get("client_id", ""))
            if remember
            else None
        )
        guarded, removed = guard(identified.event, received)
        enriched, found = enrich(guarded, received)
        checked = check(enriched)
        event = checked.event
        trace: list[tuple[str, Event, str | Ruled]] = [
            ("normalise", completed, "; ".join(filter(None, [claims, time_words]))),
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
            if checked.action == "quarantine":
                late = overdue(event, received.at)
                if any(name not in late and not missing(event, needed[name]) for name in needed):
                    quarantine = checked.reason  # other events must not be kept
            schema = event["event_name"]  # only named events have a schema
            verdicts = _withheld(settings, Verdict(None, "schemas", checked.reason, label=schema))
        else:
            ruled = rule(event)
            event, applied = ruled.event, ruled.applied
            trace.append(("rules", event, ruled))
            if ruled.dropped is None:
                wait = Wait(consented.open, bool(held and held.page)) if holds else NO_WAIT
                verdicts = route(event, overdue(event, received.at), wait)
                if held and any(each.stage == "hold" for each in verdicts.values()):
                    waiting = guard(with_denials(held.event, held.stated), received)[0]
                    held = replace(held, event=waiting, received=held_request(received))
            else:
                last = ruled.applied[-1]
                verdicts = _withheld(settings, Verdict(None, "rules", ruled.dropped, label=last))
        if hash_person is not None:
            event, verdicts = hash_decided(event, verdicts, hash_person)
            trace.append(("hash at ingest", event, ""))
        counts = consented.counts
        if SURPLUS in given or IGNORED in given:
            counts = (*counts, *counters_of(given, received.source))
        if removed and found_too_much(removed):
            counts = (*counts, unsearched_counter(received.source))
        return Decision(
            event,
            verdicts,
            applied,
            received.source,
            received.at,
            version,
            identified.cookies,
            received.trusted,
            mark_of(_sender(identified.stated_visitor, received)),
            quarantine,
            held,
            counts,
            trace,
            identified.unclaimed_link,
            bool(given.get("event_id")),
            given=given,
        )

    return decide


def source_defaults(settings: Settings) -> dict[str, Defaults]:
    """The `consent_default` of each source that has one."""
    return {
        name: source.consent_default
        for name, source in settings.sources.items()
        if isinstance(source, TrustedSourceSettings) and source.consent_default
    }


def _sender(stated: str, received: Received) -> str:
    """Identifies the sender of an event, to recognise repetitions: the stated visitor, or else
    address and user agent of the browser. Without the latter, a stranger could send the event ids
    of all such visitors first, so that their own events would count as repetitions."""
    visitor = stated.lstrip("\0")
    if visitor or received.trusted or received.backend:
        return visitor
    return f"\0{received.client_ip}\0{received.user_agent}"


def _withheld(settings: Settings, verdict: Verdict) -> dict[str, Verdict]:
    return dict.fromkeys(settings.destinations, verdict)
