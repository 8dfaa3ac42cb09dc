"""The JSON Schema of the configuration as people write it, for editors.

It takes what the gateway takes: numbers and booleans in the forms that are converted, and
``${NAME}`` in place of a scalar. Wherever the kind of a value tells which part of a union is meant,
``if`` and ``then`` say so, so that a mistake is reported at its own key.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from gateway.configuration.settings import settings_model
from gateway.configuration.yaml_file import REFERENCE_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NULL = {"type": "null"}
_UNIONS = ("anyOf", "oneOf")
_REFERENCE = {"type": "string", "pattern": REFERENCE_PATTERN}
_FORMS: dict[
    str, tuple[list[str], str]
] = {  # the types in which a scalar may be written, and the texts that stand for one
    "boolean": (
        ["boolean", "string", "integer"],
        r"^([Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[Yy]([Ee][Ss])?|[Nn][Oo]?|[Oo][Nn]|"
        r"[Oo][Ff][Ff]|0|1)$",
    ),
    "integer": (["integer", "string"], r"^\s*[-+]?\d+(_\d+)*(\.0*)?\s*$"),
    "number": (["number", "string"], r"^\s*[-+]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"),
}
_OF_FORMAT: dict[str, JsonSchemaValue] = {
    "uri": {"pattern": r"^\s*[Hh][Tt][Tt][Pp][Ss]?:"},
    "ipvanynetwork": {"type": ["string", "integer"]},
}


def file_schema() -> JsonSchemaValue:
    """JSON Schema (2020-12) of a configuration file, whatever the environment holds."""
    schema = settings_model().model_json_schema(schema_generator=_Lenient)
    return {"$schema": DIALECT, **as_written(schema)}


class _Lenient(GenerateJsonSchema):
    """Lets a number stand for a text where the settings take one."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        if self._config.coerce_numbers_to_str:
            made["type"] = ["string", "number"]
        return made


def as_written(schema: Any) -> Any:
    """`schema`, a JSON Schema of values, for the forms in which a file may have them."""
    if not isinstance(schema, dict):  # true or false
        return schema
    if "discriminator" in schema:
        return _by_type(schema)
    written = {key: _part(key, value) for key, value in schema.items() if key not in _UNIONS}
    branches = _branches(schema)
    return {**written, **_union(branches)} if branches else _scalar(written)


def _part(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties", "$defs"):
        return {name: as_written(part) for name, part in value.items()}
    return as_written(value) if key in ("items", "additionalProperties") else value


def _branches(schema: JsonSchemaValue) -> list[JsonSchemaValue]:
    """The branches of a union, and of those in it; none for anything else."""
    branches = [branch for key in _UNIONS for branch in schema.get(key, ())]
    return [inner for branch in branches for inner in _branches(branch) or [branch]]


def _by_type(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Settings of one of several kinds, which their `type` tells."""
    kinds = schema["discriminator"]["mapping"]
    choices = [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": {"$ref": reference},
        }
        for kind, reference in kinds.items()
    ]
    a_kind = {"anyOf": [{"enum": list(kinds)}, _REFERENCE]}
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": a_kind},
        "allOf": choices,
    }


def _union(branches: list[JsonSchemaValue]) -> JsonSchemaValue:
    """One of `branches`. A list or an object tells by its kind which of them is meant."""
    container = next(filter(_is_container, branches), None)
    if container and len(branches) > 1:
        kind = "array" if container.get("type") == "array" else "object"
        others = _union([branch for branch in branches if branch is not container])
        return {"if": {"type": kind}, "then": as_written(container), "else": others}
    if _takes_every_text(branches):
        return {"type": list(dict.fromkeys(name for each in branches for name in _types(each)))}
    written = [inner for each in map(as_written, branches) for inner in _branches(each) or [each]]
    if len(written) == 1:
        return written[0]
    if len(written) == 2 and written[1] == _NULL and "type" in written[0]:
        return {**written[0], "type": [*_types(written[0]), "null"]}
    return {"anyOf": written}


def _is_container(schema: JsonSchemaValue) -> bool:
    return "$ref" in schema or schema.get("type") in ("object", "array")


def _takes_every_text(branches: list[JsonSchemaValue]) -> bool:
    plain = all(branch.keys() == {"type"} for branch in branches)
    return plain and any("string" in _types(branch) for branch in branches)


def _types(schema: JsonSchemaValue) -> list[str]:
    types: str | list[str] = schema["type"]
    return types if isinstance(types, list) else [types]


def _scalar(schema: JsonSchemaValue) -> JsonSchemaValue:
    """`schema` of a scalar, which may be written in another form or come from elsewhere.

    Its other keywords stay: those of numbers do not apply to texts, nor those of texts to numbers.
    """
    kind = schema.get("type")
    if isinstance(kind, str) and kind in _FORMS:
        types, texts = _FORMS[kind]
        return {**schema, "type": types, "pattern": f"{texts}|{REFERENCE_PATTERN}"}
    if "enum" in schema:
        values = {key: schema[key] for key in ("enum", "type") if key in schema}
        return {**_without(schema, *values), "anyOf": [values, _REFERENCE]}
    if "format" in schema:
        schema = {**_without(schema, "format"), **_OF_FORMAT.get(schema["format"], {})}
    if "pattern" in schema:
        return {**schema, "pattern": f"{schema['pattern']}|{REFERENCE_PATTERN}"}
    return schema


def _without(schema: JsonSchemaValue, *keys: str) -> JsonSchemaValue:
    return {key: value for key, value in schema.items() if key not in keys}
