"""Checks many items that fit as they are, in a third of the time that pydantic takes.

pydantic looks for each known field in each item, and `gateway.event.bounds` visits all values
again: a list of five hundred items takes longer than the rest of its event. But most items are a
few texts and numbers, with the same fields as the item before. So all values of a field are checked
at once (`gateway.event.columns`). For all other items the result is None, and pydantic checks them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from destinations.numbers import MAX_EXACT
from gateway.event.bounds import MAX_KEYS, MAX_VALUES
from gateway.event.columns import MIN_OBJECTS, Columns, columns
from gateway.event.item_names import QUANTITIES
from gateway.event.schema import MAX_TEXT, Item, Number

_DICT, _STR, _NUMERIC = frozenset([dict]), frozenset([str]), frozenset([int, float])
_PLAIN = frozenset([str, int, float, bool, type(None)])
_KINDS = {name: _NUMERIC if hint is Number else _STR for name, hint in Item.__annotations__.items()}
"""Types that a known field accepts without conversion."""


class PlainItems(NamedTuple):
    """items: copies, with their fields in the order in which they were sent. values: as
    `gateway.event.bounds` counts them, with the list itself as one."""

    items: list[dict[str, Any]]
    values: int


def plain_items(items: object) -> PlainItems | None:
    """`items` of an event, if there are many, each fits as it is, and all are within the bounds;
    otherwise None."""
    if type(items) is not list or not MIN_OBJECTS <= len(items) < MAX_VALUES:
        return None
    if not _DICT.issuperset(map(type, items)):
        return None
    count = 1 + len(items)
    for alike in columns(items):
        count += sum(map(len, alike.values()))
        if count > MAX_VALUES or not _are_plain(alike):
            return None
    return PlainItems([*map(dict.copy, items)], count)


def _are_plain(items: Columns) -> bool:
    if not items.keys().isdisjoint(QUANTITIES):
        return False
    return _are_names(items) and all(_fit(name, values) for name, values in items.items())


def _are_names(names: Columns) -> bool:
    return (
        len(names) <= MAX_KEYS and _STR.issuperset(map(type, names)) and _is_unicode("".join(names))
    )


def _fit(name: str, values: Sequence[Any]) -> bool:
    """Whether `values`, those of the field `name` in many items, fit there as they are."""
    kinds = {*map(type, values)}
    if not kinds <= _KINDS.get(name, _PLAIN):
        return False
    if str in kinds and not _are_texts(values, kinds):
        return False
    return kinds.isdisjoint(_NUMERIC) or _are_numbers(values, kinds)


def _are_texts(values: Sequence[Any], kinds: set[type]) -> bool:
    """Whether the texts in `values` are valid Unicode and no longer than those of known fields."""
    texts = values if len(kinds) == 1 else [value for value in values if type(value) is str]
    joined = "".join(texts)
    return (len(joined) <= MAX_TEXT or max(map(len, texts)) <= MAX_TEXT) and _is_unicode(joined)


def _are_numbers(values: Sequence[Any], kinds: set[type]) -> bool:
    """Whether the numbers in `values` are finite and exact, which they are if the sum of their
    absolute values is below `MAX_EXACT`. A sum equal to it may have been rounded down."""
    numbers = values if kinds <= _NUMERIC else [each for each in values if type(each) in _NUMERIC]
    try:
        total = sum(numbers if min(numbers) >= 0 else map(abs, numbers))
    except OverflowError:
        return False
    return bool(total < MAX_EXACT)


def _is_unicode(text: str) -> bool:
    """Whether `text` has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
