"""Compiles a schema of the configuration, and says in words what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gateway.stages.schemas.settings import SchemaSettings

if TYPE_CHECKING:
    import jsonschema_rs


class SchemaMistake(ValueError):
    """A schema that cannot be used. key: of the setting that is wrong, ``file`` or ``schema``."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def load_validator(settings: SchemaSettings, folder: Path) -> jsonschema_rs.Validator:
    """The validator for the schema in `settings`. folder: what file paths are relative to.

    Nothing is fetched: a schema that refers to another document is a mistake. Patterns run in
    linear time. Raises `SchemaMistake`.
    """
    return compile_schema(settings, load_schema(settings, folder))


def load_schema(settings: SchemaSettings, folder: Path) -> Any:
    """The schema in `settings`, as it is written. Raises `SchemaMistake`."""
    return settings.schema_ if settings.file is None else _read(folder / settings.file)


def _read(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise SchemaMistake("file", f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SchemaMistake("file", f"{path} is not JSON: {error}") from None


def compile_schema(settings: SchemaSettings, schema: Any) -> jsonschema_rs.Validator:
    """The validator for `schema`, which was loaded for `settings`. Raises `SchemaMistake`."""
    key = "schema" if settings.file is None else "file"
    if not isinstance(schema, dict):
        raise SchemaMistake(key, "a JSON Schema must be an object")
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(
            schema,
            validate_formats=True,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )
    except jsonschema_rs.ValidationError as error:
        raise SchemaMistake(key, _in_words(error)) from None
    except ValueError as error:
        raise SchemaMistake(key, f"not a JSON Schema: {error}") from None


def _in_words(error: jsonschema_rs.ValidationError) -> str:
    """`error` in short: with its place, without the whole schema that the library repeats."""
    from jsonschema_rs import ValidationErrorKind

    if isinstance(error.kind, ValidationErrorKind.Referencing):
        missing = error.message.split(" and retrieving it")[0].split(". ")[0]
        return f"{missing}; a schema can only refer to its own $defs"
    place = ".".join(str(part) for part in error.instance_path)
    return f"not a JSON Schema: {place}: {error.message}" if place else str(error.message)
