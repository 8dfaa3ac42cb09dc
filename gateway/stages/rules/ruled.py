"""A list of rules as one function, and what it made of an event.

Rules run in the order written, each on what the one before it left. The outermost object of an
event is copied once, for the first rule that changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.event import Event
from gateway.stages.conditions import Probe, Unmet, compile_probe, describe, unmet_in_words
from gateway.stages.rules.assign import set_field
from gateway.stages.rules.edits import Edit, Withheld
from gateway.stages.rules.plug_in import PlugIn
from gateway.stages.rules.redact import hash_field, redact
from gateway.stages.rules.rule import Rule
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
"""The name of a rule, what was not met of its condition, and what else is to be said."""


@dataclass(slots=True)
class Ruled:
    """What a list of rules made of an event.

    applied: names of the rules whose condition was met. dropped: why the event ends here, or None.
    seen: what `trace` is written from.
    """

    event: Event
    applied: tuple[str, ...] = ()
    dropped: str | None = None
    seen: Sequence[Seen] = field(default=(), repr=False, compare=False)

    @property
    def trace(self) -> tuple[str, ...]:
        """One line for each rule that was looked at: whether it was met, and if not, what was seen.

        Holds values of the event, so it is shown to those who may see the event itself; of
        `user_data`, `user_id` and addresses it has none.
        """
        return tuple(_line(*seen) for seen in self.seen)


_Sampled = tuple[Callable[[Event], bool], str]
_Step = tuple[str, Seen, Probe | None, _Sampled | None, tuple[Edit, ...], str | None]
"""A rule: its name; what is seen of it in most events that meet it; its condition; whether the
event goes on, and the words if not; what it changes; the words of `drop`."""


def compile_rules(rules: Sequence[Rule], hash_salt: str | None = None) -> Callable[[Event], Ruled]:
    """The function that applies `rules` to an event, leaving the event itself as it was."""
    steps = [_compile(rule, number, hash_salt) for number, rule in enumerate(rules, 1)]
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
                return Ruled(current, tuple(applied), ends, seen)
        return Ruled(current, tuple(applied), None, seen)

    return apply


def _compile(rule: Rule, number: int, hash_salt: str | None) -> _Step:
    name = rule.name or f"rule {number}"
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
    """In the order of the fields of `Rule`: what hides a person comes after what may reveal one."""
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
