"""Actions that change which fields an event has: rename, remove, keep_only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from destinations.url_parts import keep_parts
from gateway.event import Event
from gateway.event.each_way import each_way
from gateway.event.fields import MISFIT, field_type
from gateway.event.paths import ANY, MISSING, as_text, compile_edit, editor, getter
from gateway.stages.integrations import INTEGRATIONS
from gateway.stages.rules.edits import Edit, setter

ALWAYS_KEPT = ("event_name", "event_id", "timestamp", "consent", INTEGRATIONS)
"""What routing, delivery and records rely on."""

Tree = dict[str, "Tree | None"]
"""The keys to keep, each with what to keep below it; None keeps everything."""


def rename_field(old: str, new: str) -> Edit:
    """Moves the value at `old` to `new`, replacing any value there.

    The event stays unchanged if `new` cannot hold the value: it has another type, or a text or
    number is in the way.
    """
    failed = f"{old} was not renamed: its value has the wrong type for {new}"
    if "." not in old and "." not in new:
        return _rename_outermost(old, new, failed)
    rename = _rename_in_object(old, new, failed)
    rename_in_list = _rename_in_list(old, new)
    if rename_in_list is None:
        return rename
    return lambda event: rename(event) or rename_in_list(event)


def _rename_in_object(old: str, new: str, failed: str) -> Edit:
    get, get_new = getter(old), getter(new)
    put, remove = setter(new), remove_field(old)

    def rename(event: Event) -> str | None:
        value = get(event)
        if value is MISSING:
            return None
        trial = event.copy()
        remove(trial)
        held, found = put(trial, value), get_new(trial)
        if held is MISSING or (found is not held and found != held and found != as_text(held)):
            return failed
        event.clear()
        event.update(trial)
        return None

    return rename


def _rename_in_list(old: str, new: str) -> Edit | None:
    """As `rename_field`, in each element of a list where `old` also allows an object; None if there
    can be no list."""
    way = each_way(old.split("."))[-1]
    if way == tuple(old.split(".")):
        return None
    at = way.index(ANY)
    above, below_old = way[: at + 1], way[at + 1 :]
    if each_way(new.split("."))[-1][: at + 1] != above:
        return _refuse_in_list(old, new, getter(".".join(way)), ".".join(above[:-1]))
    fit, below_new = field_type(new).fit, tuple(new.split("."))[at:]
    get, get_new = getter(".".join(below_old)), getter(".".join(below_new))
    remove, put = compile_edit(below_old, makes=False), compile_edit(below_new)
    edit = compile_edit(above, makes=False)
    failed = f"{old} was not renamed: a value has the wrong type for {new}"

    def rename(event: Event) -> str | None:
        words = None

        def change(element: Any) -> Any:
            nonlocal words
            value = get(element) if isinstance(element, dict) else MISSING
            if value is MISSING:
                return element
            held, renamed = fit(value), element.copy()
            if held is not MISFIT:
                remove(renamed, lambda _: MISSING)
                put(renamed, lambda _: held)
                if get_new(renamed) == held:
                    return renamed
            words = failed
            return element

        edit(event, change)
        return words

    return rename


def _refuse_in_list(old: str, new: str, find: Callable[[Event], Any], above: str) -> Edit:
    failed = f"{old} was not renamed: {above} is a list, and {new} is not in its elements"
    return lambda event: None if find(event) is MISSING else failed


def _rename_outermost(old: str, new: str, failed: str) -> Edit:
    fit = field_type(new).fit

    def rename(event: Event) -> str | None:
        if old not in event:
            return None
        held = fit(event[old])
        if held is MISFIT:
            return failed
        del event[old]
        event[new] = held
        return None

    return rename


def remove_field(path: str) -> Edit:
    """Removes the field at `path`, if the event has it."""
    return editor(path, lambda _: MISSING, makes=False)


def keep_only(paths: Sequence[str]) -> Edit:
    """Removes every field that is not at or below one of `paths` or in `ALWAYS_KEPT`.

    A path into a URL (``page_location.query.utm_source``) also keeps everything before the query.
    """
    tree: Tree = {}
    for path in (*ALWAYS_KEPT, *paths):
        for way in each_way(path.split(".")):
            _plant(tree, way)
    _spread_any(tree)

    def keep(event: Event) -> None:
        kept = _picked(event, tree)
        event.clear()
        event.update(kept)

    return keep


def _plant(tree: Tree, keys: Sequence[str]) -> None:
    key, rest = keys[0], keys[1:]
    if not rest:
        tree[key] = None
    elif key not in tree:
        below: Tree = {}
        tree[key] = below
        _plant(below, rest)
    elif (known := tree[key]) is not None:
        _plant(known, rest)


def _spread_any(tree: Tree) -> None:
    """Keeps in an element that is named by its number what is kept in every element, too."""
    every = tree.get(ANY, {})
    for key, below in tree.items():
        if key.isdigit() and below is not None:
            if every is None:
                tree[key] = None
            else:
                _merge(below, every)
    for subtree in tree.values():
        if subtree is not None:
            _spread_any(subtree)


def _merge(tree: Tree, other: Tree) -> None:
    for key, below in other.items():
        mine = tree.setdefault(key, {})
        if below is None or mine is None:
            tree[key] = None
        else:
            _merge(mine, below)


def _picked(value: Any, tree: Tree | None) -> Any:
    if tree is None:
        return value
    if isinstance(value, dict):
        found = {key: _picked(each, tree[key]) for key, each in value.items() if key in tree}
        return {key: each for key, each in found.items() if each is not MISSING}
    if isinstance(value, list):
        return _picked_elements(value, tree)
    if isinstance(value, str) and not tree.keys().isdisjoint(("query", "fragment")):
        return _picked_parts(value, tree)
    return MISSING


def _picked_elements(elements: list[Any], tree: Tree) -> list[Any]:
    every = tree.get(ANY, {})
    found = [_picked(each, tree.get(str(place), every)) for place, each in enumerate(elements)]
    return [
        each
        for place, each in enumerate(found)
        if each is not MISSING and (ANY in tree or str(place) in tree)
    ]


def _picked_parts(url: str, tree: Tree) -> str:
    below = tree.get("query", {})
    names = None if below is None else set(_dotted(below))
    return keep_parts(url, names, fragment="fragment" in tree)


def _dotted(tree: Tree) -> list[str]:
    """The names in `tree`, joined by dots: names of URL parameters may contain dots."""
    names = []
    for key, below in tree.items():
        names += [key] if below is None else [f"{key}.{name}" for name in _dotted(below)]
    return names
