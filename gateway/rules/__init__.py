"""`rules:`: what they look like in YAML, and the one function that a list of them becomes.

Rules run in the order written, each on what the one before it left. The actions of one rule run
in the order of `Rule`'s fields, `drop` last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.conditions import Check, Condition, compile_condition, describe
from gateway.event import Event
from gateway.rules.redact import hash_field
from gateway.rules.transform import remove_field, rename_field, set_field, typed_value

Edit = Callable[[Event], Event]

_NEEDED = ("event_name", "event_id", "timestamp")
_TYPED = ("timestamp", "consent")
"""What routing, delivery and records rely on: fields that are there, and of their types."""


class Rule(BaseModel):
    """One rule: a condition and what to do with the events that meet it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, description="Shown wherever the rule decided something.")
    when: Condition | None = Field(
        default=None, description="Without it the rule applies to every event."
    )
    rename: dict[str, str] = Field(default={}, description="Moves fields: `old path: new path`.")
    set_: dict[str, Any] = Field(
        default={}, alias="set", description="Gives fields a value: `path: value`."
    )
    hash: list[str] = Field(
        default=[],
        description="Replaces fields by their SHA-256 in lower-case hex "
        "(HMAC-SHA256 when `server.hash_salt` is set).",
    )
    remove: list[str] = Field(default=[], description="Takes fields out.")
    drop: bool = Field(default=False, description="Ends the event here: no destination gets it.")

    @field_validator("set_")
    @classmethod
    def _as_in_events(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {path: typed_value(path, value) for path, value in values.items()}

    @model_validator(mode="after")
    def _leaves_an_event(self) -> Rule:
        for path in _NEEDED:
            if path in self.remove or path in self.rename:
                raise ValueError(f"every event needs its {path}: it can only be set")
        for path in _TYPED:
            if path in self.hash or path in self.rename.values():
                raise ValueError(f"{path} cannot be just any text: it can only be set")
        return self

    @model_validator(mode="after")
    def _does_something(self) -> Rule:
        if not (self.rename or self.set_ or self.hash or self.remove or self.drop):
            raise ValueError("a rule needs an action: rename, set, hash, remove or drop")
        if any("*" in path for pair in self.rename.items() for path in pair):
            raise ValueError("rename moves one field: its paths cannot have * in them")
        return self


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a list of rules made of an event.

    applied: names of the rules whose condition was met. dropped: why the event ends here, or None.
    """

    event: Event
    applied: tuple[str, ...] = ()
    dropped: str | None = None


def compile_rules(rules: Sequence[Rule], hash_salt: str | None = None) -> Callable[[Event], Ruled]:
    """The function that applies `rules` to an event, leaving the event itself as it was."""
    steps = [_compile(rule, number, hash_salt) for number, rule in enumerate(rules, 1)]

    def apply(event: Event) -> Ruled:
        applied: tuple[str, ...] = ()
        for name, check, edits, dropped in steps:
            if check is not None and check(event) is not None:
                continue
            applied += (name,)
            for edit in edits:
                event = edit(event)
            if dropped is not None:
                return Ruled(event, applied, dropped)
        return Ruled(event, applied)

    return apply


def _compile(
    rule: Rule, number: int, hash_salt: str | None
) -> tuple[str, Check | None, list[Edit], str | None]:
    name = rule.name or f"rule {number}"
    check = compile_condition(rule.when) if rule.when else None
    edits: list[Edit] = [rename_field(old, new) for old, new in rule.rename.items()]
    edits += [set_field(path, value) for path, value in rule.set_.items()]
    edits += [hash_field(path, hash_salt) for path in rule.hash]
    edits += [remove_field(path) for path in rule.remove]
    dropped = None
    if rule.drop:
        dropped = f"dropped by rule {name!r}" + (f": {describe(rule.when)}" if rule.when else "")
    return name, check, edits, dropped
