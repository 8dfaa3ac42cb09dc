"""Compiles a list of rules to one function, and describes what it did to an event.

Rules run in the written order, each on the result of the one before. The outermost object of an
event is copied once, for the first rule that changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from gateway.event import Event
from gateway.stages.conditions import Probe, Unmet, compile_probe, describe, unmet_in_words
from gateway.stages.rules.assign import set_field
from gateway.stages.rules.edits import Edit, Withheld
from gateway.stages.rules.plug_in import PlugIn
from gateway.stages.rules.redact import hash_field, redact
from gateway.stages.rules.rule import Fields, Rule
from gateway.stages.rules.sample import compile_sample
from gateway.stages.rules.shape import keep_only, remove_field, rename_field
from gateway.stages.rules.values import (
    cast_field,
    lower_field,
    map_field,
    round_field,
    truncate_field,
)

Seen = tuple[str, Unmet | None, tuple[str, ...]]
"""The name of a rule, the part of its condition that was not met, and further notes."""


MAX_COMBINATIONS = 1000
_UNKNOWN = object()


@dataclass(slots=True)
class Ruled:
    """The result of a list of rules for an event.

    applied: names of the rules that were met. dropped: why the event was dropped or withheld, or
    None. seen: the source of `trace`. fields: by the names of rules that were met together, what
    they may have changed, as in `gateway.stages.rules.rule.Rule.fields`; has at least each single
    rule.
    """

    event: Event
    applied: tuple[str, ...] = ()
    dropped: str | None = None
    seen: Sequence[Seen] = field(default=(), repr=False, compare=False)
    fields: dict[tuple[str, ...], Fields] = field(default_factory=dict, repr=False, compare=False)

    @property
    def edited(self) -> Fields:
        """The outermost fields that the rules may have changed, None for any."""
        known: Any = self.fields.get(self.applied, _UNKNOWN)
        return self._edited() if known is _UNKNOWN else known

    def _edited(self) -> Fields:
        each = [self.fields[(name,)] for name in self.applied]
        edited = None if None in each else tuple(sorted({*chain.from_iterable(filter(None, each))}))
        if len(self.fields) < MAX_COMBINATIONS:
            self.fields[self.applied] = edited
        return edited

    @property
    def trace(self) -> tuple[str, ...]:
        """One line for each rule that was evaluated: whether it was met, and if not, why.

        Contains values of the event, except those of `user_data`, `user_id` and addresses, so show
        it only to people who may see the event.
        """
        return tuple(_line(*seen) for seen in self.seen)


_Sampled = tuple[Callable[[Event], bool], str]
_Step = tuple[str, Seen, Probe | None, _Sampled | None, tuple[Edit, ...], str | None]
"""A compiled rule: its name; the trace of most events that meet it; its condition; its sample, and
the reason for events outside it; its edits; the reason of `drop`."""


def compile_rules(rules: Sequence[Rule], hash_salt: str | None = None) -> Callable[[Event], Ruled]:
    """The function that applies `rules` to an event without changing the event itself."""
    steps = [_compile(rule, number, hash_salt) for number, rule in enumerate(rules, 1)]
    fields: dict[tuple[str, ...], Fields] = {}
    for (name, *_), rule in zip(steps, rules, strict=True):
        earlier, own = fields.get((name,), ()), rule.fields
        fields[(name,)] = None if earlier is None or own is None else (*earlier, *own)
    if not steps:
        return Ruled

    def apply(event: Event) -> Ruled:
        current = event
        applied: list[str] = []
        seen: list[Seen] = []
        for name, met, probe, sampled, edits, ends in steps:
            if probe is not None and (unmet := probe(current)) is not None:
                seen.append((name, unmet, ()))
                continue
            applied.append(name)
            if sampled is not None and not sampled[0](current):
                ends, edits = sampled[1], ()
            if edits and current is event:
                current = event.copy()
            try:
                for edit in edits:
                    words = edit(current)
                    if words is not None:
                        met = (name, None, (*met[2], words))
            except Withheld as withheld:
                met = (name, None, (*met[2], f"{withheld}; the event was withheld"))
                ends = f"withheld by rule {name!r}: {withheld}"
            seen.append(met)
            if ends is not None:
                return Ruled(current, tuple(applied), ends, seen, fields)
        return Ruled(current, tuple(applied), None, seen, fields)

    return apply


def _compile(rule: Rule, number: int, hash_salt: str | None) -> _Step:
    name = rule.called(number)
    dropped = f"dropped by rule {name!r}"
    sampled: _Sampled | None = None
    ends = None
    if rule.sample is not None:
        words = f"{dropped}: not in the sample of {rule.sample.share:g} by {rule.sample.by}"
        sampled = (compile_sample(rule.sample), words)
    if rule.drop:
        ends = dropped + (f": {describe(rule.when)}" if rule.when else "")
    probe = compile_probe(rule.when) if rule.when else None
    return name, (name, None, ()), probe, sampled, tuple(_edits(rule, hash_salt)), ends


def _edits(rule: Rule, hash_salt: str | None) -> list[Edit]:
    """In the order of the fields of `Rule`: edits that hide personal data come last."""
    edits = [rename_field(old, new) for old, new in rule.rename.items()]
    edits += [set_field(path, value) for path, value in rule.set_.items()]
    edits += [map_field(path, table) for path, table in rule.map.items()]
    edits += [cast_field(path, kind) for path, kind in rule.cast.items()]
    edits += [round_field(path, places) for path, places in rule.round.items()]
    edits += [lower_field(path) for path in rule.lower]
    edits += [truncate_field(path, length) for path, length in rule.truncate.items()]
    edits += [PlugIn(rule.transform, on_failure=rule.on_failure)] if rule.transform else []
    edits += redact(rule.redact) if rule.redact else []
    edits += [hash_field(path, hash_salt) for path in rule.hash]
    edits += [remove_field(path) for path in rule.remove]
    edits += [keep_only(rule.keep_only)] if rule.keep_only else []
    return edits


def _line(name: str, unmet: Unmet | None, notes: tuple[str, ...]) -> str:
    if unmet is None:
        return "; ".join((f"{name}: met", *notes))
    return f"{name}: {unmet_in_words(unmet)}"
