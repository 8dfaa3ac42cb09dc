"""The values of many objects as columns: each value is once in the column of its name."""

from collections import Counter
from typing import Any

import hypothesis.strategies as st
from hypothesis import example, given

from gateway.event.columns import columns

Objects = list[dict[str, Any]]

OBJECTS = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=3), min_size=1
)


def pairs(objects: Objects) -> Counter[tuple[str, Any]]:
    return Counter(pair for each in objects for pair in each.items())


@given(OBJECTS)
@example([{}])
@example([{"a": 1, "b": 2}, {"a": 3}, {"b": 4}])
@example([{"a": 1, "b": 2}, {"b": 3, "a": 4}])
@example([{"a": 1}, {"a": 1, "b": 2}, {"a": 1}])
def test_the_columns_have_what_the_objects_have(objects: Objects) -> None:
    before = [{**each} for each in objects]
    groups = [*columns(objects)]
    rows = [dict(zip(group, row, strict=True)) for group in groups for row in _rows(group)]
    assert pairs(rows) == pairs(objects)
    assert objects == before


def _rows(group: Any) -> list[tuple[Any, ...]]:
    return [*zip(*group.values(), strict=True)]


def test_objects_with_the_same_names_are_one_group() -> None:
    alike = [{"a": place, "b": -place} for place in range(3)]
    assert [*columns(alike)] == [{"a": [0, 1, 2], "b": [0, -1, -2]}]
    assert [*columns([*alike, {"a": 9}, *alike])] == [
        {"a": [0, 1, 2, 0, 1, 2], "b": [0, -1, -2, 0, -1, -2]},
        {"a": [9]},
    ]
