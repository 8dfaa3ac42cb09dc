"""Limits on the size of an event. The surplus is removed, and its fields are named.

An event of a site does not have a hundred thousand keys, deep nesting or endless values.
Serialisers, rules and destinations visit everything in an event, so the surplus is removed first:
everything after the first `MAX_KEYS` keys of an object, everything nested deeper than `MAX_DEPTH`,
and everything after the first `MAX_VALUES` values of the event. Known fields and those that state
consent count first, regardless of their position.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from gateway.event.text import printable

MAX_KEYS = 200
"""Keys of one object, including the event itself."""

MAX_DEPTH = 32
"""Levels of nesting. JSON serialisers stop at about 250, and destinations add a few."""

MAX_VALUES = 5_000
"""Values in all objects and lists of an event together: a purchase of 200 items with 20 fields each
has 4,200."""

SURPLUS = "surplus_fields"
"""Field of an event: names of the fields that were cut off. The first stage moves them to the
ignored fields."""

TOO_MANY = "more than an event may have"
"""The reason for which they are ignored."""

_MAX_NAMES = 10
_MAX_NAME = 64
_CONTAINERS = frozenset([dict, list])


def is_within_bounds(containers: list[Any], values: int = 0) -> bool:
    """Whether `containers`, the objects and lists in an event, are within all bounds.

    values: how many more values the event has.
    """
    return _left(containers, MAX_DEPTH, MAX_VALUES - values) >= 0


def cut(first: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """The event in `raw` within the bounds, with the names of what was cut off in `SURPLUS`.

    first: the fields, perhaps with other values, that count before the others.
    """
    most = MAX_KEYS - 1  # one is for SURPLUS
    fields = dict(islice(first.items(), most))
    for name, value in raw.items():
        if len(fields) >= most:
            break
        fields.setdefault(name, value)
    scissors = _Scissors(MAX_VALUES - len(fields))
    scissors.set_aside("", (name for name in raw if name not in fields), len(raw) - len(fields))
    kept = {name: scissors.within(name, value) for name, value in fields.items()}
    return {**kept, SURPLUS: scissors.words()}


def is_same(one: Any, other: Any) -> bool:
    """Whether two values, as they were sent, are equal; False for values that are nested too deeply
    to be compared."""
    try:
        return bool(one == other)
    except RecursionError:
        return False


def surplus_names(said: object) -> list[str]:
    """The names in `SURPLUS`, safe to print; rules may have written anything there."""
    texts = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    return [printable(name[:_MAX_NAME]) for name in texts[: _MAX_NAMES + 1]]


def _left(container: Any, levels: int, most: int) -> int:
    """How many of `most` values remain after those in `container`; negative beyond a bound."""
    most -= len(container)
    if levels == 0 or most < 0:
        return -1
    if type(container) is dict:
        if len(container) > MAX_KEYS:
            return -1
        container = container.values()
    for value in container:
        if type(value) in _CONTAINERS:
            most = _left(value, levels - 1, most)
            if most < 0:
                return -1
    return most


class _Scissors:
    """Cuts one event. left: how many values the containers in it can have together."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._names: list[str] = []
        self._count = 0

    def words(self) -> list[str]:
        more = self._count - len(self._names)
        return [*self._names, f"and {more} more"] if more else self._names

    def within(self, name: str, value: Any) -> Any:
        """The part of `value`, the event's field `name`, that is kept."""
        if type(value) not in _CONTAINERS:
            return value
        return self._container(value, name, MAX_DEPTH - 2)

    def set_aside(self, place: str, names: Iterable[str], count: int) -> None:
        if not count:
            return
        self._count += count
        for name in islice(names, _MAX_NAMES - len(self._names)):
            self._names.append(_joined(place, name))

    def _container(self, value: Any, place: str, levels: int) -> Any:
        """The part of an object or a list that is kept. levels: how deep its contents may nest."""
        return (self._object if type(value) is dict else self._list)(value, place, levels)

    def _object(self, old: dict[str, Any], place: str, levels: int) -> dict[str, Any]:
        kept = min(len(old), MAX_KEYS, self._left)
        self._left -= kept
        new: dict[str, Any] = {}
        names = iter(old)
        for name in islice(names, kept):
            value = old[name]
            if type(value) not in _CONTAINERS:
                new[name] = value
            elif levels:
                new[name] = self._container(value, _joined(place, name), levels - 1)
            else:
                self.set_aside(place, [name], 1)
        self.set_aside(place, names, len(old) - kept)
        return new

    def _list(self, old: list[Any], place: str, levels: int) -> list[Any]:
        new: list[Any] = []
        for index, value in enumerate(old):
            if not self._left:
                self.set_aside(place, map(str, range(index, len(old))), len(old) - index)
                break
            self._left -= 1
            if type(value) not in _CONTAINERS:
                new.append(value)
            elif levels:
                new.append(self._container(value, _joined(place, str(index)), levels - 1))
            else:
                self.set_aside(place, [str(index)], 1)
        return new


def _joined(place: str, name: str) -> str:
    """The end of the path to `name`."""
    return f"{place}.{name[:_MAX_NAME]}"[-_MAX_NAME:] if place else name[:_MAX_NAME]
