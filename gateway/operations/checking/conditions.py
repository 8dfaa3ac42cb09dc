"""What `gateway check` says about fields in conditions that no event is likely to have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import Key, KeyPath, dotted, read_yaml
from gateway.event.fields import known_names
from gateway.event.text import folded
from gateway.stages.conditions import Condition
from gateway.stages.rules import Rule

ADDED: Mapping[str, Collection[str]] = {
    "action_source": (),
    "anonymised": (),
    "bot": ("is_bot", "score", "reason", "reasons"),
    "campaign": ("source", "medium", "name", "term", "content", "id"),
    "channel_group": (),
    "currency_converted": (),
    "device": (
        *("browser", "browser_version", "operating_system", "operating_system_version"),
        *("brand", "model", "category"),
    ),
    "event_location": ("city",),
    "items_quantity": (),
    "items_value": (),
    "referrer": ("hostname", "source", "type"),
    "value_converted": (),
}
"""Fields that the gateway adds or reads, and that `gateway.event.schema` does not list, each with
the names in it."""

_SIMILARITY = 0.8
"""From which on a name is taken for another one misspelt; `difflib` calls it ratio."""


def condition_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for each field in a `when` that is close to one that the gateway knows. Other names
    are left alone: events may have fields of their own."""
    lines = read_yaml(settings.text, {})
    own = set(_made_fields(settings))
    for place, path in _tested_fields(settings):
        if path not in own and (meant := meant_field(path)):
            yield (
                f"Warning: {config}:{lines.line(place)}: {dotted(place)}: the gateway knows no "
                f"such field; did you mean {meant!r}?"
            )


def meant_field(path: str) -> str | None:
    """The known field that `path` is nearly, if it is not known itself."""
    keys = path.split(".")
    for at, key in enumerate(keys):
        known = _known_below(*keys[:at])
        if key in known or key == "*" or key.isdigit():
            continue
        meant = _nearest(key, known)
        return ".".join([*keys[:at], meant, *keys[at + 1 :]]) if meant else None
    return None


def _known_below(*above: str) -> set[str]:
    added = ADDED if not above else ADDED.get(above[0], ()) if len(above) == 1 else ()
    return known_names(*above) | {*added}


def _nearest(name: str, known: Collection[str]) -> str | None:
    alike = (each for each in sorted(known) if folded(each) == folded(name))
    return next(alike, None) or next(
        iter(get_close_matches(name, sorted(known), n=1, cutoff=_SIMILARITY)), None
    )


def _made_fields(settings: Settings) -> Iterator[str]:
    """Fields that the configuration itself gives to events."""
    for _, rules in _rule_lists(settings):
        for rule in rules:
            yield from rule.set_
            yield from rule.rename.values()
    for lookup in settings.lookups.values():
        yield from lookup.add


def _tested_fields(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Each field in a condition, with its place in the file."""
    for place, rules in _rule_lists(settings):
        for index, rule in enumerate(rules):
            yield from _fields_in(rule.when, *place, index, "when")
    for name, destination in settings.destinations.items():
        yield from _fields_in(destination.when, "destinations", name, "when")


def _rule_lists(settings: Settings) -> Iterator[tuple[KeyPath, list[Rule]]]:
    yield ("rules",), settings.rules
    for name, destination in settings.destinations.items():
        yield ("destinations", name, "rules"), destination.rules


def _fields_in(condition: Condition | None, *place: Key) -> Iterator[tuple[KeyPath, str]]:
    if condition is None:
        return
    for path in condition.__pydantic_extra__ or ():
        yield (*place, path), path
    for key, blocks in (("all", condition.all_), ("any", condition.any_)):
        for index, block in enumerate(blocks or ()):
            yield from _fields_in(block, *place, key, index)
    yield from _fields_in(condition.not_, *place, "not")
