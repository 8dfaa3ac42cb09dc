"""What `gateway check` says about fields that no event is likely to have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import dotted, read_yaml
from gateway.event.person import read_as
from gateway.operations.checking.fields import meant_field
from gateway.operations.checking.written_paths import made_fields, written_paths


def path_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for each path that is close to one that the gateway knows, and for each that is
    read under another name. Other names are left alone: events may have fields of their own."""
    lines = read_yaml(settings.text, {})
    own = set(made_fields(settings))
    for place, path, verb in written_paths(settings):
        if path in own:
            continue
        begin = f"Warning: {config}:{lines.line(place)}: {dotted(place)}"
        if ours := read_as(path):
            yield f"{begin}: `{path}` is read as `{ours}`; this {verb} nothing."
        elif meant := meant_field(path):
            yield f"{begin}: the gateway knows no such field; did you mean {meant!r}?"
