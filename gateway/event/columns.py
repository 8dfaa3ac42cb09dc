"""Groups the values of many objects by name.

A purchase of hundreds of items repeats a few names. To check all values of a name at once is much
faster than to check each one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MIN_OBJECTS = 10
"""With fewer, it is quicker to look at each object."""

Columns = Mapping[Any, list[Any]]
"""The values of objects that all have the same names, by name."""

_Object = dict[Any, Any]


def columns(objects: Sequence[_Object]) -> Iterator[Columns]:
    """The values of `objects`, one or more, for each group of them with the same names."""
    if len({*map(len, objects)}) == 1:
        try:
            all_alike = _by_name(objects)
        except KeyError:
            pass
        else:
            yield all_alike
            return
    groups: defaultdict[frozenset[Any], list[_Object]] = defaultdict(list)
    for each in objects:
        groups[frozenset(each)].append(each)
    yield from map(_by_name, groups.values())


def _by_name(objects: Sequence[_Object]) -> Columns:
    """Raises `KeyError` when one of `objects` lacks a name of the first."""
    return {name: [each[name] for each in objects] for name in objects[0]}
