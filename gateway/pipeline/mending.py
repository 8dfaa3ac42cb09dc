"""Mending: changes an event that a destination could not accept before it is sent again.

Decisions of intake stay in force: the consent is not changed, nothing that was removed is restored,
and if a rule brings back data that consent or the address setting removed, it is removed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import NamedTuple

from gateway.configuration.settings import Settings
from gateway.event import Event
from gateway.event.consent import CONSENT
from gateway.pipeline.hashed import compile_hashed
from gateway.pipeline.routes import ip_choice, purpose_of
from gateway.stages.anonymise import ANONYMISED, compile_anonymise
from gateway.stages.enrichment import compile_ip
from gateway.stages.field_consent import Removed, compile_field_consent
from gateway.stages.rules import Rule, Ruled, compile_rules

Restrict = Callable[[Event], tuple[Event, Removed]]
"""From an event to the form that its destination may have, and what field consent removed."""


_KEPT = (CONSENT, "event_id", ANONYMISED)
"""Fields that rules can no longer change."""


class Mended(NamedTuple):
    """The result of applying rules to an event. applied: names of the rules whose condition was
    met. dropped: why a rule dropped the event, or None."""

    event: Event
    applied: tuple[str, ...]
    dropped: str | None


ApplyRules = Callable[[Event, Collection[str]], Mended]
"""From an event, and the names of the rules that were already applied to it, to the result of the
other rules."""


def compile_restriction(settings: Settings, name: str) -> Restrict:
    """The function that restricts an event to what the destination `name` may have, by the event's
    consent and the destination's address setting, in the form in which it may be stored."""
    restrict, hash_person = _compile_restriction(settings, name), compile_hashed(settings)

    def restrict_and_hash(event: Event) -> tuple[Event, Removed]:
        less, removed = restrict(event)
        return hash_person(less), removed

    return restrict_and_hash


def _compile_restriction(settings: Settings, name: str) -> Restrict:
    destination = settings.destinations[name]
    reduce_address = compile_ip(ip_choice(destination))
    anonymise = compile_anonymise(frozenset(destination.anonymised_fields))
    field_consent = compile_field_consent(settings.consent)
    purpose = purpose_of(destination) if destination.field_consent == "on" else None

    def restrict(event: Event) -> tuple[Event, Removed]:
        less = reduce_address(event)
        if less.get(ANONYMISED) is True:
            less = anonymise(less)
        states = less.get(CONSENT, {})
        project = field_consent({kind for kind, state in states.items() if state == "granted"})
        return project(less, purpose) if project is not None and purpose is not None else (less, ())

    return restrict


def compile_later_rules(settings: Settings, name: str) -> ApplyRules:
    """The function that applies to an event of the destination `name` the rules that have not been
    applied to it: first those for every event, then the destination's own.

    Rules are identified by name, so those without a name are left out: such a rule may have been
    applied under another number.
    """
    restrict, hash_person = _compile_restriction(settings, name), compile_hashed(settings)
    own = settings.destinations[name].rules

    @cache
    def compiled(applied: frozenset[str]) -> tuple[Callable[[Event], Ruled], ...]:
        return tuple(
            compile_rules(_left(rules, applied), settings.salt) for rules in (settings.rules, own)
        )

    def apply(event: Event, applied: Collection[str]) -> Mended:
        for_all, for_one = compiled(frozenset(applied))
        first = for_all(event)
        if first.dropped is not None:
            return Mended(event, first.applied, first.dropped)
        less, _ = restrict(_with_consent_of(event, first.event))
        second = for_one(less)
        names = first.applied + second.applied
        mended = hash_person(_with_consent_of(event, second.event))
        return Mended(mended, names, second.dropped)

    return apply


def nameless_rules(settings: Settings, name: str) -> int:
    """How many rules `compile_later_rules` leaves out."""
    return sum(rule.name is None for rule in (*settings.rules, *settings.destinations[name].rules))


def _left(rules: Sequence[Rule], applied: Collection[str]) -> list[Rule]:
    return [rule for rule in rules if rule.name is not None and rule.name not in applied]


def _with_consent_of(before: Event, after: Event) -> Event:
    kept = {name: before[name] for name in _KEPT if name in before}
    return {**{name: value for name, value in after.items() if name not in _KEPT}, **kept}
