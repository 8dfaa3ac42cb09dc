"""A YAML file as plain data that still knows its lines, with values from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

Key = str | int
KeyPath = tuple[Key, ...]

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-(?P<value>[^}]*))?\}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file. line: from 1. path: of the key, `destinations.meta.pixel_id`."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.line}: {self.path}: {self.message}"
            if self.path
            else f"{self.line}: {self.message}"
        )


@dataclass(slots=True)
class YamlFile:
    """data: plain dicts, lists and scalars. lines: of each key and list element, from 1.

    problems: what was wrong already here: syntax, and names that the environment lacks.
    """

    data: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path`, or of the nearest one above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(text: str, environment: Mapping[str, str]) -> YamlFile:
    """Reads YAML 1.2. ``${NAME}`` in a text comes from `environment`, ``${NAME:-default}`` too.

    Never raises: whatever is wrong is in ``problems``.
    """
    file = YamlFile()
    try:
        tree = YAML().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context or "not YAML").split("\n")[0]
        file.problems.append(Problem(mark.line + 1 if mark else 1, "", f"not YAML: {problem}"))
    except YAMLError as error:
        file.problems.append(Problem(1, "", f"not YAML: {str(error).splitlines()[0]}"))
    else:
        file.data = _plain(tree, (), file, environment)
    return file


def read_yaml_file(path: Path, environment: Mapping[str, str]) -> YamlFile:
    """`read_yaml` of a file. Raises OSError and UnicodeDecodeError when it cannot be read."""
    return read_yaml(path.read_text(encoding="utf-8"), environment)


def _plain(node: Any, path: KeyPath, file: YamlFile, environment: Mapping[str, str]) -> Any:
    if isinstance(node, CommentedMap):
        for key in node:
            file.lines[(*path, str(key))] = _own_line(node, key)
        return {str(k): _plain(v, (*path, str(k)), file, environment) for k, v in node.items()}
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            file.lines[(*path, index)] = node.lc.data[index][0] + 1
        return [_plain(v, (*path, i), file, environment) for i, v in enumerate(node)]
    if isinstance(node, str):
        return _interpolate(str(node), path, file, environment)
    return _scalar(node)


def _own_line(node: CommentedMap, key: Any) -> int:
    """Keys that came by a merge (``<<``) have no line of their own."""
    position = node.lc.data.get(key) if node.lc.data else None
    line: int = position[0] if position else node.lc.line
    return line + 1


def _scalar(value: Any) -> Any:
    """ruamel's own number types as the plain ones that they extend."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)


def _interpolate(text: str, path: KeyPath, file: YamlFile, environment: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, found = match["name"], environment.get(match["name"])
        if found is None or (found == "" and match["default"]):
            if not match["default"]:
                message = f"the environment has no {name}; set it, or write ${{{name}:-default}}"
                file.problems.append(Problem(file.line(path), dotted(path), message))
            return match["value"] or ""
        return found

    return _REFERENCE.sub(value, text)


def dotted(path: KeyPath) -> str:
    """`path` as people write it: ``rules.0.when.event_name``."""
    return ".".join(str(key) for key in path)
