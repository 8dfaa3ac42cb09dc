"""Many items that fit as they are, which is found out in a third of the time that pydantic takes.

pydantic looks for each known field in each item, and `gateway.event.bounds` visits all values
again: a list of five hundred items takes longer than the rest of its event. But most items are a
few texts and numbers, with the same fields as the item before. So all values of a field are checked
at once. For anything else the answer is None, and pydantic has to be asked.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from destinations.numbers import MAX_EXACT
from gateway.event.bounds import MAX_KEYS, MAX_VALUES
from gateway.event.schema import MAX_TEXT, Item, Number

MIN_ITEMS = 10
"""pydantic is quicker with fewer."""

_MAX_OUTLINES = 16
"""Different lists of fields. Those of a shop's items are few."""

_DICT, _STR, _NUMERIC = frozenset([dict]), frozenset([str]), frozenset([int, float])
_PLAIN = frozenset([str, int, float, bool, type(None)])
_KINDS = {name: _NUMERIC if hint is Number else _STR for name, hint in Item.__annotations__.items()}
"""Types that a known field has as it is."""

_Item = dict[Any, Any]
_Names = tuple[Any, ...]
"""Of an item's fields."""


class PlainItems(NamedTuple):
    """items: copies, with their fields in the order in which they were sent. values: as
    `gateway.event.bounds` counts them, with the list itself as one."""

    items: list[dict[str, Any]]
    values: int


def plain_items(items: object) -> PlainItems | None:
    """`items` of an event, if they are many, each of them fits as it is, and they are within all
    bounds."""
    if type(items) is not list or len(items) < MIN_ITEMS or not _DICT.issuperset(map(type, items)):
        return None
    values = [*chain.from_iterable(map(dict.values, items))]
    count = 1 + len(items) + len(values)
    if count > MAX_VALUES:
        return None
    names = tuple(items[0])
    if [*chain.from_iterable(items)] == [*names] * len(items):
        is_plain = _are_names(names) and _are_values(names, values)
    else:
        is_plain = all(
            _are_names(each) and _are_values(each, [*chain.from_iterable(map(dict.values, alike))])
            for each, alike in _by_names(items)
        )
    return PlainItems([*map(dict.copy, items)], count) if is_plain else None


def _by_names(items: list[_Item]) -> Iterator[tuple[_Names, list[_Item]]]:
    groups: defaultdict[_Names, list[_Item]] = defaultdict(list)
    for item in items:
        groups[tuple(item)].append(item)
    yield from groups.items()


def _are_names(names: _Names) -> bool:
    return (
        len(names) <= MAX_KEYS and _STR.issuperset(map(type, names)) and _is_unicode("".join(names))
    )


def _are_values(names: _Names, values: list[Any]) -> bool:
    """Whether `values`, of items that all have `names`, fit there."""
    for place, name in enumerate(names):
        of_name = values[place :: len(names)]
        kinds = {*map(type, of_name)}
        if not kinds <= _KINDS.get(name, _PLAIN):
            return False
        if str in kinds and not _are_texts(of_name, kinds):
            return False
        if not (kinds.isdisjoint(_NUMERIC) or _are_numbers(of_name, kinds)):
            return False
    return True


def _are_texts(values: list[Any], kinds: set[type]) -> bool:
    """Whether the texts in `values` are no longer than known ones may be."""
    texts = values if len(kinds) == 1 else [value for value in values if type(value) is str]
    joined = "".join(texts)
    return (len(joined) <= MAX_TEXT or max(map(len, texts)) <= MAX_TEXT) and _is_unicode(joined)


def _are_numbers(values: list[Any], kinds: set[type]) -> bool:
    """Whether the numbers in `values` are finite and exact, which they are if even their sum is."""
    numbers = values if kinds <= _NUMERIC else [each for each in values if type(each) in _NUMERIC]
    try:
        return bool(sum(map(abs, numbers)) <= MAX_EXACT)
    except OverflowError:
        return False


def _is_unicode(text: str) -> bool:
    """Whether `text` has no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
