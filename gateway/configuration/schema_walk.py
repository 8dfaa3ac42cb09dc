"""What a JSON Schema says about a place in data, which may be of any shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.configuration.yaml_file import Key, KeyPath

Schema = dict[str, Any]
SchemaOf = Callable[[], Schema]


def names_at(schema: Schema, data: Any, path: KeyPath) -> list[str]:
    """The keys that `schema` allows in the object at `path` of `data`."""
    return sorted(
        {
            name
            for node, value in _nodes_at(schema, data, path)
            for branch in _branches(node, value, schema)
            for name in branch.get("properties", ())
        }
    )


def description_at(schema: Schema, data: Any, path: KeyPath) -> str:
    """The description of the setting at `path` of `data`, or of the list that it is in; "" when
    there is none."""
    texts = [node.get("description", "") for node, _ in _nodes_at(schema, data, path)]
    if not any(texts) and path and isinstance(path[-1], int):
        return description_at(schema, data, path[:-1])
    return next(filter(None, texts), "")


def is_secret_at(schema: Schema, data: Any, path: KeyPath) -> bool:
    """Whether `schema` says that the value at `path` of `data` is a secret."""
    return any(
        branch.get("writeOnly")
        for node, value in _nodes_at(schema, data, path)
        for branch in _branches(node, value, schema)
    )


def is_text_at(schema: Schema, data: Any, path: KeyPath) -> bool:
    """Whether `schema` allows a text and no number at `path` of `data`."""
    types = _types_at(schema, data, path)
    return "string" in types and types.isdisjoint({"integer", "number", None})


def may_be_text_at(schema: Schema, data: Any, path: KeyPath) -> bool:
    """Whether `schema` allows a text at `path` of `data`, among other types or without naming
    any."""
    types = _types_at(schema, data, path)
    return not types or not types.isdisjoint({"string", None})


def _types_at(schema: Schema, data: Any, path: KeyPath) -> set[str | None]:
    return {
        branch.get("type")
        for node, value in _nodes_at(schema, data, path)
        for branch in _branches(node, value, schema)
    }


def _nodes_at(schema: Schema, data: Any, path: KeyPath) -> list[tuple[Schema, Any]]:
    """The parts of `schema` for the place, each with the value there."""
    nodes = [schema]
    for key in path:
        nodes = [child for node in nodes for child in _children(node, key, data, schema)]
        data = _value_of(data, key)
    return [(node, data) for node in nodes]


def _value_of(data: Any, key: Key) -> Any:
    try:
        return data[key]
    except (IndexError, KeyError, TypeError):
        return None


def _children(node: Schema, key: Key, data: Any, schema: Schema) -> Iterator[Schema]:
    for branch in _branches(node, data, schema):
        properties = branch.get("properties", {})
        if isinstance(key, int):
            yield from [branch["items"]] if "items" in branch else []
        elif key in properties:
            yield properties[key]
        elif isinstance(extra := branch.get("additionalProperties"), dict):
            yield extra
        yield from branch.get("patternProperties", {}).values()


def _branches(node: Schema, data: Any, schema: Schema) -> Iterator[Schema]:
    """`node` with references followed. A union by `type` has the branch that `data` names, if any;
    another union has all of its branches."""
    if "$ref" in node:
        yield from _branches(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], data, schema)
    elif mapping := node.get("discriminator", {}).get("mapping"):
        chosen = data.get("type") if isinstance(data, dict) else None
        if isinstance(chosen, str) and chosen in mapping:
            yield from _branches({"$ref": mapping[chosen]}, data, schema)
    elif union := node.get("oneOf") or node.get("anyOf"):
        for branch in union:
            yield from _branches(branch, data, schema)
    else:
        yield node
