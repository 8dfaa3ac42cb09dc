"""Numbers where a text is wanted, whose digits a number does not keep: ``0123`` would be 123."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.schema_walk import SchemaOf, is_text_at
from gateway.configuration.yaml_file import Problem, YamlFile, dotted


def lost_digits(file: YamlFile, schema: SchemaOf) -> Iterator[Problem]:
    """A mistake for each text that is written as a number in another form than the value has, so
    that it would be another text. schema: returns that of the settings."""
    for path in file.written:
        if is_text_at(schema(), file.data, path):
            yield Problem(file.line(path), dotted(path), "should be a text: write it in quotes")
