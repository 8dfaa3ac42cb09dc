"""Routes: decides the verdict for each destination, after the rules for every event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from typing import NamedTuple

from destinations.base import Destination
from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.configuration.kinds import destination_types
from gateway.event import Event
from gateway.pipeline.age import Overdue
from gateway.pipeline.decision import Verdict
from gateway.stages.anonymise import Anonymise, compile_anonymise
from gateway.stages.conditions import Probe, compile_probe
from gateway.stages.consent import ConsentSettings
from gateway.stages.enrichment import IpChoice, compile_ip
from gateway.stages.field_consent import Project, Purpose, Removed, compile_field_consent
from gateway.stages.held_consent import NOBODY_CAN_SPEAK, waits_for
from gateway.stages.integrations import INTEGRATIONS, compile_integrations
from gateway.stages.rules import compile_rules

EXCLUDED = "excluded by the sender"
NOT_MET = "not met"
TOO_OLD = "too old"
NEVER_ACCEPTED = "never accepted"
"""Labels of verdicts."""


class Wait(NamedTuple):
    """Whether an event may be held. types: the consent types for which it may wait. possible:
    whether a later statement can be matched to the event; if not, it is withheld."""

    types: Set[str] = frozenset()
    possible: bool = False


NO_WAIT = Wait()

NOT_MAPPED = "the mapping does not name the event, and withholds other events"


class Allowed(NamedTuple):
    """The consent of the visitor of an event.

    granted: the granted consent types. wait: whether the event may be held. project: removes the
    data that field consent denies; None if there is none. anonymous: the anonymised forms made so
    far, by the function that made them.
    """

    granted: Set[str]
    wait: Wait
    project: Project | None
    anonymous: dict[Anonymise, Event]


Route = Callable[[Event, Event, str, Allowed], Verdict]
"""From an event, the event with the destination's form of the address, why it is too old ("" if it
is not), and the consent of its visitor to the verdict."""


def compile_routes(
    destinations: Mapping[str, ForwardingSettings], consent: ConsentSettings, salt: str | None
) -> Callable[[Event, Overdue, Wait], dict[str, Verdict]]:
    """The function from an event, the destinations for which it is too old, and whether it may be
    held to the verdicts of all destinations.

    Common work is done once: destinations that may receive the same address and the same fields get
    the same event object, which the queue writes once.
    """
    routes = [
        (name, ip_choice(each), _compile_route(each, salt)) for name, each in destinations.items()
    ]
    with_ip = {choice: compile_ip(choice) for _, choice, _ in routes}
    field_consent = compile_field_consent(consent)
    exclusions = compile_integrations(
        {name: integration_names(name, each) for name, each in destinations.items()}
    )

    def route_all(event: Event, overdue: Overdue, wait: Wait) -> dict[str, Verdict]:
        if INTEGRATIONS in event:
            return route_some(event, overdue, wait)
        return route_each(event, overdue, wait)

    def route_some(event: Event, overdue: Overdue, wait: Wait) -> dict[str, Verdict]:
        excluded = exclusions(event[INTEGRATIONS])
        event = {name: value for name, value in event.items() if name != INTEGRATIONS}
        verdicts = route_each(event, overdue, wait)
        withheld = {
            name: Verdict(None, "integrations", reason, label=EXCLUDED)
            for name, reason in excluded.items()
        }
        return verdicts | withheld

    def route_each(event: Event, overdue: Overdue, wait: Wait) -> dict[str, Verdict]:
        less = {choice: reduce(event) for choice, reduce in with_ip.items()}
        granted = {name for name, state in event.get("consent", {}).items() if state == "granted"}
        allowed = Allowed(granted, wait, field_consent(granted), {})
        return {
            name: route(event, less[choice], overdue.get(name, ""), allowed)
            for name, choice, route in routes
        }

    return route_all


def _compile_route(settings: ForwardingSettings, salt: str | None) -> Route:
    probe: Probe | None = compile_probe(settings.when) if settings.when else None
    required = required_consent(settings)
    needed = frozenset(required)
    anonymise = None
    if settings.on_denied == "anonymise":
        anonymise = _anonymise(frozenset(settings.anonymised_fields))
    rule = compile_rules(settings.rules, salt) if settings.rules else None
    purpose = purpose_of(settings) if settings.field_consent == "on" else None
    refuse = _compile_refusal(settings)

    def route(event: Event, less: Event, overdue: str, allowed: Allowed) -> Verdict:
        granted, wait, project, anonymous = allowed
        if probe is not None and (unmet := probe(event)) is not None:
            words = f'"when" matches only if {unmet[0]}'
            return Verdict(None, "when", words, unmet=unmet, label=NOT_MET)
        if overdue:
            return Verdict(None, "age", overdue, label=TOO_OLD)
        reason = ""
        if not needed <= granted:
            denied = [name for name in required if name not in granted]
            types = ", ".join(denied)
            reason = f"no consent for {types}"
            if wait.types >= {*denied}:
                if wait.possible:
                    return Verdict(None, "hold", waits_for(denied), label=types)
                reason = f"{reason}; {NOBODY_CAN_SPEAK}"
            if anonymise is None:
                return Verdict(None, "consent", reason, label=types)
            # before the rules, so that they have nothing that identifies the visitor
            if anonymise not in anonymous:
                anonymous[anonymise] = anonymise(event)
            less, reason = anonymous[anonymise], f"anonymised: {reason}"
        removed: Removed = ()
        if project is not None and purpose is not None:
            less, removed = project(less, purpose)
        if rule is None:
            if refuse is not None and (refusal := refuse(less)):
                return Verdict(None, "destination", refusal, removed=removed, label=NEVER_ACCEPTED)
            only_address = not (reason or removed)
            return Verdict(less, "", reason, removed=removed, only_address=only_address)
        ruled = rule(less)
        if ruled.dropped is not None:
            return Verdict(
                None,
                "destination rules",
                ruled.dropped,
                ruled.applied,
                ruled=ruled,
                removed=removed,
                label=ruled.applied[-1],
            )
        event, applied = ruled.event, ruled.applied
        if refuse is not None and (refusal := refuse(event)):
            return Verdict(
                None,
                "destination",
                refusal,
                applied,
                ruled=ruled,
                removed=removed,
                label=NEVER_ACCEPTED,
            )
        return Verdict(event, "", reason, applied, ruled=ruled, removed=removed)

    return route


def _compile_refusal(settings: ForwardingSettings) -> Callable[[Event], str] | None:
    """The function from an event to the reason why the destination never accepts it ("" if it may),
    by its `unwanted_events`, its mapping and `unsendable`; None if it accepts all. If `unsendable`
    fails, the event counts as sendable, and building the request reports the fault."""
    destination = build_destination(settings)
    mapper = destination.mapper if destination.built_in_mapping else None
    unwanted = destination.unwanted_events
    if mapper is not None:
        unwanted -= mapper.names.keys()
    selective = mapper if mapper is not None and mapper.is_selective else None
    if not (unwanted or selective) and type(destination).unsendable is Destination.unsendable:
        return None

    def refuse(event: Event) -> str:
        if event["event_name"] in unwanted:
            return f"{settings.type} does not accept {event['event_name']} events"
        if selective is not None and selective.withholds(event):
            return NOT_MAPPED
        try:
            return destination.unsendable(event)
        except Exception:
            return ""

    return refuse


@cache
def _anonymise(own_fields: frozenset[str]) -> Anonymise:
    return compile_anonymise(own_fields)


def required_consent(settings: ForwardingSettings) -> Sequence[str]:
    """Consent types that a destination requires: as configured, else by its type."""
    if settings.consent is not None:
        return settings.consent
    return destination_types()[settings.type].consent


def integration_names(name: str, settings: ForwardingSettings) -> Sequence[str]:
    """Names of the destination `name` in `integrations`: its name, its `type`, the usual names of
    its type, and those that its settings add."""
    kind = destination_types()[settings.type]
    return [name, settings.type, *kind.integration_names, *settings.integration_names]


def purpose_of(settings: ForwardingSettings) -> Purpose:
    """The purpose of the receiver: as configured, else by its type."""
    return settings.purpose or destination_types()[settings.type].purpose


def ip_choice(settings: ForwardingSettings) -> IpChoice:
    """The form of the visitor's address for a destination: as configured, else by its type."""
    return settings.ip or destination_types()[settings.type].ip
