"""What `gateway test` says about fields in its cases that no event is likely to have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.configuration.yaml_file import KeyPath, dotted
from gateway.event.person import read_as
from gateway.explain.cases import CasesFile
from gateway.operations.checking.fields import meant_field
from gateway.operations.checking.written_paths import made_fields, written_paths


def case_notes(cases: CasesFile) -> Iterator[str]:
    """A warning for each field of an event, given or expected, that is close to one that the
    gateway knows, and for each expected one that is read under another name. Fields that the
    configuration makes or reads are known."""
    file = cases.file
    known = {*made_fields(cases.settings), *(each.path for each in written_paths(cases.settings))}
    for place, path, is_given in _fields(file.data):
        if path in known:
            continue
        begin = f"Warning: {cases.path}:{file.line(place)}: {dotted(place)}"
        if ours := read_as(path):
            if not is_given:
                yield f"{begin}: `{path}` is read as `{ours}`; expect that."
        elif (meant := meant_field(path)) and not (is_given and _is_above(meant, path)):
            yield f"{begin}: the gateway knows no such field; did you mean {meant!r}?"


def _fields(data: dict[str, Any]) -> Iterator[tuple[KeyPath, str, bool]]:
    """Each field of an event: its place in the file, its path, and whether the event is given."""
    for index, case in enumerate(data["cases"]):
        place: KeyPath = ("cases", index)
        for keys in _keys_in(case["given"]["event"]):
            yield (*place, "given", "event", *keys), dotted(keys), True
        for path in case["expect"].get("event") or ():
            yield (*place, "expect", "event", path), path, False
        for name, expected in (case["expect"].get("destinations") or {}).items():
            for path in expected.get("event") or () if isinstance(expected, dict) else ():
                there = (*place, "expect", "destinations", name, "event", path)
                yield there, path, False


def _is_above(meant: str, path: str) -> bool:
    """Whether the misspelt name in `path` is that of an object above, which has its own warning."""
    return meant.rpartition(".")[2] == path.rpartition(".")[2]


def _keys_in(value: Any) -> Iterator[KeyPath]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield (key,)
            yield from ((key, *below) for below in _keys_in(part))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from ((index, *below) for below in _keys_in(part))
