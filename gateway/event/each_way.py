"""Paths into what the model has as an object or as a list of objects: a name applies to each.

``user_data.address`` is one. Senders write the same address in both forms, so that
``user_data.address.street`` means the street of every address.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args, get_origin

from typing_extensions import is_typeddict

from destinations.paths import ANY
from gateway.event.schema import EventFields, below, branches


def each_way(keys: Sequence[str]) -> list[tuple[str, ...]]:
    """`keys`, and where a list may stand instead of an object also those with ``*`` for it.

    In one event at most one of them leads anywhere.
    """
    at = place_of_list(tuple(keys))
    way = tuple(keys)
    return [way] if at is None else [way, (*way[:at], ANY, *way[at:])]


@cache
def place_of_list(keys: tuple[str, ...]) -> int | None:
    """Which of `keys` names what is in an object or in each object of a list; None for none."""
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
