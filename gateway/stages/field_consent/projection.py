"""Removes fields and URL parameters from an event."""

from collections.abc import Callable, Mapping
from functools import cache
from operator import is_not
from typing import Any

from gateway.event import Event
from gateway.event.paths import MISSING, editor
from gateway.stages.pii.marks import REDACTED
from gateway.system.bounded_cache import BoundedCache
from gateway.urls.parameters import without_parameters

Removed = tuple[tuple[str, str], ...]
"""Names of what was removed, a field or ``URL parameter gclid``, each with the denied type."""

Projection = Callable[[Event], tuple[Event, Removed]]
"""From an event to what is left of it (the same object if that is all), and what was removed."""

_MAX_REMEMBERED = 512
"""Maximum number of characters of a text that is cached with what is left of it."""

MAX_PIECES = 5_000
"""Maximum number of pieces in all texts of an event: each parameter is one, and each encoded
character may be one. Searching one takes up to 7 µs. A text that exceeds the rest is removed."""

TOO_MANY = "texts with too many URL parameters"
"""The name in `Removed` for texts that exceed `MAX_PIECES`."""

_SEPARATORS = "&;?#%"


class _Taken:
    """What was removed from one event so far. pieces: how many may still be searched."""

    __slots__ = ("pieces", "removed")

    def __init__(self) -> None:
        self.removed: list[tuple[str, str]] = []
        self.pieces = MAX_PIECES


def compile_projection(fields: Mapping[str, str], parameters: Mapping[str, str]) -> Projection:
    """The function that removes `fields` and `parameters`, both with the type that covers them.

    fields: a name without dots means that field anywhere in the event; a name that ends with ``*``,
    every field with that prefix; a name with dots is a path. parameters: names in lower case,
    removed from every text of the event.
    """
    names = frozenset(name for name in fields if "." not in name and not _is_prefix(name))
    by_prefix = {name[:-1]: kind for name, kind in fields.items() if _is_prefix(name)}
    prefixes = tuple(by_prefix)
    marks = [each for each in prefixes if not any(one in each for one in {*prefixes} - {each})]
    paths = [(path, path.split(".")[0], _remover(path)) for path in fields if "." in path]
    cleaned = _cleaner(frozenset(parameters))
    search_texts = bool(parameters)

    def less_of_text(text: str, taken: _Taken) -> str:
        pieces = sum(map(text.count, _SEPARATORS))
        if pieces > taken.pieces:
            taken.removed.append((TOO_MANY, next(iter(parameters.values()))))
            return REDACTED
        taken.pieces -= pieces
        left, found = cleaned(text)
        if not found:
            return text
        taken.removed += ((f"URL parameter {name}", parameters[name]) for name in found)
        return left

    def less_of_prefixed(value: Event, taken: _Taken) -> Event:
        left = {name: each for name, each in value.items() if not name.startswith(prefixes)}
        taken.removed += ((name, covering(name)) for name in value if name not in left)
        return value if len(left) == len(value) else left

    def covering(name: str) -> str:
        return next(kind for prefix, kind in by_prefix.items() if name.startswith(prefix))

    def less_of_object(value: Event, taken: _Taken) -> Event:
        left = value
        if not names.isdisjoint(value):
            taken.removed += ((name, fields[name]) for name in value if name in names)
            left = {name: each for name, each in value.items() if name not in names}
        if marks:
            joined = "\n".join(left)  # much quicker than checking each name
            for mark in marks:
                if mark in joined:
                    left = less_of_prefixed(left, taken)
                    break
        changed = None
        for name, each in left.items():
            kind = type(each)
            if kind is str:
                if not search_texts or ("=" not in each and "%" not in each):
                    continue
                new: Any = less_of_text(each, taken)
            elif kind is dict:
                new = less_of_object(each, taken)
            elif kind is list:
                new = less_of_list(each, taken)
            else:
                continue
            if new is not each:
                changed = changed or {}
                changed[name] = new
        return {**left, **changed} if changed else left

    def less_of_element(value: Any, taken: _Taken) -> Any:
        if type(value) is dict:
            return less_of_object(value, taken)
        if type(value) is list:
            return less_of_list(value, taken)
        return less_of_text(value, taken) if type(value) is str and search_texts else value

    def less_of_list(value: list[Any], taken: _Taken) -> list[Any]:
        elements = [less_of_element(each, taken) for each in value]
        return elements if any(map(is_not, elements, value)) else value

    def project(event: Event) -> tuple[Event, Removed]:
        taken = _Taken()
        left = less_of_object(event, taken)
        for path, first, remove in paths:
            if first not in left:
                continue
            edited = left.copy()
            remove(edited)
            if edited.get(first, MISSING) is not left[first]:
                taken.removed.append((path, fields[path]))
                left = edited
        return left, tuple(dict.fromkeys(taken.removed))

    return project


@cache
def _cleaner(parameters: frozenset[str]) -> Callable[[str], tuple[str, list[str]]]:
    """The function that cleans texts, shared by all projections that remove the same parameters."""

    def clean(text: str) -> tuple[str, list[str]]:
        return without_parameters(text, parameters)

    return BoundedCache(clean, lambda text: len(text) <= _MAX_REMEMBERED).__getitem__


def _is_prefix(name: str) -> bool:
    return len(name) > 1 and name.endswith("*") and "." not in name


def _remover(path: str) -> Callable[[Event], None]:
    return editor(path, lambda _: MISSING, makes=False)
