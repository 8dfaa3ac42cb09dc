"""The values that a case wants in fields, compared with the event's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.explain.cases.fields import Mismatch, event_mismatches, mismatches

NAMES = st.text("abcxyz_", min_size=1, max_size=5)
SCALARS = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20).filter(lambda text: text != "absent")
)
TREES = st.recursive(
    SCALARS,
    lambda below: (
        st.dictionaries(NAMES, below, min_size=1, max_size=3)
        | st.lists(below, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, TREES, min_size=1, max_size=4)


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every scalar in `value` by its path."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = [(str(index), each) for index, each in enumerate(value)]
    else:
        return {path: value}
    found: dict[str, Any] = {}
    for name, each in pairs:
        found |= leaves(each, f"{path}.{name}" if path else name)
    return found


@given(OBJECTS)
def test_what_is_there_is_as_wanted_and_is_not_absent(value: dict[str, Any]) -> None:
    there = leaves(value)
    assert list(mismatches(value, there)) == []
    assert [each.path for each in mismatches(value, dict.fromkeys(there, "absent"))] == [*there]


@given(OBJECTS, SCALARS)
def test_what_is_not_there_is_absent_and_is_never_as_wanted(
    value: dict[str, Any], wanted: Any
) -> None:
    missing = [f"{path}-not" for path in leaves(value)]
    assert list(mismatches(value, dict.fromkeys(missing, "absent"))) == []
    assert [each.path for each in mismatches(value, dict.fromkeys(missing, wanted))] == missing


@pytest.mark.parametrize(
    ("value", "path", "wanted", "expected", "found"),
    [
        ({"a": 1}, "a", True, "true", "1"),
        ({"a": True}, "a", 1, "1", "true"),
        ({"a": [1, 2]}, "a.*", 3, "3", "[1,2]"),
        ({"a": [1]}, "a.1", 1, "1", "nothing"),
        ({"a": None}, "a", "absent", "nothing", "null"),
        ({"a": "x" * 500}, "a", ["y", "z"], 'one of ["y","z"]', f'"{"x" * 119}...'),
        ([{"a": 1}], "0.a", 2, "2", "1"),
        ("text", "a", 1, "1", "nothing"),
    ],
)
def test_a_mismatch_in_words(value: Any, path: str, wanted: Any, expected: str, found: str) -> None:
    assert list(mismatches(value, {path: wanted})) == [Mismatch(path, expected, found)]


@pytest.mark.parametrize(
    ("address", "wanted", "found"),
    [
        ([{"street": "A"}, {}], "absent", '"A"'),
        ([{"street": "A"}, {"street": "B"}], "C", '["A","B"]'),
        ([{}], "A", "nothing"),
        ({"street": "A"}, "absent", '"A"'),
        ([{}, {"street": "A"}], "A", None),
        ({"street": "A"}, "A", None),
        ([{}], "absent", None),
    ],
)
def test_a_name_means_each_address(address: Any, wanted: str, found: str | None) -> None:
    fields = {"user_data.address.street": wanted}
    wrong = [each.found for each in event_mismatches({"user_data": {"address": address}}, fields)]
    assert wrong == ([] if found is None else [found])
