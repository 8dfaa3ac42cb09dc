"""What is wrong with a configuration, in words: file, line, key, and the nearest valid name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.configuration.kinds import unusable_kind
from gateway.configuration.schema_walk import description_at, names_at
from gateway.configuration.wanted import wanted, wrong_kind
from gateway.configuration.yaml_file import UNSET, Key, KeyPath, Problem, YamlFile, dotted
from gateway.event.text import did_you_mean

_OF_PYDANTIC = re.compile(
    r"^Value error, |(?:^|(?<=: ))(?:Input|String|List|Dictionary|Value) (?=should )"
    r"| after validation, not \d+$"
)
_QUOTED = re.compile(r"'([^']+)'")
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
    for line in error.errors(include_url=False, include_input=False):
        path = _real_path(line, file.data)
        complaints = found.setdefault(path, _Complaints())
        if kind := wanted(line["type"]):
            complaints.kinds.append(kind)
        else:
            complaints.texts.append(_message(line, path, file.data, schema))
    within = {path[:length] for path in found for length in range(len(path))}
    return file.problems + [
        Problem(file.line(path), dotted(path), complaints.in_words(_value_at(file.data, path)))
        for path, complaints in found.items()
        if dotted(path) not in known and (complaints.texts or path not in within)
    ]


@dataclass(slots=True)
class _Complaints:
    """What is wrong with one value. Each branch of a union complains: those that wanted another
    kind of value (`kinds`) count only when no branch got the kind that it wanted (`texts`)."""

    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def in_words(self, given: Any) -> str:
        return "; or ".join(dict.fromkeys(self.texts)) or wrong_kind(self.kinds, given)


def unset_variables(file: YamlFile, schema: dict[str, Any]) -> list[Problem]:
    """The problems that `file` had already; of variables that are not set with the description of
    their setting, which says where a credential comes from."""
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
        return "unknown key" + did_you_mean(str(path[-1]), names_at(schema, data, path[:-1]))
    if kind == "union_tag_not_found":
        return "needs a `type`"
    if kind == "union_tag_invalid":
        given = _value_at(data, path)
        if isinstance(given, str) and (reason := unusable_kind(str(path[0]), given)):
            return f"{given!r} {reason}"
        known = re.findall(_QUOTED, context["expected_tags"])
        return _not_one_of(given, known) + _another_kind(path)
    if kind == "literal_error":
        given = path[-1] if line["loc"][-1] == "[key]" else _value_at(data, path)
        return _not_one_of(given, re.findall(_QUOTED, context["expected"]))
    return _OF_PYDANTIC.sub("", line["msg"])


def _not_one_of(given: Any, valid: list[str]) -> str:
    if isinstance(given, dict | list):  # who knows what is in it
        return f"should be one of {', '.join(valid)}"
    return f"{given!r} is not one of {', '.join(valid)}" + did_you_mean(str(given), valid)


def _another_kind(path: KeyPath) -> str:
    """How to add a kind of source or destination, for a `type` that no installed package has."""
    if len(path) != 3 or path[0] not in _KINDS:  # of a part of some kind's own settings
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
