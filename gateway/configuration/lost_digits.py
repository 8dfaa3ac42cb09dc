"""Finds texts that are written as numbers and would lose digits: ``0123`` would become 123."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.schema_walk import SchemaOf, is_text_at, may_be_text_at
from gateway.configuration.yaml_file import (
    Problem,
    YamlFile,
    dotted,
    has_zeros_in_front,
)


def lost_digits(file: YamlFile, schema: SchemaOf) -> Iterator[Problem]:
    """A mistake for each text that is written as a number and would change when converted. Where
    numbers are allowed too, only those with leading zeros count as texts. schema: returns the
    schema of the file."""
    for path, written in file.written.items():
        is_code = has_zeros_in_front(written) and may_be_text_at(schema(), file.data, path)
        if is_code or is_text_at(schema(), file.data, path):
            yield Problem(file.line(path), dotted(path), "should be a text: write it in quotes")
