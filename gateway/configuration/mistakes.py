"""What is wrong with a configuration, in words: file, line, key, and the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.configuration.kinds import type_of_vendor, unusable_kind
from gateway.configuration.pattern_words import pattern_in_words
from gateway.configuration.schema_walk import description_at, names_at
from gateway.configuration.wanted import unit_of, wanted, wrong_kind
from gateway.configuration.yaml_file import UNSET, Key, KeyPath, Problem, YamlFile, dotted
from gateway.event.fields import known_names
from gateway.event.text import did_you_mean
from gateway.stages.conditions.model import Condition, Operators
from gateway.stages.conditions.other_words import block_hint, condition_hint, operator_hint

_OF_PYDANTIC = re.compile(
    r"^Value error, |(?:^|(?<=: ))(?:Input|String|List|Dictionary|Value) (?=should )"
    r"| after validation, not \d+$"
)
_KEY_FIRST = re.compile(r"([^\s:`'\"]+)(:?) (.+)")
_A_VALID = re.compile(r"(?:^|(?<=: ))should be a valid (\w+)")
_OF_EVENTS = {
    **dict.fromkeys(("integer", "number"), "a number"),
    "string": "a text",
    "boolean": "true or false",
    "list": "a list",
    "dictionary": "an object",
}
_QUOTED = re.compile(r"'([^']+)'")
_OPERATORS, _BLOCKS = (
    frozenset(field.alias or name for name, field in model.model_fields.items())
    for model in (Operators, Condition)
)
_KINDS: dict[Key, str] = {"sources": "source", "destinations": "destination"}
_HOW_TO_ADD = {"source": "docs/adding-a-source.md", "destination": "docs/adding-a-destination.md"}


class ConfigurationError(Exception):
    """A configuration that cannot be used; its text has one line for each mistake."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.name = name
        self.problems = sorted(set(problems))
        super().__init__("\n".join(f"{name}:{problem}" for problem in self.problems))


def problems_of(
    error: ValidationError | str, file: YamlFile | None = None, schema: dict[str, Any] | None = None
) -> list[Problem]:
    """Every mistake in `error`, with those that `file` had already; a text is one mistake."""
    if isinstance(error, str):
        return [Problem(1, "", error)]
    file, schema = file or YamlFile(), schema or {}
    known = {problem.path for problem in file.problems}
    found: dict[KeyPath, _Complaints] = {}
    several: list[tuple[KeyPath, str]] = []
    for line in error.errors(include_url=False, include_input=False):
        path = _real_path(line, file.data)
        if block := _block_of_another_tool(path, file.data, schema):
            path, hint = block
            found.setdefault(path, _Complaints()).texts.append(hint)
        elif kind := wanted(line["type"]):
            found.setdefault(path, _Complaints()).kinds.append(kind)
        else:
            first, *others = (
                placed(path, words, file.data)
                for words in _message(line, path, file.data, schema).split("\n")
            )
            found.setdefault(first[0], _Complaints()).texts.append(first[1])
            several += others
    within = {path[:length] for path in found for length in range(len(path))}
    several += [
        (path, complaints.in_words(_value_at(file.data, path), _unit_at(path, file.data, schema)))
        for path, complaints in found.items()
        if complaints.texts or path not in within
    ]
    return file.problems + [
        Problem(file.line(path), dotted(path), words)
        for path, words in several
        if dotted(path) not in known
    ]


def placed(path: KeyPath, words: str, data: Any) -> tuple[KeyPath, str]:
    """The place and the description of the mistake that `words` report at `path` of `data`.

    Words may begin with the wrong key below `path`, ``on_denied: cannot be used``, or with the full
    path of a key, ``ledger.url needs server.hash_salt``.
    """
    while match := _KEY_FIRST.match(words):
        key, colon, rest = match.groups()
        if colon and _has(_value_at(data, path), key):
            keys: list[str] = [key]
        elif not path and "." in key and _has(data, key.split(".")[0]):
            keys = key.split(".")
        else:
            break
        path, words = (*path, *keys), rest
    return path, _in_an_event(words)


def _in_an_event(words: str) -> str:
    """`words` about a field of an event, without the names of Python's types."""
    kinds = [_OF_EVENTS[kind] for kind in _A_VALID.findall(words) if kind in _OF_EVENTS]
    return f"is not {' or '.join(dict.fromkeys(kinds))}" if kinds else words


def _unit_at(path: KeyPath, data: Any, schema: dict[str, Any]) -> str:
    name = next((key for key in reversed(path) if isinstance(key, str)), "")
    return unit_of(name, description_at(schema, data, path)) if path else ""


@dataclass(slots=True)
class _Complaints:
    """What is wrong with one value. Each branch of a union complains: those that wanted another
    kind of value (`kinds`) count only when no branch got the kind that it wanted (`texts`)."""

    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def in_words(self, given: Any, unit: str) -> str:
        return "; or ".join(dict.fromkeys(self.texts)) or wrong_kind(self.kinds, given, unit)


def unset_variables(file: YamlFile, schema: dict[str, Any]) -> list[Problem]:
    """The problems that `file` had already. Those of unset variables also have the description of
    the setting, which says where a credential comes from."""
    about = {dotted(path): path for path in file.unset}
    return [
        replace(
            problem, message=_with_description(problem.message, about[problem.path], file, schema)
        )
        if problem.message.startswith(UNSET)
        else problem
        for problem in file.problems
    ]


def _with_description(message: str, path: KeyPath, file: YamlFile, schema: dict[str, Any]) -> str:
    first_sentence = description_at(schema, file.data, path).partition(". ")[0].removesuffix(".")
    return f"{message}. {first_sentence}." if first_sentence else message


def places_of(error: ValidationError, data: Any) -> Iterator[KeyPath]:
    """Where the mistakes in `error` about `data` are; for a missing key, where it should be."""
    for line in error.errors(include_url=False, include_input=False):
        path = _real_path(line, data)
        for words in line["msg"].split("\n"):
            yield placed(path, _OF_PYDANTIC.sub("", words), data)[0]


def _real_path(line: ErrorDetails, data: Any) -> KeyPath:
    """Where `line` is, without the parts that pydantic adds for the branches of a union."""
    location = line["loc"]
    if location[:1] in (("sources",), ("destinations",)):
        location = location[:2] + location[3:]  # the third is the `type`
    path: list[str | int] = []
    for number, key in enumerate(location):
        if _has(data, key):
            path.append(key)
            data = data[key]
        elif line["type"] == "missing" and number == len(location) - 1:
            path.append(key)
    if line["type"] == "union_tag_invalid":
        path.append("type")
    return tuple(path)


def _has(data: Any, key: str | int) -> bool:
    if isinstance(data, dict):
        return key in data
    return isinstance(data, list) and key in range(len(data))


def _message(line: ErrorDetails, path: KeyPath, data: Any, schema: dict[str, Any]) -> str:
    kind, context = line["type"], line.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return _unknown_key(path, names_at(schema, data, path[:-1]))
    if kind == "union_tag_not_found":
        return "needs a `type`"
    if kind == "union_tag_invalid":
        given = _value_at(data, path)
        if isinstance(given, str) and (reason := unusable_kind(str(path[0]), given)):
            return f"{given!r} {reason}"
        known = re.findall(_QUOTED, context["expected_tags"])
        if isinstance(given, str) and (meant := type_of_vendor(str(path[0]), given)):
            return f"{given!r} is not one of {', '.join(known)}; did you mean {meant!r}?"
        return _not_one_of(given, known) + _another_kind(path)
    if kind == "string_pattern_mismatch":
        return pattern_in_words(context["pattern"])
    if kind.startswith("url_"):
        return "is not a URL; write it with https://"
    if kind == "ip_any_network":
        return _no_network(_value_at(data, path))
    if kind == "literal_error":
        given = path[-1] if line["loc"][-1] == "[key]" else _value_at(data, path)
        return _not_one_of(given, re.findall(_QUOTED, context["expected"]))
    return _OF_PYDANTIC.sub("", line["msg"])


def _unknown_key(path: KeyPath, valid: list[str]) -> str:
    name = str(path[-1])
    if _OPERATORS.issubset(valid):
        if hint := operator_hint(str(path[-2]), name, valid):
            return f"there is no such operator; {hint}"
        field = str(path[-2])
        if name in known_names(*field.split(".")):
            return f"there is no such operator; for a field of {field} write `{field}.{name}: ...`"
    elif "when" in valid and (hint := condition_hint(name)):
        return f"unknown key; {hint}"
    return "unknown key" + did_you_mean(name, valid)


def _block_of_another_tool(
    path: KeyPath, data: Any, schema: dict[str, Any]
) -> tuple[KeyPath, str] | None:
    """The place on `path` of a group of conditions with another tool's name, and what to write. A
    sender's own field may have that name, so only a mistake inside it shows that it is a group."""
    for length, key in enumerate(path):
        hint = block_hint(key) if isinstance(key, str) else ""
        if hint and isinstance(_value_at(data, path[: length + 1]), dict | list):
            valid = names_at(schema, data, path[:length])
            if valid and _BLOCKS.issuperset(valid):
                return path[: length + 1], f"is not a group of conditions; {hint}"
    return None


def _no_network(given: Any) -> str:
    try:
        network = ip_network(given, strict=False)
    except ValueError:  # who knows what it is
        return "is not an address or a network; write it as 10.0.0.1 or 10.0.0.0/8"
    return f"{given} is not a network; write {network}"


def _not_one_of(given: Any, valid: list[str]) -> str:
    if isinstance(given, dict | list):  # who knows what is in it
        return f"should be one of {', '.join(valid)}"
    return f"{given!r} is not one of {', '.join(valid)}" + did_you_mean(str(given), valid)


def _another_kind(path: KeyPath) -> str:
    """How to add a kind of source or destination, for a `type` that no installed package has."""
    if len(path) != 3 or path[0] not in _KINDS:  # within the settings of a kind
        return ""
    kind = _KINDS[path[0]]
    return (
        f"; another kind of {kind} comes with a Python package: `pip install` it next to the "
        f"gateway, or write one ({_HOW_TO_ADD[kind]})"
    )


def _value_at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data[key] if _has(data, key) else None
    return data
