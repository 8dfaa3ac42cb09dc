"""Checks of values, of which the rules of strict vendors are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

Rule = Callable[[Any], bool]
Rules = Mapping[str, Rule]

_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")
"""Addresses of examples, which the tests' visitors have."""


def matches(pattern: str) -> Rule:
    match = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and match(value) is not None


def one_of(*values: object) -> Rule:
    return lambda value: value in values


def list_of(rule: Rule) -> Rule:
    return lambda value: isinstance(value, list) and value != [] and all(map(rule, value))


def object_of(rules: Rules, *required: str) -> Rule:
    """An object with all of `required`, and with fields of `rules` alone."""
    return lambda value: not list(violations(value, rules, required))


def violations(value: Any, rules: Rules, required: tuple[str, ...]) -> Iterator[str]:
    """Names of the fields of `value` that are missing, unknown or malformed; "" for no object."""
    if not isinstance(value, dict):
        yield ""
        return
    yield from (name for name in required if name not in value)
    yield from (name for name, held in value.items() if name not in rules or not rules[name](held))


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def public(value: Any) -> bool:
    try:
        return ip_address(value).is_global or str(value).startswith(_DOCUMENTATION)
    except ValueError:
        return False


digest = matches("[0-9a-f]{64}")
