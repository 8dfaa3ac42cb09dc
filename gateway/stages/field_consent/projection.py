"""Takes fields and URL parameters out of an event."""

from collections.abc import Callable, Mapping
from functools import cache
from operator import is_not
from typing import Any

from gateway.event import Event
from gateway.event.paths import MISSING, editor
from gateway.system.bounded_cache import BoundedCache
from gateway.urls.parameters import without_parameters

Removed = tuple[tuple[str, str], ...]
"""What was taken out, a field or ``URL parameter gclid``, and the type that was denied."""

Projection = Callable[[Event], tuple[Event, Removed]]
"""From an event to what is left of it, the same object when that is all, and what was taken out."""

_MAX_REMEMBERED = 512
"""Characters of a text that is remembered with what is left of it."""


def compile_projection(fields: Mapping[str, str], parameters: Mapping[str, str]) -> Projection:
    """The function that takes out `fields` and `parameters`, both with the type that covers them.

    fields: a name without dots means that field wherever it stands, one that ends with ``*`` every
    field whose name begins so; one with dots is a path.
    parameters: names in lower case, taken out of every text of the event.
    """
    names = frozenset(name for name in fields if "." not in name and not _is_prefix(name))
    by_prefix = {name[:-1]: kind for name, kind in fields.items() if _is_prefix(name)}
    prefixes = tuple(by_prefix)
    marks = [each for each in prefixes if not any(one in each for one in {*prefixes} - {each})]
    paths = [(path, path.split(".")[0], _remover(path)) for path in fields if "." in path]
    cleaned = _cleaner(frozenset(parameters))
    search_texts = bool(parameters)

    def less_of_text(text: str, removed: list[tuple[str, str]]) -> str:
        left, found = cleaned(text)
        if not found:
            return text
        removed += ((f"URL parameter {name}", parameters[name]) for name in found)
        return left

    def less_of_prefixed(value: Event, removed: list[tuple[str, str]]) -> Event:
        left = {name: each for name, each in value.items() if not name.startswith(prefixes)}
        removed += ((name, covering(name)) for name in value if name not in left)
        return value if len(left) == len(value) else left

    def covering(name: str) -> str:
        return next(kind for prefix, kind in by_prefix.items() if name.startswith(prefix))

    def less_of_object(value: Event, removed: list[tuple[str, str]]) -> Event:
        left = value
        if not names.isdisjoint(value):
            removed += ((name, fields[name]) for name in value if name in names)
            left = {name: each for name, each in value.items() if name not in names}
        if marks:
            joined = "\n".join(left)  # much quicker than to look at each name
            for mark in marks:
                if mark in joined:
                    left = less_of_prefixed(left, removed)
                    break
        changed = None
        for name, each in left.items():
            kind = type(each)
            if kind is str:
                if not search_texts or ("=" not in each and "%" not in each):
                    continue
                new: Any = less_of_text(each, removed)
            elif kind is dict:
                new = less_of_object(each, removed)
            elif kind is list:
                new = less_of_list(each, removed)
            else:
                continue
            if new is not each:
                changed = changed or {}
                changed[name] = new
        return {**left, **changed} if changed else left

    def less_of_element(value: Any, removed: list[tuple[str, str]]) -> Any:
        if type(value) is dict:
            return less_of_object(value, removed)
        if type(value) is list:
            return less_of_list(value, removed)
        return less_of_text(value, removed) if type(value) is str else value

    def less_of_list(value: list[Any], removed: list[tuple[str, str]]) -> list[Any]:
        elements = [less_of_element(each, removed) for each in value]
        return elements if any(map(is_not, elements, value)) else value

    def project(event: Event) -> tuple[Event, Removed]:
        removed: list[tuple[str, str]] = []
        left = less_of_object(event, removed)
        for path, first, remove in paths:
            if first not in left:
                continue
            edited = left.copy()
            remove(edited)
            if edited.get(first, MISSING) is not left[first]:
                removed.append((path, fields[path]))
                left = edited
        return left, tuple(dict.fromkeys(removed))

    return project


@cache
def _cleaner(parameters: frozenset[str]) -> Callable[[str], tuple[str, list[str]]]:
    """Shared by all projections that take out the same parameters."""

    def clean(text: str) -> tuple[str, list[str]]:
        return without_parameters(text, parameters)

    return BoundedCache(clean, lambda text: len(text) <= _MAX_REMEMBERED).__getitem__


def _is_prefix(name: str) -> bool:
    return len(name) > 1 and name.endswith("*") and "." not in name


def _remover(path: str) -> Callable[[Event], None]:
    return editor(path, lambda _: MISSING, makes=False)
