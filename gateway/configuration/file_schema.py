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
_FORMS: dict[str, tuple[list[str], str]] = {
    "boolean": (
        ["boolean", "string", "integer"],
        r"^([Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[Yy]([Ee][Ss])?|[Nn][Oo]?|[Oo][Nn]|"
        r"[Oo][Ff][Ff]|0|1)$",
    ),
    "integer": (["integer", "string"], r"^\s*[-+]?\d+(_\d+)*(\.0*)?\s*$"),
    "number": (["number", "string"], r"^\s*[-+]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"),
}
"""For each kind of scalar, the types that it may be written in, and the texts that stand for it."""

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


def as_written(schema: JsonSchemaValue) -> JsonSchemaValue:
    """`schema`, a JSON Schema of values, for the forms in which a file may have them."""
    written: JsonSchemaValue = _Writer(schema.get("$defs", {})).written(schema)
    return written


class _Writer:
    """definitions: the schemas that ``$ref`` leads to, by name."""

    def __init__(self, definitions: JsonSchemaValue) -> None:
        self._definitions = definitions

    def written(self, schema: Any) -> Any:
        """As `as_written`. The schemas true and false, which accept all and nothing, stay."""
        if not isinstance(schema, dict):
            return schema
        if "discriminator" in schema:
            return _by_type(schema)
        written = {k: self._part(k, value) for k, value in schema.items() if k not in _UNIONS}
        branches = _branches(schema)
        return {**written, **self._union(branches)} if branches else _scalar(written)

    def _part(self, key: str, value: Any) -> Any:
        if key in ("properties", "patternProperties", "$defs"):
            return {name: self.written(part) for name, part in value.items()}
        return self.written(value) if key in ("items", "additionalProperties") else value

    def _union(self, branches: list[JsonSchemaValue]) -> JsonSchemaValue:
        """A schema for one of `branches`. If only one of them takes a list, or an object, such a
        value selects it."""
        kinds = [self._kind(branch) for branch in branches]
        for kind, branch in zip(kinds, branches, strict=True):
            if len(branches) > 1 and kind and kinds.count(kind) == 1:
                others = self._union([each for each in branches if each is not branch])
                return {"if": {"type": kind}, "then": self.written(branch), "else": others}
        if _takes_every_text(branches):
            return {"type": list(dict.fromkeys(name for each in branches for name in _types(each)))}
        written = [
            inner for each in map(self.written, branches) for inner in _branches(each) or [each]
        ]
        if len(written) == 1:
            return written[0]
        if len(written) == 2 and written[1] == _NULL and "type" in written[0]:
            return {**written[0], "type": [*_types(written[0]), "null"]}
        return {"anyOf": written}

    def _kind(self, schema: JsonSchemaValue) -> str:
        """`object` or `array` when no other value fits `schema`, else ""."""
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rsplit("/", 1)[1]]
        if "discriminator" in schema:
            return "object"
        kind = schema.get("type")
        return kind if kind in ("object", "array") else ""


def _branches(schema: JsonSchemaValue) -> list[JsonSchemaValue]:
    """The branches of a union, with nested unions flattened; empty for anything else."""
    if "discriminator" in schema:
        return []
    branches = [branch for key in _UNIONS for branch in schema.get(key, ())]
    return [inner for branch in branches for inner in _branches(branch) or [branch]]


def _by_type(schema: JsonSchemaValue) -> JsonSchemaValue:
    """A schema of settings of several kinds, which a key such as `type` tells apart."""
    tells, kinds = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
    choices = [
        {
            "if": {"properties": {tells: {"const": kind}}, "required": [tells]},
            "then": {"$ref": reference},
        }
        for kind, reference in kinds.items()
    ]
    return {
        **_without(schema, "discriminator", *_UNIONS),
        "type": "object",
        "required": [tells],
        "properties": {tells: {"anyOf": [{"enum": list(kinds)}, _REFERENCE]}},
        "allOf": choices,
    }


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
