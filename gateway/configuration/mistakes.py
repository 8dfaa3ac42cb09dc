"""What is wrong with a configuration, in words: file, line, key, and the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.configuration.kinds import unusable_kind
from gateway.configuration.yaml_file import KeyPath, Problem, YamlFile, dotted
from gateway.event.text import did_you_mean

_PREFIX = re.compile(r"^(Value error, |(Input|String|List|Dictionary|Value) (?=should ))")
_NOT_A_MAPPING = frozenset({"dict_type", "model_type", "model_attributes_type"})


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
    file = file or YamlFile()
    known = {problem.path for problem in file.problems}
    messages: dict[KeyPath, list[str]] = {}
    for line in error.errors(include_url=False, include_input=False):
        path = _real_path(line, file.data)
        message = _message(line, path, file.data, schema or {})
        if dotted(path) not in known and message not in messages.setdefault(path, []):
            messages[path].append(message)
    return file.problems + [
        Problem(file.line(path), dotted(path), "; or ".join(texts))
        for path, texts in messages.items()
    ]


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
        return "unknown key" + did_you_mean(str(path[-1]), _names_at(schema, data, path[:-1]))
    if kind == "union_tag_not_found":
        return "needs a `type`"
    if kind in ("union_tag_invalid", "literal_error"):
        given = path[-1] if line["loc"][-1] == "[key]" else _value_at(data, path)
        valid = re.findall(r"'([^']+)'", context.get("expected_tags") or context["expected"])
        if isinstance(given, dict | list):  # who knows what is in it
            return f"should be one of {', '.join(valid)}"
        if kind == "union_tag_invalid" and (reason := unusable_kind(str(path[0]), str(given))):
            return f"{given!r} {reason}"
        return f"{given!r} is not one of {', '.join(valid)}" + did_you_mean(str(given), valid)
    if kind in _NOT_A_MAPPING:
        return "should have keys and values"
    return _PREFIX.sub("", line["msg"])


def _value_at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data[key]
    return data


def _names_at(schema: dict[str, Any], data: Any, path: KeyPath) -> list[str]:
    """The keys that `schema` allows in the object at `path` of `data`."""
    nodes = [schema]
    for key in path:
        nodes = [child for node in nodes for child in _children(node, key, data, schema)]
        data = data[key]
    return sorted(
        {
            name
            for node in nodes
            for branch in _branches(node, data, schema)
            for name in branch.get("properties", ())
        }
    )


def _children(
    node: dict[str, Any], key: str | int, data: Any, schema: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for branch in _branches(node, data, schema):
        properties = branch.get("properties", {})
        if isinstance(key, int):
            yield from [branch["items"]] if "items" in branch else []
        elif key in properties:
            yield properties[key]
        elif isinstance(extra := branch.get("additionalProperties"), dict):
            yield extra
        yield from branch.get("patternProperties", {}).values()


def _branches(node: dict[str, Any], data: Any, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`node` with references followed; of a union the branch of the `type` in `data`, or all."""
    if "$ref" in node:
        yield from _branches(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], data, schema)
    elif mapping := node.get("discriminator", {}).get("mapping"):
        chosen = data.get("type") if isinstance(data, dict) else None
        if chosen in mapping:
            yield from _branches({"$ref": mapping[chosen]}, data, schema)
    elif union := node.get("oneOf") or node.get("anyOf"):
        for branch in union:
            yield from _branches(branch, data, schema)
    else:
        yield node
