"""Paths into an event: ``user_data.address.city``, ``items.0.price``, ``items.*.price``,
``page_location.query.email``.

A path is compiled once, at start, into a function. Whoever edits an event has a copy of its
outermost object to himself; everything in it may be shared, so an edit copies the containers along
its path and nothing else. A text is entered as the URL that it may hold: see `gateway.urls.parts`.
"""

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any, Final

from gateway.event.model import Event
from gateway.urls.parts import change_part, read_part

MISSING: Final = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
"""Stands for a field that is not there (None is a value)."""

ANY: Final = "*"
"""The part of a path that means every element of a list."""

Keys = Sequence[str]
Change = Callable[[Any], Any]
"""Pure. From the value at a path, or MISSING, to the new one; MISSING removes it."""

EditBelow = Callable[[Any, Change], Any]
"""From a container, or MISSING, to it with the change made below it: to the very same one when
nothing changed."""

_IN_NO_LIST = 2**31
"""Where a key that is no index would be in a list."""


def getter(path: str) -> Callable[[Event], Any]:
    """A function from an event to the value at `path`, or MISSING.

    With ``*`` in the path it is the list of the values found, MISSING when there are none.
    """
    keys = path.split(".")
    if ANY in keys:
        return _finder(keys)
    first, steps = keys[0], _steps(keys)[1:]
    if not steps:
        return lambda event: event.get(first, MISSING)

    def get(event: Event) -> Any:
        value = event.get(first, MISSING)
        for key, index, left in steps:
            if isinstance(value, dict):
                value = value.get(key, MISSING)
            elif isinstance(value, list):
                value = value[index] if index < len(value) else MISSING
            elif isinstance(value, str):
                part = read_part(value, left)
                return MISSING if part is None else part
            else:
                return MISSING
        return value

    return get


def editor(path: str, change: Change, makes: bool = True) -> Callable[[Event], None]:
    """A function that sends the value at `path` of an event through `change`.

    The event itself is changed, the containers in it are copied on the way. makes: whether
    objects that are missing on the way are made when `change` gives them a value.
    """
    edit = compile_edit(path.split("."), makes)
    return lambda event: edit(event, change)


def compile_edit(keys: Keys, makes: bool = True) -> Callable[[Event, Change], None]:
    """As `editor`, for a change that is known only with the event."""
    first = keys[0]
    if first == ANY:
        return lambda _event, _change: None  # an event is no list
    below = _edit_below(keys[1:], makes)

    def edit(event: Event, change: Change) -> None:
        old = event.get(first, MISSING)
        new = change(old) if below is None else below(old, change)
        if new is MISSING:
            event.pop(first, None)
        elif new is not old:
            event[first] = new

    return edit


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


def _steps(keys: Keys) -> list[tuple[str, int, Keys]]:
    """Each of `keys` with the index that it is in a list, and with all keys from there on."""
    return [(key, _index(key), keys[at:]) for at, key in enumerate(keys)]


def _index(key: str) -> int:
    is_index = key.isascii() and key.isdigit() and len(key) < 10
    return int(key) if is_index else _IN_NO_LIST


def _finder(keys: Keys) -> Callable[[Event], Any]:
    steps = _steps(keys)

    def find_all(event: Event) -> Any:
        found: list[Any] = [event]
        parts: list[Any] = []  # of URLs, which take all the keys that are left
        for key, index, left in steps:
            below: list[Any] = []
            for value in found:
                if key == ANY:
                    below += value if isinstance(value, list) else ()
                elif isinstance(value, dict):
                    if key in value:
                        below.append(value[key])
                elif isinstance(value, list):
                    below += value[index : index + 1]
                elif isinstance(value, str) and (part := read_part(value, left)) is not None:
                    parts.append(part)
            found = below
        return found + parts or MISSING

    return find_all


def _edit_below(keys: Keys, makes: bool) -> EditBelow | None:
    """None when there are no keys left: the change is for the value itself."""
    if not keys:
        return None
    return _edit_each(keys, makes) if keys[0] == ANY else _edit_one(keys, makes)


def _edit_one(keys: Keys, makes: bool) -> EditBelow:
    key, index = keys[0], _index(keys[0])
    below = _edit_below(keys[1:], makes)

    def edit(container: Any, change: Change) -> Any:
        if isinstance(container, dict):
            old = container.get(key, MISSING)
        elif isinstance(container, list) and index < len(container):
            old = container[index]
        elif isinstance(container, str):
            changed = change_text(container, keys, change)
            return container if changed == container else changed
        elif container is MISSING and makes:
            old = MISSING
        else:
            return container
        new = change(old) if below is None else below(old, change)
        if new is old:
            return container
        if container is MISSING:
            return {key: new}
        edited = container.copy()
        place = key if isinstance(container, dict) else index
        if new is MISSING:
            del edited[place]
        else:
            edited[place] = new
        return edited

    return edit


def _edit_each(keys: Keys, makes: bool) -> EditBelow:
    below = _edit_below(keys[1:], makes)

    def edit(elements: Any, change: Change) -> Any:
        if not isinstance(elements, list):
            return elements
        edited = [change(old) if below is None else below(old, change) for old in elements]
        if all(map(is_, edited, elements)):
            return elements
        return [element for element in edited if element is not MISSING]

    return edit
