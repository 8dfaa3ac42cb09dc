"""Checks events against the schemas of their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gateway.event import Event
from gateway.stages.schemas.load import SchemaMistake, load_validator
from gateway.stages.schemas.settings import OnMismatch, SchemaSettings

if TYPE_CHECKING:
    import jsonschema_rs

Action = Literal["", "drop", "quarantine"]


@dataclass(slots=True)
class Checked:
    """What a check made of an event.

    event: unchanged, or with ``schema_errors``. line: for the trace; empty if no schema has its
    name. action: what to do with the event; empty: continue. reason: what does not match, by path
    and rule, never a value; empty if everything matches.
    """

    event: Event
    line: str = ""
    action: Action = ""
    reason: str = ""


Check = Callable[[Event], Checked]


class SchemaMistakes(ValueError):
    """All schemas that cannot be used.

    problems: for each, the path of the key that is wrong, and what is wrong with it, in words:
    ``(("schemas", "purchase", "file"), "... cannot be read: ...")``.
    """

    def __init__(self, problems: list[tuple[tuple[str, ...], str]]) -> None:
        super().__init__("\n".join(f"{'.'.join(path)}: {text}" for path, text in problems))
        self.problems = problems


_MAX_ERRORS = 10
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.:-]{0,63}|[0-9]{1,6}")
"""Names as programs write them. Other names could be personal data and are shown as ``?``."""


def compile_schemas(settings: Mapping[str, SchemaSettings], folder: Path) -> Check:
    """The check of events by the schema of their name; a name without a schema costs nothing.

    folder: what the paths of schema files are relative to. The files are read once, here.
    Raises `SchemaMistakes`.
    """
    checks: dict[str, Check] = {}
    problems: list[tuple[tuple[str, ...], str]] = []
    for name, each in settings.items():
        try:
            checks[name] = _compile(name, load_validator(each, folder), each.on_mismatch)
        except SchemaMistake as mistake:
            problems.append((("schemas", name, mistake.key), str(mistake)))
    if problems:
        raise SchemaMistakes(problems)
    if not checks:
        return Checked

    def check(event: Event) -> Checked:
        check_one = checks.get(event["event_name"])
        return check_one(event) if check_one is not None else Checked(event)

    return check


def _compile(name: str, validator: jsonschema_rs.Validator, on_mismatch: OnMismatch) -> Check:
    fits = f"matches schemas.{name}"

    def check(event: Event) -> Checked:
        errors = _errors(event, validator)
        if not errors:
            return Checked(event, fits)
        reason = f"does not match schemas.{name}: {'; '.join(errors)}"
        if on_mismatch == "flag":
            return Checked({**event, "schema_errors": errors}, reason, "", reason)
        return Checked(event, reason, on_mismatch, reason)

    return check


def _errors(event: Event, validator: jsonschema_rs.Validator) -> list[str]:
    try:
        if validator.is_valid(event):
            return []
        return [_in_words(error) for error in islice(validator.iter_errors(event), _MAX_ERRORS)]
    except ValueError:  # a value that JSON does not have
        return ["the event: not JSON"]


def _in_words(error: jsonschema_rs.ValidationError) -> str:
    """``items.0.price: minimum 0``: the place and the rule of the schema, without the value."""
    place = ".".join(_shown(part) for part in error.instance_path) or "the event"
    return f"{place}: {error.kind.name}{_wanted(error.kind)}"


def _wanted(kind: jsonschema_rs.ValidationErrorKind) -> str:
    """What the rule requires, if that is one word in the schema, or the unexpected fields."""
    for name in ("property", "limit", "multiple_of", "format", "pattern"):
        if (wanted := getattr(kind, name, None)) is not None:
            return f" {wanted}"
    if (types := getattr(kind, "types", None)) is not None:
        return f" {' or '.join(types)}"
    if (unexpected := getattr(kind, "unexpected", None)) is not None:
        return f" {', '.join(_shown(part) for part in unexpected[:_MAX_ERRORS])}"
    return ""


def _shown(part: str | int) -> str:
    return str(part) if _NAME.fullmatch(str(part)) else "?"
