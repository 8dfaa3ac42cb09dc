"""Compares two configurations whose texts were recorded without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.configuration.masked_text import readable
from gateway.configuration.yaml_file import read_yaml

PlainConfiguration = Mapping[str, Any]
"""A configuration as it is read for a comparison: plain data, with names of variables and masks
where values would be."""

_UNDECIDING = frozenset({"rules", "destinations", "server", "redis", "ledger", "spool"})
"""Sections that do not decide about events, and two that are compared by their parts."""


def read_recorded(text: str) -> PlainConfiguration | None:
    """The configuration in a text of `without_secrets`; None if it cannot be read.

    Variables keep their names: their values at the time are unknown.
    """
    data = read_yaml(readable(text).replace("${", "$("), {}).data
    return data if isinstance(data, dict) else None


def rule_names(part: PlainConfiguration) -> list[str]:
    """The names of the rules of a configuration, or of one destination in it."""
    return [*rules_in(part)]


def destination_in(configuration: PlainConfiguration, name: str) -> PlainConfiguration | None:
    found = _mapping(configuration.get("destinations")).get(name)
    return found if isinstance(found, dict) else None


def changes_for_all(then: PlainConfiguration, now: PlainConfiguration) -> list[str]:
    """The differences between two configurations that concern every event, in words."""
    sections = [
        name for name in {**then, **now} if name not in _UNDECIDING and _differs(name, then, now)
    ]
    return [*_rule_changes("rule", then, now), *(f"{name} was changed" for name in sections)]


def changes_of_destination(
    name: str, then: PlainConfiguration, now: PlainConfiguration
) -> list[str]:
    """The differences between two configurations in the destination `name`, in words."""
    before, after = destination_in(then, name), destination_in(now, name)
    if before is None or after is None:
        added, removed = "the destination was added", "the destination was removed"
        return [removed] if before is not None else [added] if after is not None else []
    settings = [
        f"{key} was changed"
        for key in {**before, **after}
        if key != "rules" and _differs(key, before, after)
    ]
    return [*_rule_changes("its rule", before, after), *settings]


def _rule_changes(what: str, then: PlainConfiguration, now: PlainConfiguration) -> Iterator[str]:
    """what: how to call a rule, ``rule`` or ``its rule``."""
    before, after = rules_in(then), rules_in(now)
    for name in {**before, **after}:
        if name not in before:
            yield f"{what} {name!r} was added"
        elif name not in after:
            yield f"{what} {name!r} was removed"
        elif before[name] != after[name]:
            yield f"{what} {name!r} was changed"
    if [each for each in before if each in after] != [each for each in after if each in before]:
        yield f"the order of {what}s was changed"


def rules_in(part: PlainConfiguration) -> dict[str, Any]:
    """The rules by name, in order. A rule without a name gets its number, as in a trace."""
    found = part.get("rules")
    rules = [_mapping(each) for each in found] if isinstance(found, list) else []
    return {str(each.get("name") or f"rule {n}"): each for n, each in enumerate(rules, 1)}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _differs(key: str, then: PlainConfiguration, now: PlainConfiguration) -> bool:
    return then.get(key) != now.get(key)
