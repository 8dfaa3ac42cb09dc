"""What `gateway check` says about schemas that no event matches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import read_yaml
from gateway.stages.schemas import SchemaMistake, load_validator

_ALWAYS = {"event_id": "1", "timestamp": 1.0, "consent": {}}
"""Fields that every event has when schemas see it."""


def schema_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for each schema that allows no other fields than its own, and leaves out fields
    that every event has."""
    lines = read_yaml(settings.text, {})
    for name, each in settings.schemas.items():
        try:
            validator = load_validator(each, settings.folder)
        except SchemaMistake:  # the file has changed since the settings were read
            continue
        for error in validator.iter_errors({"event_name": name, **_ALWAYS}):
            unexpected = getattr(error.kind, "unexpected", None)
            if unexpected and not [*error.instance_path]:
                yield (
                    f"Warning: {config}:{lines.line(('schemas', name))}: schemas.{name}: no event "
                    f"matches, because {error.kind.name} is false, and every event has "
                    f"{', '.join(sorted(unexpected))}. The gateway adds further fields, such as "
                    f"bot and user_agent: allow others, or list these too."
                )
                break
