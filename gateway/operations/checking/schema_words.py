"""Finds words in a JSON Schema that check nothing: keywords and formats that JSON Schema does not
have, and fields that no event has.

Source: json-schema.org/draft/2020-12/schema, and draft-04 to draft-07.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from gateway.configuration.yaml_file import KeyPath, dotted
from gateway.event.fields import field_type, known_names
from gateway.event.paths import ANY
from gateway.event.person import read_as
from gateway.event.text import did_you_mean
from gateway.operations.checking.conditions import misfit, type_misfit
from gateway.operations.checking.fields import meant_field

_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_OF_SAME = ("not", "if", "then", "else", "allOf", "anyOf", "oneOf")
"""Keywords with schemas for the value that the schema around them is for."""

_OF_ELEMENTS = ("items", "contains", "additionalItems", "unevaluatedItems")
_OTHER_SCHEMAS = (
    *("additionalProperties", "unevaluatedProperties", "propertyNames", "contentSchema"),
    *_OF_ELEMENTS,
)
_KEYWORDS = frozenset(
    [
        *(*_BY_NAME, *_LISTS, *_OF_SAME, *_OTHER_SCHEMAS, "dependencies"),
        *("$schema", "$id", "id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor"),
        *("$recursiveRef", "$recursiveAnchor", "$vocabulary", "$comment", "title", "description"),
        *("default", "deprecated", "readOnly", "writeOnly", "examples", "type", "enum", "const"),
        *("multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"),
        *("maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems"),
        *("maxContains", "minContains", "maxProperties", "minProperties", "required"),
        *("dependentRequired", "format", "contentEncoding", "contentMediaType"),
    ]
)
_FORMATS = frozenset(
    """
    date date-time time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference
    iri iri-reference uuid uri-template json-pointer relative-json-pointer regex
    """.split()  # noqa: SIM905
)
_OF_OTHER_TOOLS = {"min": "minimum", "max": "maximum", "regex": "pattern", "oneof": "oneOf"}
_ANNOTATIONS = frozenset(["example", "nullable"])
"""Keywords of OpenAPI that resemble ours and have another meaning."""

Said = tuple[KeyPath, str]
"""A place in the schema, and what is wrong there."""


def words_without_effect(
    schema: Any, own: Collection[str], at: KeyPath = (), field: KeyPath | None = ()
) -> Iterator[Said]:
    """What is wrong in `schema`. own: paths of fields that the configuration makes. at: its place
    in the whole schema. field: the path of the field that it is for; None if that is not known."""
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        here = (*at, key)
        if key not in _KEYWORDS:
            yield from _unknown(key, here, field)
        elif key == "properties" and isinstance(value, dict):
            for name, each in value.items():
                inner = _member(field, name)
                yield from _unknown_field(inner, (*here, name), own)
                yield from words_without_effect(each, own, (*here, name), inner)
        elif key in _BY_NAME and isinstance(value, dict):
            for name, each in value.items():
                yield from words_without_effect(each, own, (*here, name), None)
        elif isinstance(value, list) and key in _LISTS:
            inner = field if key in _OF_SAME else None
            for index, each in enumerate(value):
                yield from words_without_effect(each, own, (*here, index), inner)
        elif key in (*_OF_SAME, *_OTHER_SCHEMAS):
            inner = field if key in _OF_SAME else _element(key, field)
            yield from words_without_effect(value, own, here, inner)
        elif field is not None:
            yield from _impossible(key, value, here, field, own)


def _member(field: KeyPath | None, name: str) -> KeyPath | None:
    """The path of `name` in `field`; None if no path can name it."""
    if field is None or "." in name or name == ANY:
        return None
    member = (*field, name)
    try:
        field_type(dotted(member))
    except ValueError:
        return None
    return member


def _element(key: str, field: KeyPath | None) -> KeyPath | None:
    return (*field, ANY) if field and key in _OF_ELEMENTS else None


def _unknown(key: str, here: KeyPath, field: KeyPath | None) -> Iterator[Said]:
    if key in _ANNOTATIONS or key.startswith(("x-", "$")):
        return
    meant = _OF_OTHER_TOOLS.get(key.lower())
    hint = f"; did you mean {meant!r}?" if meant else did_you_mean(key, sorted(_KEYWORDS))
    if field is not None and key in known_names(*map(str, field)):
        yield (
            here,
            "is no keyword of JSON Schema, so it checks nothing; write it below `properties`",
        )
    elif hint:
        yield here, f"is no keyword of JSON Schema, so it checks nothing{hint}"


def _unknown_field(field: KeyPath | None, here: KeyPath, own: Collection[str]) -> Iterator[Said]:
    path = dotted(field or ())
    if not path or path in own:
        return
    if ours := read_as(path):
        yield here, f"`{path}` is read as `{ours}`, so events do not have it"
    elif meant := meant_field(path):
        yield here, f"the gateway knows no such field; did you mean {meant!r}?"


def _impossible(
    key: str, value: Any, here: KeyPath, field: KeyPath, own: Collection[str]
) -> Iterator[Said]:
    """What is wrong with a keyword that has no schema in it."""
    if key == "required" and isinstance(value, list):
        for index, name in enumerate(value):
            yield from _unknown_field(_member(field, name), (*here, index), own)
    elif key == "format" and value not in _FORMATS:
        if hint := did_you_mean(str(value), sorted(_FORMATS)):
            yield here, f"is no format of JSON Schema, so it checks nothing{hint}"
    elif not field:
        return
    elif key == "type":
        kinds = value if isinstance(value, list) else [value]
        if words := type_misfit(dotted(field), kinds):
            yield here, f"{words}; {value!r} never matches"
    elif key in ("const", "enum"):
        for each in value if key == "enum" else [value]:
            if isinstance(each, str) and (words := misfit(dotted(field), each)):
                yield here, f"{words} never matches"
