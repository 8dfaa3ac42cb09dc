"""Reads a YAML file as plain data with line numbers, and values from the environment and other
files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarint import ScalarInt

Key = str | int
KeyPath = tuple[Key, ...]

MAX_REPEATED = 10_000
"""Keys and elements that aliases may add to a file. Aliases of aliases multiply: six lines of nine
make half a million values."""

ReadFile = Callable[[str], str]
"""Returns the text in the file with a name; raises `ValueError` when it cannot be read."""

UNSET = "the environment has no "
"""How the problem of a variable that is not set begins."""

REFERENCE_PATTERN = r"\$\{(file:[^}]+|[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?)\}"
_REFERENCE = re.compile(
    r"\$\{(?:file:(?P<file>[^}]+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-(?P<value>[^}]*))?)\}"
    r"|\$\{(?P<begun>(?:env:)?(?P<near>[A-Za-z_][A-Za-z0-9_]*)?)"
)
"""A reference, or the beginning of what looks like one."""

_HALF = re.compile("[\ud800-\udfff]")
_HALF_WORDS = "half of a character, as `\\ud83d` is; write the whole character"


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

    outside: texts that come, at least in part, from another file or from a variable without a
    default, or with an empty one, so they are not written in this file. unset: texts with variables
    that the environment lacks, with or without a default, and the names of these variables.
    written: numbers as they are written, where that differs from their value, as with leading
    zeros. problems: mistakes found while reading: syntax, duplicate keys, names that the
    environment lacks, malformed references, and files that cannot be read.
    """

    data: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    outside: set[KeyPath] = field(default_factory=set)
    unset: dict[KeyPath, list[str]] = field(default_factory=dict)
    written: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path`, or of the nearest one above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def _read_no_file(name: str) -> str:
    raise ValueError("values from other files cannot be used in this file")


def read_yaml(
    text: str, environment: Mapping[str, str] | None, read_file: ReadFile = _read_no_file
) -> YamlFile:
    """Reads YAML 1.2. ``${NAME}`` in a text comes from `environment`, ``${NAME:-default}`` too, and
    ``${file:PATH}`` from `read_file`. Any other ``${`` is a mistake. Without an environment, texts
    stay as they are written.

    Never raises: whatever is wrong is in ``problems``, without the values in the file.
    """
    try:
        tree, noted = _parsed(text)
        reader = _Reader(environment, read_file, noted)
        reader.read(tree)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(mark.line + 1 if mark else 1, "", f"not YAML: {_yaml_words(error)}")
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = Problem(line, "", f"not YAML: {chr(error.character)!r} must be escaped")
    except YAMLError as error:
        problem = Problem(1, "", f"not YAML: {str(error).splitlines()[0]}")
    except _TooManyAliases as error:
        message = (
            f"aliases (`*name`) repeat more than {MAX_REPEATED} keys and elements; write out what "
            "differs, and use fewer aliases inside what an alias repeats"
        )
        problem = Problem(error.line, "", message)
    except RecursionError:
        problem = Problem(1, "", "not YAML: nested too deeply")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # from ruamel's constructors, which trust a tag to fit its value
        problem = Problem(1, "", "not YAML: a number, date or tag in it makes no sense")
    else:
        return reader.file
    return YamlFile(problems=[problem])


@lru_cache(maxsize=1)
def _parsed(text: str) -> tuple[Any, _Noted]:
    """ruamel's tree, which must not be changed, and notes about the file. Cached for the next read
    of the same text."""
    yaml = YAML()
    yaml.Constructor = _Constructor
    with warnings.catch_warnings(action="ignore"):  # they quote the file
        tree = yaml.load(text)
    return tree, yaml.constructor.noted


def _yaml_words(error: MarkedYAMLError) -> str:
    """What is wrong, without names from the file, which may be secrets that lack quotes."""
    problem = str(error.problem or error.context or "").split("\n")[0]
    if problem.startswith("but "):
        problem = f"{error.context}, {problem}"
    if starts := re.search(r"found character ('.*') that cannot start any token", problem):
        if starts[1] == r"'\t'":
            return "a tab; indent with spaces"
        return f"a value cannot begin with {starts[1]}; put it in quotes"
    if problem == "mapping values are not allowed here":
        problem += ". Put texts with a colon and a space in quotes, and check the indentation"
    if problem.startswith("expected ',' or"):
        problem += ". Look for a bracket that is not closed, here or in a line above"
    return re.sub(r"""\b(alias|anchor|handle|tag|from) ['"].*['"]""", r"\1", problem)


@dataclass(frozen=True, slots=True)
class _Noted:
    """Notes about a file that ruamel's tree does not keep.

    repeated: keys with their lines, by the id of the object that they are in. written: the text of
    numbers that would be printed differently, by the id of the number.
    """

    repeated: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)


class _Constructor(RoundTripConstructor):
    """Notes duplicate keys, where ruamel's own constructor would stop and show their values, and
    how numbers are written."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.noted = _Noted()

    def construct_yaml_int(self, node: Any) -> Any:
        value = super().construct_yaml_int(node)
        if str(int(value)) == node.value:
            return value
        alone = ScalarInt(value)  # Python shares small numbers
        self.noted.written[id(alone)] = node.value
        return alone

    def construct_yaml_float(self, node: Any) -> Any:
        value = super().construct_yaml_float(node)
        if str(float(value)) != node.value:
            self.noted.written[id(value)] = node.value
        return value

    def construct_yaml_timestamp(self, node: Any, values: Any = None) -> Any:
        super().construct_yaml_timestamp(node, values)  # raises for what is no date
        return self.construct_yaml_str(node)

    def check_mapping_key(
        self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any
    ) -> bool:
        if key not in mapping:
            return True
        place = (str(key), key_node.start_mark.line + 1)
        self.noted.repeated.setdefault(id(mapping), []).append(place)
        return False


for _kind in ("int", "float", "timestamp"):
    _Constructor.add_constructor(
        f"tag:yaml.org,2002:{_kind}", getattr(_Constructor, f"construct_yaml_{_kind}")
    )


class _TooManyAliases(Exception):
    """line: of the object that is repeated, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Reader:
    """Turns ruamel's tree into plain data, and notes lines and problems on the way."""

    def __init__(
        self,
        environment: Mapping[str, str] | None,
        read_file: ReadFile,
        noted: _Noted,
    ) -> None:
        self.file = YamlFile()
        self._environment = environment
        self._read_file = read_file
        self._noted = noted
        self._seen: set[int] = set()
        self._repeats = 0

    def read(self, tree: Any) -> None:
        self.file.data = self._plain(tree, ())

    def _plain(self, node: Any, path: KeyPath) -> Any:
        if isinstance(node, CommentedMap | CommentedSeq):
            self._count(node)
        if isinstance(node, CommentedMap):
            return self._object(node, path)
        if isinstance(node, CommentedSeq):
            for index in range(len(node)):
                self.file.lines[(*path, index)] = node.lc.data[index][0] + 1
            return [self._plain(v, (*path, i)) for i, v in enumerate(node)]
        if isinstance(node, str | TaggedScalar):
            text = _whole(str(getattr(node, "value", node)))
            if _HALF.search(text):
                self._report(path, f"has {_HALF_WORDS}")
            return self._interpolate(text, path)
        if id(node) in self._noted.written:
            self.file.written[path] = self._noted.written[id(node)]
        return _scalar(node)

    def _object(self, node: CommentedMap, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        repeated = list(self._noted.repeated.get(id(node), ()))
        for key, value in node.items():
            name = self._name(key)
            if _HALF.search(name):
                self._report(path, f"has a key with {_HALF_WORDS}", _own_line(node, key))
            elif name in values:  # such as 1 and "1"
                repeated.append((name, _own_line(node, key)))
            else:
                self.file.lines[(*path, name)] = _own_line(node, key)
                values[name] = value
        for name, line in repeated:
            first = self.file.lines.get((*path, name), line)
            words = f"duplicate key; it is also in line {first}. Remove one"
            self._report((*path, name), words, line)
        return {name: self._plain(value, (*path, name)) for name, value in values.items()}

    def _name(self, key: Any) -> str:
        """`key` as a text. A number with leading zeros is a code and stays as it is written."""
        written = self._noted.written.get(id(key), "")
        return written if has_zeros_in_front(written) else _whole(str(key))

    def _count(self, node: CommentedMap | CommentedSeq) -> None:
        """Raises `_TooManyAliases` when `node` occurs again and exceeds `MAX_REPEATED`."""
        if id(node) not in self._seen:
            self._seen.add(id(node))
            return
        self._repeats += 1 + len(node)
        if self._repeats > MAX_REPEATED:
            raise _TooManyAliases(node.lc.line + 1)

    def _interpolate(self, text: str, path: KeyPath) -> str:
        environment = self._environment
        if environment is None or "${" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            if not match["value"]:
                self.file.outside.add(path)
            if match["begun"] is not None:
                self._report(path, _no_reference(match["begun"], match["near"]))
                return ""
            if match["file"]:
                return self._value_in_file(match["file"], path)
            return self._variable(match, path, environment)

        return _REFERENCE.sub(value, text)

    def _value_in_file(self, name: str, path: KeyPath) -> str:
        try:
            return self._read_file(name)
        except ValueError as error:
            self._report(path, str(error))
            return ""

    def _variable(self, match: re.Match[str], path: KeyPath, environment: Mapping[str, str]) -> str:
        name, found = match["name"], environment.get(match["name"])
        if found or (found is not None and not match["default"]):
            return found
        self.file.unset.setdefault(path, []).append(name)
        if not match["default"]:
            wanted = f"set it there or in .env, or write ${{{name}:-default}}"
            self._report(path, f"{UNSET}{name}; {wanted}")
        return match["value"] or ""

    def _report(self, path: KeyPath, message: str, line: int | None = None) -> None:
        problem = Problem(line or self.file.line(path), dotted(path), message)
        self.file.problems.append(problem)


def defaults_in(text: object) -> list[str]:
    """The defaults of the variables in `text`, as it is written; none if it is not a text."""
    found = _REFERENCE.finditer(text) if isinstance(text, str) else ()
    return [match["value"] for match in found if match["value"]]


def _whole(text: str) -> str:
    """`text` with surrogate pairs, as JSON escapes write them, joined into characters."""
    if not _HALF.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def has_zeros_in_front(written: str) -> bool:
    """Whether a number is written with leading zeros, as a code is: ``01067``."""
    return len(written) > 1 and written[0] == "0" and written.isascii() and written.isdigit()


def _no_reference(begun: str, near: str | None) -> str:
    """What is wrong with a ``${`` that begins no reference. What follows the name is not repeated:
    it may be a default that is a secret."""
    name = near if near and near != "file" else "NAME"
    wish = f"write `${{{name}}}`, `${{{name}:-default}}` or `${{file:PATH}}`"
    if not begun.isupper():  # it may be meant literally, as a price in a template
        wish += "; for the two characters `${` themselves write `${DOLLAR:-$}{`"
    return f"`${{{begun}...` is not a reference; {wish}"


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


def dotted(path: KeyPath) -> str:
    """`path` as people write it: ``rules.0.when.event_name``."""
    return ".".join(str(key) for key in path)
