"""Paths into fields that may be an object or a list of objects: a name applies to each object.

``user_data.address`` is such a field. Senders use both forms, so ``user_data.address.street`` means
the street of every address.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args, get_origin

from typing_extensions import is_typeddict

from destinations.paths import ANY
from gateway.event.schema import EventFields, below, branches


def each_way(keys: Sequence[str]) -> list[tuple[str, ...]]:
    """`keys`, and if one of their objects may also be a list, the keys with ``*`` for its elements.

    In one event at most one of them leads to a value.
    """
    at = place_of_list(tuple(keys))
    way = tuple(keys)
    return [way] if at is None else [way, (*way[:at], ANY, *way[at:])]


@cache
def place_of_list(keys: tuple[str, ...]) -> int | None:
    """The index in `keys` of the name of a field of an object that may also be a list of objects;
    None without one."""
    annotation: Any = EventFields
    for at, key in enumerate(keys):
        if _is_either(annotation) and key != ANY and not key.isdigit():
            return at
        annotation = next(below(annotation, key), Any)
    return None


def _is_either(annotation: Any) -> bool:
    forms = list(branches(annotation))
    lists = [get_args(form)[0] for form in forms if get_origin(form) is list]
    objects = any(map(is_typeddict, forms))
    return objects and any(is_typeddict(bare) for each in lists for bare in branches(each))
