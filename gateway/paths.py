"""Paths into an event: ``user_data.address.city``, ``items.0.price``, ``items.*.price``,
``page_location.query.email``.

A path is compiled once, at start, into a function. Whoever edits an event has a copy of its
outermost object to himself; everything in it may be shared, so an edit copies the containers along
its path and nothing else. A text is entered as the URL that it may hold: see `gateway.url_parts`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from gateway.event import Event
from gateway.url_parts import change_part, read_part

MISSING: Final = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
"""Stands for a field that is not there (None is a value)."""

ANY: Final = "*"
"""The part of a path that means every element of a list."""

Keys = Sequence[str]
Change = Callable[[Any], Any]
"""Pure. From the value at a path, or MISSING, to the new one; MISSING removes it."""


def getter(path: str) -> Callable[[Event], Any]:
    """A function from an event to the value at `path`, or MISSING.

    With ``*`` in the path it is the list of the values found, MISSING when there are none.
    """
    keys = path.split(".")
    if ANY in keys:
        return lambda event: _find_all(event, keys) or MISSING
    first, rest = keys[0], keys[1:]
    if not rest:
        return lambda event: event.get(first, MISSING)
    if len(rest) > 1:
        return lambda event: _walk(event.get(first, MISSING), rest)
    second = rest[0]

    def get(event: Event) -> Any:
        inner = event.get(first, MISSING)
        return inner.get(second, MISSING) if type(inner) is dict else _walk(inner, rest)

    return get


def editor(path: str, change: Change, makes: bool = True) -> Callable[[Event], None]:
    """A function that sends the value at `path` of an event through `change`.

    The event itself is changed, the containers in it are copied on the way. makes: whether
    objects that are missing on the way are made when `change` gives them a value.
    """
    keys = path.split(".")
    if len(keys) > 1 or keys[0] == ANY:
        return lambda event: edit(event, keys, change, makes)
    key = keys[0]

    def edit_field(event: Event) -> None:
        old = event.get(key, MISSING)
        new = change(old)
        if new is MISSING:
            event.pop(key, None)
        elif new is not old:
            event[key] = new

    return edit_field


def edit(event: Event, keys: Keys, change: Change, makes: bool = True) -> None:
    """What `editor` compiles, for a change that is known only with the event."""
    if keys[0] == ANY:
        return  # an event is no list
    old = event.get(keys[0], MISSING)
    new = _edit(old, keys, 1, change, makes)
    if new is MISSING:
        event.pop(keys[0], None)
    elif new is not old:
        event[keys[0]] = new


def as_text(value: Any) -> str | None:
    """A text, number or true and false as they are written in JSON and URLs; None for others."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return str(int(value)) if value.is_integer() and abs(value) <= 2**53 else str(value)
    return str(value) if isinstance(value, int) else None


def change_text(url: str, keys: Keys, change: Change) -> str:
    """`url` with its part at `keys` gone through `change`; what is no text there leaves it."""

    def change_part_of_url(old: str | None) -> str | None:
        new = change(MISSING if old is None else old)
        if new is MISSING:
            return None
        text = as_text(new)
        return old if text is None else text

    return change_part(url, keys, change_part_of_url)


def _step(container: Any, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key, MISSING)
    if isinstance(container, list) and (index := _index(container, key)) is not None:
        return container[index]
    return MISSING


def _index(elements: list[Any], key: str) -> int | None:
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        return None
    index = int(key)
    return index if index < len(elements) else None


def _walk(value: Any, keys: Keys) -> Any:
    for position, key in enumerate(keys):
        if isinstance(value, str):
            part = read_part(value, keys[position:])
            return MISSING if part is None else part
        value = _step(value, key)
        if value is MISSING:
            break
    return value


def _find_all(event: Event, keys: Keys) -> list[Any]:
    found: list[Any] = [event]
    parts: list[Any] = []  # of URLs, which take all the keys that are left
    for at, key in enumerate(keys):
        below: list[Any] = []
        for value in found:
            if isinstance(value, list) and key == ANY:
                below += value
            elif isinstance(value, str) and key != ANY:
                part = read_part(value, keys[at:])
                parts += [] if part is None else [part]
            elif key != ANY and (inner := _step(value, key)) is not MISSING:
                below.append(inner)
        found = below
    return found + parts


def _edit(value: Any, keys: Keys, at: int, change: Change, makes: bool) -> Any:
    """`value` with the change made below it, or `value` itself when nothing changed."""
    if at == len(keys):
        return change(value)
    key = keys[at]
    if isinstance(value, dict):
        return value if key == ANY else _edit_object(value, keys, at, change, makes)
    if isinstance(value, list):
        return _edit_list(value, keys, at, change, makes)
    if isinstance(value, str):
        changed = change_text(value, keys[at:], change)
        return value if changed == value else changed
    if value is not MISSING or not makes or key == ANY:
        return value
    below = _edit(MISSING, keys, at + 1, change, makes)
    return MISSING if below is MISSING else {key: below}


def _edit_object(
    fields: dict[str, Any], keys: Keys, at: int, change: Change, makes: bool
) -> dict[str, Any]:
    key = keys[at]
    old = fields.get(key, MISSING)
    new = _edit(old, keys, at + 1, change, makes)
    if new is old:
        return fields
    edited = fields.copy()
    if new is MISSING:
        del edited[key]
    else:
        edited[key] = new
    return edited


def _edit_list(elements: list[Any], keys: Keys, at: int, change: Change, makes: bool) -> list[Any]:
    index = None if keys[at] == ANY else _index(elements, keys[at])
    chosen = range(len(elements)) if keys[at] == ANY else [] if index is None else [index]
    edited = list(elements)
    for position in chosen:
        edited[position] = _edit(elements[position], keys, at + 1, change, makes)
    if all(new is old for new, old in zip(edited, elements, strict=True)):
        return elements
    return [element for element in edited if element is not MISSING]
