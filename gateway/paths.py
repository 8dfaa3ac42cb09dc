"""Paths into an event: ``user_data.address.city``, ``items.0.price``, ``items.*.price``.

A path is compiled once, at start, into a function. Events are shared, so nothing is changed in
place: an edit copies the containers along its path and nothing else.
"""

from collections.abc import Callable
from typing import Any, Final

from gateway.event import Event

MISSING: Final = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
"""Stands for a field that is not there (None is a value)."""

ANY: Final = "*"
"""The part of a path that means every element of a list."""

Change = Callable[[Any], Any]
"""From the value at a path, or MISSING, to the new one; MISSING removes it."""


def getter(path: str) -> Callable[[Event], Any]:
    """A function from an event to the value at `path`, or MISSING.

    With ``*`` in the path it is the list of the values found, MISSING when there are none.
    """
    keys = path.split(".")
    if ANY in keys:
        return lambda event: _find_all(event, keys) or MISSING
    if len(keys) == 1:
        key = keys[0]
        return lambda event: event.get(key, MISSING)
    return lambda event: _walk(event, keys)


def editor(path: str, change: Change) -> Callable[[Event], Event]:
    """A function from an event to one in which the value at `path` went through `change`.

    Objects that are missing on the way are made when `change` gives them a value.
    """
    keys = path.split(".")

    def edit(event: Event) -> Event:
        edited = _edit(event, keys, change)
        return event if edited is MISSING else edited

    return edit


def _step(container: Any, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key, MISSING)
    if isinstance(container, list) and (index := _index(container, key)) is not None:
        return container[index]
    return MISSING


def _index(elements: list[Any], key: str) -> int | None:
    index = int(key) if key.isascii() and key.isdigit() else len(elements)
    return index if index < len(elements) else None


def _walk(value: Any, keys: list[str]) -> Any:
    for key in keys:
        value = _step(value, key)
        if value is MISSING:
            break
    return value


def _find_all(value: Any, keys: list[str]) -> list[Any]:
    if value is MISSING:
        return []
    if not keys:
        return [value]
    if keys[0] == ANY:
        elements = value if isinstance(value, list) else []
        return [found for element in elements for found in _find_all(element, keys[1:])]
    return _find_all(_step(value, keys[0]), keys[1:])


def _edit(value: Any, keys: list[str], change: Change) -> Any:
    """`value` with the change made below it, or `value` itself when nothing changed."""
    if not keys:
        return change(value)
    key, rest = keys[0], keys[1:]
    if isinstance(value, list):
        return _edit_list(value, key, rest, change)
    if key == ANY:
        return value
    if value is MISSING:
        below = _edit(MISSING, rest, change)
        return MISSING if below is MISSING else {key: below}
    if not isinstance(value, dict):
        return value
    old = value.get(key, MISSING)
    new = _edit(old, rest, change)
    if new is old:
        return value
    if new is MISSING:
        return {k: v for k, v in value.items() if k != key}
    return {**value, key: new}


def _edit_list(elements: list[Any], key: str, rest: list[str], change: Change) -> list[Any]:
    index = _index(elements, key)
    chosen = range(len(elements)) if key == ANY else [] if index is None else [index]
    edited = list(elements)
    for position in chosen:
        edited[position] = _edit(elements[position], rest, change)
    if all(new is old for new, old in zip(edited, elements, strict=True)):
        return elements
    return [element for element in edited if element is not MISSING]
