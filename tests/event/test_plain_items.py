"""The quick check of items and pydantic agree on everything that the quick check accepts."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from gateway.event import model, read_event
from gateway.event.bounds import MAX_KEYS, MAX_VALUES, is_within_bounds
from gateway.event.columns import MIN_OBJECTS
from gateway.event.plain_items import _KINDS, plain_items
from gateway.event.schema import Item, validate

Read = dict[str, Any]


class Text(str):
    __slots__ = ()


PLAIN: Read = {"item_id": "S-1", "item_name": "Café 🔥", "price": 59.9, "quantity": 1, "own": None}
NAMES = st.sampled_from([*Item.__annotations__, "qty", "own", "", "Größe", "a.b"])
ODD = st.sampled_from(
    [
        *(float("nan"), float("inf"), -float("inf"), 2**53, 2**53 + 1, -(2**53) - 1, 10**400),
        *(1e300, -0.0, True, None, "", "12", "59,90 €", "\ud800", "x" * 16_384, "x" * 16_385),
        *([], {}, ["a"], {"a": 1}, [[[]]], b"x", Text("x"), (1,)),
    ]
)
USUAL = st.text(max_size=5) | st.integers(-9, 9) | st.floats(0, 99) | st.booleans() | st.none()
ITEMS = st.dictionaries(NAMES, USUAL, max_size=6)
PLAIN_ITEMS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.text(max_size=5) for name in ("item_id", "item_name", "coupon")},
        **{name: st.integers(0, 9) | st.floats(0, 9) for name in ("price", "quantity")},
        "own": USUAL,
    },
)


@st.composite
def lists_of_items(draw: st.DrawFn) -> list[Any]:
    """Many items of one kind, and some odd ones among them."""
    items: list[Any] = [draw(st.just(PLAIN) | PLAIN_ITEMS).copy() for _ in range(MIN_OBJECTS)]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(items) - 1))
        items[place] = draw(ITEMS | PLAIN_ITEMS)
    for _ in range(draw(st.integers(0, 1))):
        items[draw(st.integers(0, len(items) - 1))][draw(NAMES | st.integers(0, 1))] = draw(ODD)
    return items


def typed(value: Any) -> Any:
    """`value` with the type of each part, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return {name: typed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [typed(each) for each in value]
    return type(value), repr(value)


@given(lists_of_items())
@example([PLAIN] * MIN_OBJECTS)
@example([{**PLAIN, "price": "12"}] * MIN_OBJECTS)
def test_what_is_plain_is_what_pydantic_makes_of_it(items: list[Any]) -> None:
    before = deepcopy(items)
    plain = plain_items(items)
    assert typed(items) == typed(before)
    if plain is None:
        return
    checked = validate({"event_name": "a", "items": items})["items"]
    assert typed(plain.items) == typed(checked)
    assert is_within_bounds([checked])
    held = MAX_VALUES - plain.values
    assert is_within_bounds([checked, *[None] * held])
    assert not is_within_bounds([checked, *[None] * (held + 1)])


@given(
    lists_of_items(),
    st.dictionaries(
        st.sampled_from(["value", "currency", "own", "consent", "ignored_fields", "user_data"]),
        USUAL | ODD,
        max_size=3,
    ),
)
@example([PLAIN] * MIN_OBJECTS, {"own": ["x"] * MAX_VALUES})
@example([{**PLAIN, **{f"a{n}": n for n in range(30)}}] * 140, {"own": ["x"] * 100})
def test_an_event_is_the_same_with_and_without(items: list[Any], fields: Read) -> None:
    event = {"event_name": "a", "items": items, **fields}
    quick = read_event(deepcopy(event))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "plain_items", lambda items: None)
        slow = read_event(deepcopy(event))
    assert typed(quick) == typed(slow)


@pytest.mark.parametrize(
    ("change", "is_plain"),
    [
        ({}, True),
        ({"own": "x" * 16_384}, True),
        ({"price": 0}, True),
        ({"price": -(2.0**45)}, True),
        ({"own": "x" * 16_385}, False),
        ({"item_name": "x" * 16_385}, False),
        ({"price": "59.9"}, False),
        ({"price": True}, False),
        ({"price": None}, False),
        ({"price": float("nan")}, False),
        ({"price": float("inf")}, False),
        ({"price": 10**400}, False),
        ({"item_id": 7}, False),
        ({"item_id": None}, False),
        ({"item_id": "\ud800"}, False),
        ({"\ud800": 1}, False),
        ({1: 1}, False),
        ({"own": []}, False),
        ({"own": {}}, False),
        (dict.fromkeys(map(str, range(MAX_KEYS)), 1), False),
    ],
)
def test_what_is_plain(change: dict[Any, Any], is_plain: bool) -> None:
    items = [PLAIN.copy() for _ in range(MIN_OBJECTS)]
    for place in (0, -1):
        one_is_other = [*items]
        one_is_other[place] = {**PLAIN, **change}
        assert (plain_items(one_is_other) is not None) is is_plain
    assert (plain_items([{**PLAIN, **change}] * MIN_OBJECTS) is not None) is is_plain


def test_a_number_is_exact_whatever_the_others_are() -> None:
    """The sum of all numbers is a float, which may have been rounded."""
    items: list[Read] = [{"price": 0.0} for _ in range(MIN_OBJECTS)]
    items[0] = {"price": 2**53 + 1}
    assert plain_items(items) is None
    items[0] = {"price": -(2**53) - 1}
    assert plain_items(items) is None
    items[0] = {"price": 2**53 - 1}
    assert plain_items(items) is not None


def test_items_belong_to_their_event_alone() -> None:
    items = [PLAIN.copy() for _ in range(MIN_OBJECTS)]
    plain = plain_items(items)
    assert plain is not None
    assert plain.items == items
    assert not {*map(id, plain.items)} & {*map(id, items)}


def test_no_more_than_an_event_may_have() -> None:
    assert plain_items([{}] * (MAX_VALUES - 1)) is not None
    assert plain_items([{}] * MAX_VALUES) is None
    assert plain_items([{"a": 1}] * (MAX_VALUES // 2)) is None


def test_the_kinds_of_all_known_fields() -> None:
    numbers = {name for name, kinds in _KINDS.items() if int in kinds}
    assert numbers == {"price", "quantity", "discount", "index"}
    assert _KINDS.keys() == Item.__annotations__.keys()
