"""Finds secrets that name a variable as other tools do, which would be taken literally."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.configuration.schema_walk import SchemaOf, is_secret_at
from gateway.configuration.yaml_file import KeyPath, Problem, YamlFile, dotted

_OTHER = re.compile(
    r"\$(?P<shell>[A-Z_][A-Z0-9_]+)|\$\((?P<make>[A-Za-z_]\w*)\)"
    r"|\{\{ *(?P<template>[A-Za-z_]\w*) *\}\}|%(?P<windows>[A-Z_][A-Z0-9_]+)%"
)


def other_references(file: YamlFile, schema: SchemaOf) -> Iterator[Problem]:
    """A mistake for each secret in `file`, which may have any shape, that is nothing but
    ``$NAME``, ``$(NAME)``, ``{{NAME}}`` or ``%NAME%``. schema: returns that of the settings."""
    for path, text in _texts(file.data):
        found = _OTHER.fullmatch(text)
        if found and path not in file.outside and is_secret_at(schema(), file.data, path):
            name = next(filter(None, found.groups()))
            words = f"`{text}` is taken as the secret itself; write `${{{name}}}`"
            yield Problem(file.line(path), dotted(path), words)


def _texts(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*path, index))
    elif isinstance(data, str):
        yield path, data
