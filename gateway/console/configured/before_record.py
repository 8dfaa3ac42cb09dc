"""Applies what a copy of the configuration changes for every event to recorded events. These were
recorded after that part of their own configuration had been applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.configuration.settings import Settings
from gateway.event import Event, Received
from gateway.stages.pii import compile_guard
from gateway.stages.rules import Rule, compile_rules

ADDED = (
    "Rules for every event that the copy adds or changes: {}. They were applied to each event as "
    "it was recorded, after the rules of then."
)
UNDONE = (
    "Rules for every event that the copy changes or takes out: {}. What they had changed in an "
    "event, or dropped, was not recorded and cannot be undone here."
)
ORDER = (
    "The copy has the rules for every event in another order. That cannot be tried with recorded "
    "events. Paste an event to see its effect."
)
GUARD = (
    "The copy's PII guard was applied to each event as it was recorded. What the guard removed "
    "at the time was not recorded."
)
CONSENT = (
    "Recorded consent applies; signals are not read again. Only a type that a default had granted "
    "is decided again, by the defaults of the copy."
)

Apply = Callable[[Event, Received], tuple[Event, str | None]]
"""Returns the event that the copy makes of a recorded one, and the reason if it drops it."""


@dataclass(frozen=True, slots=True)
class BeforeRecord:
    """notes: what `apply` can show and what it cannot, in sentences."""

    apply: Apply
    notes: list[str]


def compile_before_record(now: Settings, trial: Settings) -> BeforeRecord:
    """The differences between `trial` and `now` that apply before destinations get an event."""
    new = [rule for rule in trial.rules if rule not in now.rules]
    gone = [rule for rule in now.rules if rule not in trial.rules]
    rule = compile_rules(new, trial.salt)
    has_guard = trial.pii_guard != now.pii_guard
    guard = compile_guard(trial.pii_guard)

    def apply(event: Event, received: Received) -> tuple[Event, str | None]:
        if has_guard:
            event = guard(event, received)[0]
        ruled = rule(event)
        return ruled.event, ruled.dropped

    return BeforeRecord(apply, [*_notes(now, trial, new, gone)])


def _notes(now: Settings, trial: Settings, new: list[Rule], gone: list[Rule]) -> list[str]:
    notes = []
    if new:
        notes.append(ADDED.format(_names(new, trial)))
    if gone:
        notes.append(UNDONE.format(_names(gone, now)))
    kept = [rule for rule in trial.rules if rule in now.rules]
    if kept != [rule for rule in now.rules if rule in trial.rules]:
        notes.append(ORDER)
    if trial.pii_guard != now.pii_guard:
        notes.append(GUARD)
    if trial.consent != now.consent:
        notes.append(CONSENT)
    return notes


def _names(rules: list[Rule], settings: Settings) -> str:
    named = enumerate(settings.rules, 1)
    return ", ".join(rule.called(number) for number, rule in named if rule in rules)
