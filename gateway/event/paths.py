"""Edits of the values at paths into an event; `destinations.paths` defines paths and reads them.

A path is compiled once, at start, into a function. Where the model accepts an object or a list of
objects, a name applies to each object (`gateway.event.each_way`). The caller of an edit owns the
outermost object of the event. Everything in it may be shared, so an edit copies the containers
along its path and nothing else.
"""

from collections.abc import Callable
from operator import is_
from typing import Any

from destinations.paths import ANY, MISSING, Keys, as_text, getter, index_of
from destinations.url_parts import change_part
from gateway.event.each_way import each_way, place_of_list
from gateway.event.model import Event

__all__ = [
    "ANY",
    "MISSING",
    "Change",
    "Keys",
    "as_text",
    "change_text",
    "compile_edit",
    "editor",
    "finder",
    "getter",
]

Change = Callable[[Any], Any]
"""Pure. From the value at a path, or MISSING, to the new one; MISSING removes it."""

EditBelow = Callable[[Any, Change], Any]
"""Returns a container, or MISSING, with the change made below it: the same object if nothing
changed."""


def finder(path: str) -> Callable[[Event], Any] | None:
    """A function from an event to the list of the values at `path`, MISSING when there are none.

    None for a path that can have only one value, for which `getter` is enough.
    """
    keys = path.split(".")
    ways = each_way(keys)
    find_all = getter(".".join(ways[-1]))
    if len(ways) == 1:
        return find_all if ANY in keys else None
    get, is_one = getter(path), ANY not in keys

    def find(event: Event) -> Any:
        value = get(event)
        if value is MISSING:
            return find_all(event)
        return [value] if is_one else value

    return find


def editor(path: str, change: Change, makes: bool = True) -> Callable[[Event], None]:
    """A function that applies `change` to the value at `path` of an event.

    It changes the event in place and copies the containers along the path. makes: whether objects
    that are missing along the path are created when `change` returns a value.
    """
    edit = compile_edit(path.split("."), makes)
    return lambda event: edit(event, change)


def compile_edit(keys: Keys, makes: bool = True) -> Callable[[Event, Change], None]:
    """As `editor`, but the function takes the change together with the event."""
    first = keys[0]
    if first == ANY:
        return lambda _event, _change: None  # an event is no list
    place = place_of_list(tuple(keys))
    below = _edit_below(keys[1:], makes, -1 if place is None else place - 1)

    def edit(event: Event, change: Change) -> None:
        old = event.get(first, MISSING)
        new = change(old) if below is None else below(old, change)
        if new is MISSING:
            event.pop(first, None)
        elif new is not old:
            event[first] = new

    return edit


def change_text(url: str, keys: Keys, change: Change) -> str:
    """`url` with `change` applied to its part at `keys`. A result that is not text is ignored."""

    def change_part_of_url(old: str | None) -> str | None:
        new = change(MISSING if old is None else old)
        if new is MISSING:
            return None
        text = as_text(new)
        return old if text is None else text

    return change_part(url, keys, change_part_of_url)


def _edit_below(keys: Keys, makes: bool, lists: int = -1) -> EditBelow | None:
    """None when no keys are left: the change is for the value itself. lists: the index in `keys` of
    the name that applies to each element of a list; negative for none."""
    if not keys:
        return None
    if keys[0] == ANY:
        return _edit_each(keys, makes, lists)
    one = _edit_one(keys, makes, lists)
    if lists != 0:
        return one
    each = _edit_each((ANY, *keys), makes)
    return lambda value, change: (each if isinstance(value, list) else one)(value, change)


def _edit_one(keys: Keys, makes: bool, lists: int = -1) -> EditBelow:
    key, index = keys[0], index_of(keys[0])
    below = _edit_below(keys[1:], makes, lists - 1)

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


def _edit_each(keys: Keys, makes: bool, lists: int = -1) -> EditBelow:
    below = _edit_below(keys[1:], makes, lists - 1)

    def edit(elements: Any, change: Change) -> Any:
        if not isinstance(elements, list):
            return elements
        edited = [change(old) if below is None else below(old, change) for old in elements]
        if all(map(is_, edited, elements)):
            return elements
        return [element for element in edited if element is not MISSING]

    return edit
