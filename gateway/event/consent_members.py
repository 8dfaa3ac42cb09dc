"""What stands in `consent` besides Consent Mode's types: strings of consent managers and of tags,
and lists of the categories that the visitor accepted."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gateway.event.consent import (
    CONSENT,
    OTHER_SPELLINGS,
    UNKNOWN_KEYS,
    has_denial,
    read_statements,
    statements_in,
)
from gateway.event.json_texts import opened
from gateway.event.text import folded

CATEGORIES = "consent_categories"
"""Field with the visitor's choices by category, whatever these are called."""

NOT_ACCEPTED = "all that is not accepted"
"""A category that no consent manager has; denied, it denies every type that nothing covers."""

_TEXTS = ("gcd", "gcs", "gdpr_consent", "tc_string", "gpp", "us_privacy")
_NUMBERS = ("gdpr", "gpp_sid", "npa")
"""These deny with other values than a choice does: ``gdprApplies: false`` denies nothing."""

_NAMES = {name: name for name in (*_TEXTS, "gpp_sid", "npa")} | {
    spelling: name for spelling, name in OTHER_SPELLINGS.items() if name in _TEXTS + _NUMBERS
}
"""Fields of an event by their names in `consent`; `gdpr` itself may be a choice there."""

_ACCEPTED = {"categories"} | {
    f"{word}{what}"
    for word in ("accepted", "allowed", "consented", "granted")
    for what in ("", "categories", "purposes", "services")
}
"""Keys of a list of all that the visitor accepted, `folded`."""

_MAX_VALUES = 101
"""Of one field; no more are read, and so many deny."""


def with_consent_read(event: Mapping[str, Any]) -> dict[str, Any]:
    """`event`, as it was sent, with its `consent` as `read_consent` reads it, or without it when it
    is empty. The strings in it become fields of the event, and a list of what was accepted becomes
    `CATEGORIES`, which deny all that is neither in it nor granted by name."""
    statements = [_Statement.read(each) for each in statements_in(event[CONSENT])]
    read = {name: value for name, value in event.items() if name != CONSENT}
    for name, values in _gathered(statements).items():
        read[name] = _several([*_as_list(read.get(name)), *values])
    states, unknown = read_statements(statement.rest for statement in statements)
    if any(statement.accepted is not None for statement in statements):
        accepted = [name for each in statements for name in each.accepted or ()]
        granted = [name for name, state in states.items() if state == "granted"]
        read[CATEGORIES] = _with_accepted(read.get(CATEGORIES), [*accepted, *granted])
    if states:
        read[CONSENT] = states
    if unknown:
        read[UNKNOWN_KEYS] = unknown
    return read


class _Statement(NamedTuple):
    """strings: values by the name of their field. accepted: names, None without a list of them."""

    strings: dict[str, list[Any]]
    accepted: list[str] | None
    rest: dict[str, Any]

    @classmethod
    def read(cls, stated: Mapping[str, Any]) -> "_Statement":
        strings: dict[str, list[Any]] = {}
        accepted: list[str] | None = None
        rest = {}
        for key, value in stated.items():
            if (name := _NAMES.get(key)) and _is_string(name, value):
                strings.setdefault(name, []).extend(_as_list(value))
            elif folded(key) in _ACCEPTED and _is_list_of_names(value):
                accepted = [*(accepted or ()), *map(str, value)]
            else:
                rest[key] = value
        return cls(strings, accepted, rest)


def _gathered(statements: Iterable[_Statement]) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {}
    for statement in statements:
        for name, each in statement.strings.items():
            values.setdefault(name, []).extend(each)
    return values


def _several(values: list[Any]) -> Any:
    """`values` of one field as one: the only one, or those that differ."""
    kept: list[Any] = []
    for value in values[:_MAX_VALUES]:
        if value not in kept:
            kept.append(value)
    return kept[0] if len(kept) == 1 else kept


def _as_list(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_string(name: str, value: object) -> bool:
    """Whether `value` is one of the field `name`, and no choice as of a category."""
    if name in _TEXTS:
        return isinstance(value, str) and bool(value.strip()) and not has_denial(value)
    return isinstance(value, (str, int, list))


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, (str, int)) for each in value)


def _with_accepted(own: Any, accepted: list[str]) -> object:
    """`own` choices win; if they cannot be read, they are all that counts, since they deny."""
    own = opened(own)
    if own and not isinstance(own, dict):
        return own
    return {NOT_ACCEPTED: False, **dict.fromkeys(accepted, True), **(own or {})}
