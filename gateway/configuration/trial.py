"""A trial configuration, in which a person changes some parts to see what would be decided.

The text has no secrets, and whoever changes it must not obtain any: neither through a variable or
a file that the text names at another place, nor through a setting that reads a file, nor by code of
their own. So only the parts that decide about events are taken from it; all others stay as they are
in force.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from destinations.masking import MASK
from gateway.configuration.environment import Environment
from gateway.configuration.load import settings_schema
from gateway.configuration.mistakes import ConfigurationError, problems_of
from gateway.configuration.own_functions import NEW_FUNCTION, new_functions
from gateway.configuration.secret_files import SecretFiles
from gateway.configuration.settings import Settings, read_settings
from gateway.configuration.yaml_file import KeyPath, Problem, YamlFile, dotted, read_yaml

NAME = "the copy"
FOR_EVERY_EVENT = ("rules", "consent", "pii_guard", "hash_at_ingest")
OF_DESTINATIONS = (
    *("when", "consent", "on_denied", "anonymised_fields", "purpose", "field_consent", "ip"),
    *("integration_names", "rules", "dry_run", "mapping"),
)
FIXED = (
    "cannot be changed here. What can be tried are {} and, of each destination, {}. For anything "
    "else, change the file itself"
)
REFERENCE = (
    "has a variable, a file or a hidden secret where the file has none; write a value to try it"
)
NOT_KEYS = "it is not a configuration: write keys and values, such as `rules: []`"


def try_changes(settings: Settings, shown: str, changed: str) -> Settings:
    """`settings` with what differs between `shown`, their text without secrets, and `changed`.

    Raises `ConfigurationError` with every mistake in `changed`, with its line.
    """
    unread = _Unread()
    was, now = unread.read(shown), unread.read(changed)
    if now.problems or not isinstance(now.data, dict):
        raise ConfigurationError(NAME, now.problems or problems_of(NOT_KEYS))
    written = _in_force(settings)
    problems: list[Problem] = []
    data = dict(written)
    for path in _differences(was.data, now.data):
        if not _may_differ(path):
            of_all, of_each = ", ".join(FOR_EVERY_EVENT), ", ".join(OF_DESTINATIONS)
            words = FIXED.format(of_all, of_each)
            problems.append(Problem(now.line(path), dotted(path), words))
            continue
        known = dict(unread.pairs(_at(was.data, path), _at(written, path)))
        try:
            value = unread.resolved(_at(now.data, path), known)
        except LookupError:
            problems.append(Problem(now.line(path), dotted(path), REFERENCE))
            continue
        data = _with(data, path, value)
    problems += [
        Problem(now.line(path), dotted(path), NEW_FUNCTION) for path in new_functions(written, data)
    ]
    if problems:
        raise ConfigurationError(NAME, problems)
    return _validated(settings, data, now)


def _validated(settings: Settings, data: dict[str, Any], file: YamlFile) -> Settings:
    try:
        made = read_settings(data)
    except ValidationError as error:
        wrong = problems_of(error, replace(file, data=data), settings_schema())
        raise ConfigurationError(NAME, wrong) from None
    made._version, made._folder, made._text = "trial", settings.folder, settings.text
    return made


def _in_force(settings: Settings) -> dict[str, Any]:
    """The data of the file, with the values of variables and other files."""
    folder = settings.folder
    variables = Environment(folder).variables
    data: dict[str, Any] = read_yaml(settings.text, variables, SecretFiles(folder).read).data
    return data


class _Unread(dict[str, str]):
    """An environment with a mark for every variable, so that references are found however they are
    written."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = f"mark{secrets.token_hex(16)}"

    def get(self, name: str, _: Any = None) -> str:
        return f"{self._mark}{name}"

    def read(self, text: str) -> YamlFile:
        marked = text.replace(MASK, self._mark)
        return read_yaml(marked, self, lambda name: f"{self._mark}{name}")

    def pairs(self, marked: Any, value: Any) -> Iterator[tuple[str, Any]]:
        """Each text with a mark, and the value in force at its place."""
        if isinstance(marked, str) and self._mark in marked:
            yield marked, value
        elif isinstance(marked, dict) and isinstance(value, dict):
            for key in marked.keys() & value.keys():
                yield from self.pairs(marked[key], value[key])
        elif isinstance(marked, list) and isinstance(value, list):
            for one, other in zip(marked, value, strict=False):
                yield from self.pairs(one, other)

    def resolved(self, marked: Any, known: Mapping[str, Any]) -> Any:
        """`marked` with the `known` values of its marked texts. Raises LookupError for others."""
        if isinstance(marked, str):
            return known[marked] if self._mark in marked else marked
        if isinstance(marked, dict):
            if any(self._mark in str(key) for key in marked):
                raise KeyError
            return {key: self.resolved(value, known) for key, value in marked.items()}
        if isinstance(marked, list):
            return [self.resolved(value, known) for value in marked]
        return marked


def _differences(was: Any, now: dict[str, Any]) -> Iterator[KeyPath]:
    """Paths of the sections, and of the settings of destinations, that differ."""
    before = was if isinstance(was, dict) else {}
    for section in {**before, **now}:
        old, new = before.get(section), now.get(section)
        if old == new and (section in before) == (section in now):
            continue
        if section != "destinations" or not isinstance(old, dict) or not isinstance(new, dict):
            yield (section,)
            continue
        for name in {**old, **new}:
            if isinstance(old.get(name), dict) and isinstance(new.get(name), dict):
                for key in {**old[name], **new[name]}:
                    if old[name].get(key) != new[name].get(key):
                        yield section, name, key
            elif old.get(name) != new.get(name):
                yield section, name


def _may_differ(path: KeyPath) -> bool:
    if len(path) == 3:
        return path[2] in OF_DESTINATIONS
    return len(path) == 1 and path[0] in FOR_EVERY_EVENT


def _at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _with(data: dict[str, Any], path: KeyPath, value: Any) -> dict[str, Any]:
    """A copy of `data` with `value` at `path`; None takes it out."""
    first, *rest = path
    copy = dict(data)
    if rest:
        copy[str(first)] = _with(copy[str(first)], tuple(rest), value)
    elif value is None:
        copy.pop(str(first), None)
    else:
        copy[str(first)] = value
    return copy
