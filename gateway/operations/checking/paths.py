"""What `gateway check` says about fields that no event is likely to have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import dotted, read_yaml
from gateway.event.paths import ANY
from gateway.event.person import read_as
from gateway.operations.checking.fields import meant_field, meant_name
from gateway.operations.checking.written_paths import listed_names, made_fields, written_paths

_INDEX = re.compile(r"(?<=[^.])\[(\d+|[*]?)\]")
_IN_URL = re.compile(r"\.(?:query|fragment)\b.*")
"""The part of a path whose names are those of URL parameters, which may have brackets."""


def path_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for each path that is close to one that the gateway knows, for each that is read
    under another name, and for each in the notation of other tools. Other names are left alone:
    events may have fields of their own."""
    lines = read_yaml(settings.text, {})
    own = set(made_fields(settings))
    for place, path, verb in written_paths(settings):
        if path in own:
            continue
        begin = f"Warning: {config}:{lines.line(place)}: {dotted(place)}"
        if ours := read_as(path):
            yield f"{begin}: `{path}` is read as `{ours}`; this {verb} nothing."
        elif (dots := _with_dots(path)) != path:
            yield f"{begin}: brackets are part of a name here; did you mean {dots!r}?"
        elif any(ANY in key and key != ANY for key in path.split(".")):
            yield f"{begin}: `*` is no pattern in a name, so this {verb} nothing; name each field."
        elif meant := meant_field(path):
            yield f"{begin}: the gateway knows no such field; did you mean {meant!r}?"
    for place, name in listed_names(settings):
        meant = meant_field(name) if "." in name else meant_name(name)
        if meant and name not in own:
            begin = f"Warning: {config}:{lines.line(place)}: {dotted(place)}"
            yield f"{begin}: the gateway knows no such field; did you mean {meant!r}?"


def _with_dots(path: str) -> str:
    """`path` with dots in place of brackets: ``items[0].price`` becomes ``items.0.price``."""
    fields = _IN_URL.sub("", path)
    return _INDEX.sub(lambda index: f".{index[1] or ANY}", fields) + path.removeprefix(fields)
