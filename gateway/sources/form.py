"""Events that are written as fields: query strings and form bodies.

Empty values count as absent: a form has no other way to say that there is nothing.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from gateway.event import MAX_DEPTH, Event
from gateway.sources.base import Refused

Fields = list[tuple[str, str]]
"""Names and values in order, decoded."""


def query_fields(query: str) -> Fields:
    """The fields of a query string or of an ``application/x-www-form-urlencoded`` body.

    Bytes that are not UTF-8 become U+FFFD. Raises `Refused` when there is a NUL in it.
    """
    if "%00" in query or "\0" in query:
        raise Refused(400, "malformed", "a NUL character in the fields")
    fields = []
    for field in query.split("&"):
        name, _, value = field.partition("=")
        if value:
            if "%" in field or "+" in field:
                name, value = _decoded(name), _decoded(value)
            fields.append((name, value))
    return fields


def _decoded(text: str) -> str:
    """What `urllib.parse.unquote_plus` gives, which takes longer to look for non-ASCII first."""
    text = text.replace("+", " ")
    return unquote_to_bytes(text).decode(errors="replace") if "%" in text else text


def form_fields(body: bytes) -> Fields:
    """The fields of an ``application/x-www-form-urlencoded`` body. Raises `Refused`."""
    try:
        return query_fields(body.decode())
    except UnicodeDecodeError:
        raise Refused(400, "malformed", "the body is not UTF-8") from None


def expand(fields: Iterable[tuple[str, str]]) -> Event:
    """The event that `fields` stand for: dots lead into objects, numbers make lists.

    ``items.0.item_id=A`` is ``{"items": [{"item_id": "A"}]}``. Of two fields with one name the
    last counts; an object wins over a plain value of the same name.
    """
    event: Event = {}
    for name, value in fields:
        if "." not in name:
            parent, last = event, name
        else:
            parent, last = _parent(event, name)
        if not isinstance(parent.get(last), dict):
            parent[last] = value
    return {name: _with_lists(value) for name, value in event.items()}


def _parent(event: Event, name: str) -> tuple[Event, str]:
    """The object in `event` that the dotted `name` leads to, made when missing; its last part.

    Names with too many parts are not followed to their end: such an event is refused anyway.
    """
    *path, last = name.split(".", MAX_DEPTH)
    parent = event
    for part in path:
        child = parent.get(part)
        if not isinstance(child, dict):
            child = parent[part] = {}
        parent = child
    return parent, last


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    children = {name: _with_lists(child) for name, child in value.items()}
    if not all(name.isascii() and name.isdecimal() for name in children):
        return children
    return [children[name] for name in sorted(children, key=lambda name: (len(name), name))]
