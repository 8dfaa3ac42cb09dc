"""Finds rules with equal names that the same event may pass.

The records of an event name the rules that were applied to it, and `--apply-rules` skips these by
name: if two rules had the same name, it would skip both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.configuration.yaml_file import KeyPath, Problem, YamlFile, dotted
from gateway.stages.rules.rule import name_of_number


def repeated_rule_names(file: YamlFile) -> Iterator[Problem]:
    """A problem for each rule whose name an earlier rule in its list, or one of the rules for every
    event, already has. Rules of different destinations may have equal names."""
    for_all: dict[str, KeyPath] = {}
    yield from _repeated(file, ("rules",), for_all)
    destinations = file.data.get("destinations") if isinstance(file.data, dict) else None
    for name in destinations if isinstance(destinations, dict) else ():
        yield from _repeated(file, ("destinations", name, "rules"), {**for_all})


def _repeated(file: YamlFile, place: KeyPath, known: dict[str, KeyPath]) -> Iterator[Problem]:
    """known: the places of the names found so far; those of the list at `place` are added."""
    rules = _at(file.data, place)
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        written = rule.get("name") if isinstance(rule, dict) else None
        name = str(written or name_of_number(index + 1))
        here = (*place, index)
        there = known.setdefault(name, here)
        if there is not here and (written or _at(file.data, (*there, "name"))):
            key = (*here, "name") if written else here
            yield Problem(file.line(key), dotted(key), _words(name, there, file, bool(written)))


def _words(name: str, there: KeyPath, file: YamlFile, is_written: bool) -> str:
    where = f"the rule at {dotted(there)} (line {file.line(there)})"
    begin = (
        f"{name!r} is already the name of {where}; "
        if is_written
        else f"a rule without a name is called {name!r} here, which is the name of {where}; "
    )
    return (
        f"{begin}give each rule a name of its own, since the ledger and `--apply-rules` tell rules "
        "apart by it"
    )


def _at(data: Any, place: KeyPath) -> Any:
    for key in place:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int):
            data = data[key]
        else:
            return None
    return data
