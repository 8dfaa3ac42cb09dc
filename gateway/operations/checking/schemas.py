"""What `gateway check` says about schemas that no event matches, and words in them that check
nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import KeyPath, dotted, read_yaml
from gateway.operations.checking.schema_words import words_without_effect
from gateway.operations.checking.written_paths import made_fields
from gateway.stages.schemas import SchemaMistake, compile_schema, load_schema

_ALWAYS = {"event_id": "1", "timestamp": 1.0, "consent": {}}
"""Fields that every event has when schemas see it."""


def schema_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for each schema that allows no other fields than its own, and leaves out fields
    that every event has; and for each word in a schema that checks nothing."""
    lines = read_yaml(settings.text, {})
    own = set(made_fields(settings))
    for name, each in settings.schemas.items():
        try:
            schema = load_schema(each, settings.folder)
            validator = compile_schema(each, schema)
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
        key = "file" if each.file else "schema"
        for at, words in words_without_effect(schema, own):
            place: KeyPath = ("schemas", name, key, *at)
            end = "" if words.endswith("?") else "."
            yield f"Warning: {config}:{lines.line(place)}: {dotted(place)}: {words}{end}"
