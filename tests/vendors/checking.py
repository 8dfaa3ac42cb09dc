"""Checks of values that the strict vendors share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

Rule = Callable[[Any], bool]


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def texts(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(text, value))


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def one_of(*allowed: Any) -> Rule:
    return lambda value: value in allowed and not isinstance(value, bool)


def matches(pattern: str) -> Rule:
    match = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and match(value) is not None


def list_of(rule: Rule) -> Rule:
    return lambda value: isinstance(value, list) and value != [] and all(map(rule, value))


def object_of(rules: Mapping[str, Rule], *required: str) -> Rule:
    return lambda value: not list(wrong(value, rules, required))


def public(value: Any) -> bool:
    """Whether `value` is a public IP address, or one of a range for documentation, which the tests
    use."""
    try:
        return ip_address(value).is_global or str(value).startswith(_DOCUMENTATION)
    except ValueError:
        return False


_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")

digest = matches(r"[0-9a-f]{64}")


def digests(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(digest, value))


def wrong(given: Any, rules: Mapping[str, Rule], required: tuple[str, ...] = ()) -> Iterator[str]:
    """The fields of `given` that are missing, unknown or malformed; "" if it is no object."""
    if not isinstance(given, dict):
        yield ""
        return
    yield from (name for name in required if name not in given)
    for name, value in given.items():
        if name not in rules or not rules[name](value):
            yield name
