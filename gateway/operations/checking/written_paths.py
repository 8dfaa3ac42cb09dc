"""Every path into events that a configuration has, with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from destinations.mapping import EventMapping, MappingSettings, Source
from destinations.template import template_paths
from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import Key, KeyPath
from gateway.stages.conditions import Condition
from gateway.stages.conditions.model import Operators, fields_of
from gateway.stages.rules import Rule
from gateway.stages.rules.values import OTHERWISE

READS = "finds"
"""The verb for paths in conditions, values and bodies; actions have others, such as "removes"."""


class WrittenPath(NamedTuple):
    """place: in the file. verb: what is done with the field."""

    place: KeyPath
    path: str
    verb: str


class Tested(NamedTuple):
    """A field in a condition, its place in the file, and what its value must be."""

    place: KeyPath
    path: str
    operators: Operators


def tested_fields(settings: Settings) -> Iterator[Tested]:
    """Each field in a condition."""
    for place, rules in rule_lists(settings):
        for index, rule in enumerate(rules):
            yield from _fields_in(rule.when, *place, index, "when")
    for name, destination in settings.destinations.items():
        yield from _fields_in(destination.when, "destinations", name, "when")


def listed_names(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Each name or path in a list of fields outside of rules, with its place in the file."""
    lists: dict[KeyPath, Sequence[str]] = {
        ("pii_guard", "leave_alone"): settings.pii_guard.leave_alone,
        **{("consent", "fields", kind): names for kind, names in settings.consent.fields.items()},
        **{
            ("destinations", name, "anonymised_fields"): each.anonymised_fields
            for name, each in settings.destinations.items()
        },
    }
    for place, names in lists.items():
        yield from (((*place, index), name) for index, name in enumerate(names))


def event_names(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Each name of events that something is written for, with its place in the file: in schemas,
    and in the mappings of destinations."""
    for name in settings.schemas:
        yield ("schemas", name), name
    for destination, each in settings.destinations.items():
        if isinstance(each.mapping, MappingSettings):
            for name in each.mapping.events:
                yield ("destinations", destination, "mapping", "events", name), name


def mapped_values(settings: Settings) -> Iterator[tuple[KeyPath, str, str]]:
    """Each key of a table in a `map`, except the one for all others: its place in the file, the
    path of the field, and the key."""
    for place, rules in rule_lists(settings):
        for index, rule in enumerate(rules):
            for path, table in rule.map.items():
                yield from (
                    ((*place, index, "map", path, key), path, key)
                    for key in table
                    if key != OTHERWISE
                )


def written_paths(settings: Settings) -> Iterator[WrittenPath]:
    """Each path that is read, changed or removed, except those of fields that the configuration
    makes, which may have any name."""
    for tested in tested_fields(settings):
        yield WrittenPath(tested.place, tested.path, READS)
    for place, rules in rule_lists(settings):
        for index, rule in enumerate(rules):
            yield from _paths_of(rule, (*place, index))
    for name, lookup in settings.lookups.items():
        yield WrittenPath(("lookups", name, "key"), lookup.key, READS)
    for name, destination in settings.destinations.items():
        yield from _sent_paths(destination, ("destinations", name))


def made_fields(settings: Settings) -> Iterator[str]:
    """Fields that the configuration itself gives to events."""
    for _, rules in rule_lists(settings):
        for rule in rules:
            yield from rule.set_
            yield from rule.rename.values()
    for lookup in settings.lookups.values():
        yield from lookup.add


def set_texts(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Each text that a rule sets as it is written, with its place in the file."""
    for place, rules in rule_lists(settings):
        for index, rule in enumerate(rules):
            for path, value in rule.set_.items():
                if isinstance(value, str):
                    yield (*place, index, "set", path), value


def rule_lists(settings: Settings) -> Iterator[tuple[KeyPath, list[Rule]]]:
    """The rules for every event, and those of each destination, with their places in the file."""
    yield ("rules",), settings.rules
    for name, destination in settings.destinations.items():
        yield ("destinations", name, "rules"), destination.rules


def _fields_in(condition: Condition | None, *place: Key) -> Iterator[Tested]:
    if condition is None:
        return
    for path, operators in fields_of(condition):
        yield Tested((*place, path), path, operators)
    for key, blocks in (("all", condition.all_), ("any", condition.any_)):
        for index, block in enumerate(blocks or ()):
            yield from _fields_in(block, *place, key, index)
    yield from _fields_in(condition.not_, *place, "not")


def _paths_of(rule: Rule, place: KeyPath) -> Iterator[WrittenPath]:
    """The paths in the actions of `rule`, in the order in which they run."""
    by_path: dict[str, tuple[Mapping[str, Any], str]] = {
        "rename": (rule.rename, "renames"),
        "map": (rule.map, "maps"),
        "cast": (rule.cast, "converts"),
        "round": (rule.round, "rounds"),
        "truncate": (rule.truncate, "truncates"),
    }
    for action, (paths, verb) in by_path.items():
        for path in paths:
            yield WrittenPath((*place, action, path), path, verb)
    for path, value in rule.set_.items():
        for other in _sources(value):
            yield WrittenPath((*place, "set", path), other, READS)
    lists: dict[KeyPath, tuple[list[str], str]] = {
        ("lower",): (rule.lower, "changes"),
        ("redact", "fields"): (rule.redact.fields if rule.redact else [], "redacts"),
        ("hash",): (rule.hash, "hashes"),
        ("remove",): (rule.remove, "removes"),
        ("keep_only",): (rule.keep_only, "keeps"),
    }
    for keys, (listed, verb) in lists.items():
        for index, path in enumerate(listed):
            yield WrittenPath((*place, *keys, index), path, verb)


def _sources(value: Any) -> list[str]:
    """The paths in `value`, which a rule assigns to a field."""
    if not isinstance(value, dict):
        return []
    if "field" in value:
        return [value["field"]]
    return template_paths(value["template"]) if "template" in value else []


def _sent_paths(destination: ForwardingSettings, place: KeyPath) -> Iterator[WrittenPath]:
    """The paths in the mapping of a destination and in its configured body."""
    mapping = destination.mapping
    if isinstance(mapping, MappingSettings):
        yield from _mapped(mapping.fields, (*place, "mapping", "fields"))
        for name, event in mapping.events.items():
            if isinstance(event, EventMapping):
                yield from _mapped(event.fields, (*place, "mapping", "events", name, "fields"))
    body: Any = getattr(destination, "body", None)
    if isinstance(body, list):
        for index, path in enumerate(body):
            yield WrittenPath((*place, "body", index), path, READS)
    elif isinstance(body, dict):
        yield from _in_template(body, (*place, "body"))


def _mapped(fields: Mapping[str, Any], place: KeyPath) -> Iterator[WrittenPath]:
    for name, value in fields.items():
        for path in value.paths() if isinstance(value, Source) else ():
            yield WrittenPath((*place, name), path, READS)


def _in_template(template: Any, place: KeyPath) -> Iterator[WrittenPath]:
    if isinstance(template, dict):
        for key, value in template.items():
            yield from _in_template(value, (*place, key))
    elif isinstance(template, list):
        for index, value in enumerate(template):
            yield from _in_template(value, (*place, index))
    elif isinstance(template, str):
        alone = template.startswith("{") and template.endswith("}") and template.count("{") == 1
        for path in [template[1:-1]] if alone else template_paths(template):
            yield WrittenPath(place, path, READS)
