"""`when:` blocks: every operator met, not met, with a wrong type and without its field."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.stages.conditions import Check, Condition, compile_condition, describe


def compiled(when: dict[str, Any]) -> Check:
    return compile_condition(Condition.model_validate(when))


def is_met(when: dict[str, Any], event: dict[str, Any]) -> bool:
    return compiled(when)(event) is None


OPERATORS: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    # operator, values that meet it, values that do not (including other types)
    ({"equals": "a"}, ["a"], ["A", "", "ab", 1, True, None, ["a"], {"a": 1}]),
    ({"equals": 12}, [12, 12.0, "12"], [13, "12.0", "012", " 12", True, None, [12]]),
    ({"equals": 12.0}, [12, 12.0, "12", "12.0"], [13, "012", True, None]),
    ({"in": [5, 12.0]}, [12, "12", "5"], [True, "5.5"]),
    ({"equals": "12"}, [12, 12.0, "12"], [13, "12.0", "012", True, None, ["12"]]),
    ({"equals": 0.5}, [0.5, "0.5"], [0, ".5", "0.50", False, None]),
    ({"equals": "0.5"}, [0.5, "0.5"], [0, ".5", False]),
    ({"equals": "007"}, ["007"], [7, "7"]),
    ({"equals": True}, [True], [1, "true", "True", False, None, 1.0]),
    ({"equals": False}, [False], [0, "false", "", True, None]),
    ({"equals": 1}, [1, "1"], [True, "true"]),
    ({"equals": 0}, [0, "0", 0.0], [False, "", None]),
    ({"equals": ""}, [""], [0, False, None, []]),
    ({"in": ["a", 2, True]}, ["a", 2, "2", 2.0, True], ["b", 1, "True", False, None, ["a"]]),
    ({"contains": "b"}, ["abc", "b", ["a", "b"]], ["ac", "B", ["abc"], [], 5, None, {"b": 1}]),
    ({"contains": "12"}, ["12", "a123", [12], [5, "12"]], [12, [1, 2], [123], [True]]),
    ({"contains": "1"}, [[1], [1.0]], [[True], [[1]], [{"1": 1}]]),
    ({"contains": ["x", "b"]}, ["abc", ["b"], "x"], ["ac", ["xb"], 5, True, None]),
    ({"starts_with": "ab"}, ["ab", "abc"], ["xab", "A", "", ["ab"], 5, None]),
    ({"starts_with": ["x", "ab"]}, ["abc", "xyz"], ["bab", ["x"], 5, None]),
    ({"starts_with": "1"}, ["12"], [12, True]),
    ({"ends_with": "bc"}, ["bc", "abc"], ["bcd", "", ["bc"], 5, None]),
    ({"ends_with": ["x", ".example"]}, ["a.example", "x"], ["example", 5, None]),
    ({"matches": "^/a/[0-9]+$"}, ["/a/7"], ["/a/", "x/a/7", "/a/7\n", 7, ["/a/7"], None]),
    ({"matches": "b"}, ["abc"], ["ac", "B"]),
    ({"matches": "(?i)ß|É"}, ["straße", "é"], ["e"]),
    ({"matches": "a"}, ["a"], ["\ud800a"]),  # half a surrogate pair is no text
    ({"gt": 10}, [11, 10.5, 1e300], [10, 9, "11", True, None, [11], float("nan")]),
    ({"gt": "10"}, [11], [10, "11"]),  # a number from the environment is a text
    ({"gte": 10}, [10, 10.0, 11], [9.99, "10", True, None, float("nan")]),
    ({"lt": 10}, [9, -1, 9.99], [10, "9", False, None, float("nan")]),
    ({"lte": 10}, [10, 9], [10.01, "9", False, None]),
    ({"gte": 10, "lt": 20}, [10, 19.9], [9, 20, "15"]),
    ({"starts_with": "a", "ends_with": "z"}, ["az", "a-z"], ["a", "z", "za"]),
    ({"exists": True}, ["a", "", 0, False, None, [], {}], []),
    ({"exists": False}, [], ["a", "", 0, False, None, [], {}]),
    ({"exists": True, "equals": "a"}, ["a"], ["b"]),
]


@pytest.mark.parametrize(
    ("operators", "met", "not_met"), OPERATORS, ids=[str(row[0]) for row in OPERATORS]
)
def test_an_operator(operators: dict[str, Any], met: list[Any], not_met: list[Any]) -> None:
    for path, event_with in PLACES.items():
        check = compiled({path: operators})
        assert [value for value in met if check(event_with(value)) is not None] == []
        assert [value for value in not_met if check(event_with(value)) is None] == []


PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "field": lambda value: {"field": value, "other": "b"},
    "object.field": lambda value: {"object": {"field": value}},
    "list.1": lambda value: {"list": [None, value]},
    "list.*.field": lambda value: {"list": [{"field": value}, {}]},
    "user_data.address.field": lambda value: {"user_data": {"address": {"field": value}}},
    "user_data.address.list.*": lambda value: {"user_data": {"address": {"list": [value]}}},
    "user_data.address.lists.*": lambda value: {"user_data": {"address": [{"lists": [value]}]}},
    "user_data.address.one": lambda value: {"user_data": {"address": [{}, {"one": value}]}},
}


@pytest.mark.parametrize("operators", [row[0] for row in OPERATORS], ids=str)
def test_a_missing_field_meets_nothing_but_exists_false(operators: dict[str, Any]) -> None:
    for path in PLACES:
        for event in ({}, {"object": "text", "list": []}):
            assert is_met({path: operators}, event) == (operators == {"exists": False})


@pytest.mark.parametrize(
    ("when", "same"),
    [
        ({"a": "x"}, {"a": {"equals": "x"}}),
        ({"a": 5}, {"a": {"equals": 5}}),
        ({"a": True}, {"a": {"equals": True}}),
        ({"a": ["x", 5, True]}, {"a": {"in": ["x", 5, True]}}),
    ],
)
def test_shorthand(when: dict[str, Any], same: dict[str, Any]) -> None:
    assert describe(Condition.model_validate(when)) == describe(Condition.model_validate(same))
    for value in ("x", "y", 5, "5", True, 1, None):
        assert compiled(when)({"a": value}) == compiled(same)({"a": value})


@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({"a": 1, "b": 2}, True),
        ({"a": 1, "b": 3}, False),
        ({"all": [{"a": 1}, {"b": 2}]}, True),
        ({"all": [{"a": 1}, {"b": 3}]}, False),
        ({"any": [{"a": 2}, {"b": 2}]}, True),
        ({"any": [{"a": 2}, {"b": 1}]}, False),
        ({"not": {"a": 2}}, True),
        ({"not": {"a": 1}}, False),
        ({"not": {"a": 1, "b": 3}}, True),  # not (both)
        ({"not": {"nothing": 1}}, True),
        ({"not": {"not": {"a": 1}}}, True),
        ({"a": 1, "any": [{"b": 1}, {"b": 2}], "not": {"c": {"exists": True}}}, True),
        ({"a": 1, "any": [{"b": 1}, {"b": 2}], "not": {"b": {"exists": True}}}, False),
        ({"any": [{"all": [{"a": 1}, {"not": {"b": 2}}]}, {"all": [{"b": 2}]}]}, True),
    ],
)
def test_nesting(when: dict[str, Any], met: bool) -> None:
    assert is_met(when, {"a": 1, "b": 2}) is met


@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({"items.*.price": {"gt": 10}}, True),  # one value is enough
        ({"items.*.price": {"gt": 20}}, False),
        ({"items.*.price": {"gt": 5, "lt": 10}}, False),  # but it must meet every operator
        ({"items.*.price": {"gte": 5, "lt": 10}}, True),
        ({"items.*.brand": {"exists": True}}, True),
        ({"items.*.colour": {"exists": False}}, True),
        ({"items.*.brand": {"exists": False}}, False),
        ({"items.*.brand": "Acme"}, True),
        ({"items.*.tags.*": ["new", "old"]}, True),
        ({"items.*.tags": {"contains": "new"}}, True),
        ({"not": {"items.*.price": {"gt": 20}}}, True),
    ],
)
def test_a_star_is_met_by_one_of_the_values(when: dict[str, Any], met: bool) -> None:
    items = [{"price": 5, "brand": "Acme"}, {"price": 15, "tags": ["new"]}]
    assert is_met(when, {"items": items}) is met


@pytest.mark.parametrize(
    ("when", "event", "words"),
    [
        ({"event_name": "purchase"}, {}, 'event_name is "purchase"'),
        ({"event_name": ["a", "b"]}, {}, 'event_name is "a" or "b"'),
        ({"value": {"gte": 5, "lt": 9}}, {}, "value is at least 5 and is below 9"),
        ({"a": {"exists": True}}, {}, "a exists"),
        ({"a": 1, "b": 2}, {"a": 1}, "b is 2"),
        ({"all": [{"a": 1}, {"b": 2}]}, {"a": 1}, "b is 2"),
        ({"any": [{"a": 1}, {"b": 2}]}, {}, "a is 1, or b is 2"),
        ({"not": {"a": 1}}, {"a": 1}, "a is not 1"),
        ({"not": {"a": 1, "b": 2}}, {"a": 1, "b": 2}, "not (a is 1 and b is 2)"),
    ],
)
def test_the_words_name_what_is_not_met(
    when: dict[str, Any], event: dict[str, Any], words: str
) -> None:
    assert compiled(when)(event) == words


SHOP = [
    {"event_name": ["purchase", "refund"]},
    {"event_name": "add_to_cart", "value": {"gt": 100}},
    {"not": {"page_location": {"exists": True}}},
]


@pytest.mark.parametrize(
    ("when", "words", "opposite"),
    [
        ({"a": "x"}, 'a is "x"', 'a is not "x"'),
        ({"a": True}, "a is true", "a is not true"),
        ({"a": ["x", 1, 0.5]}, 'a is "x", 1 or 0.5', 'a is not "x", 1 or 0.5'),
        (
            {"a": [*range(7)]},
            "a is 0, 1, 2, 3, 4 or one of 2 more",
            "a is not 0, 1, 2, 3, 4 or one of 2 more",
        ),
        ({"a": [*range(6)]}, "a is 0, 1, 2, 3, 4 or 5", "a is not 0, 1, 2, 3, 4 or 5"),
        ({"a": {"contains": ["x", "y"]}}, 'a contains "x" or "y"', 'a does not contain "x" or "y"'),
        ({"a": {"starts_with": "x"}}, 'a starts with "x"', 'a does not start with "x"'),
        ({"a": {"ends_with": "x"}}, 'a ends with "x"', 'a does not end with "x"'),
        ({"a": {"matches": "^x"}}, 'a matches "^x"', 'a does not match "^x"'),
        ({"a": {"gt": 100}}, "a is above 100", "a is not above 100"),
        ({"a": {"gte": 0.5}}, "a is at least 0.5", "a is not at least 0.5"),
        ({"a": {"lt": 1e20}}, "a is below 1e+20", "a is not below 1e+20"),
        ({"a": {"lte": -1}}, "a is at most -1", "a is not at most -1"),
        ({"a": {"gt": 1, "lt": 2}}, "a is above 1 and is below 2", None),
        ({"a": {"exists": True}}, "a exists", "a does not exist"),
        ({"a": {"exists": False}}, "a does not exist", "a exists"),
        ({"a": {"exists": True, "gt": 1}}, "a is above 1", "a is not above 1"),
        ({"items.*.price": 5}, "one of items.*.price is 5", "none of items.*.price is 5"),
        (
            {"items.*.price": {"exists": True}},
            "items.*.price exists",
            "items.*.price does not exist",
        ),
        ({"a": "x\n"}, 'a is "x\\n"', 'a is not "x\\n"'),
        ({"a": 1, "b": 2}, "a is 1 and b is 2", "not (a is 1 and b is 2)"),
        ({"a": [1, 2], "b": 3}, "a is 1 or 2, and b is 3", "not (a is 1 or 2, and b is 3)"),
        ({"all": [{"a": 1}, {"b": 2, "c": 3}]}, "a is 1 and (b is 2 and c is 3)", None),
        ({"any": [{"a": 1, "b": 2}, {"c": 3}]}, "(a is 1 and b is 2), or c is 3", None),
        ({"a": 1, "any": [{"b": 2}, {"c": 3}]}, "a is 1, and (b is 2, or c is 3)", None),
        ({"not": {"a": {"gt": 1, "lt": 2}}}, "not (a is above 1 and is below 2)", None),
        ({"not": {"any": [{"a": 1}, {"b": 2}]}}, "not (a is 1, or b is 2)", None),
        ({"not": {"not": {"a": 1}}}, "a is 1", "a is not 1"),
        ({"a": 1, "not": {"b": 2}}, "a is 1 and b is not 2", "not (a is 1 and b is not 2)"),
        (
            {"any": SHOP},
            'event_name is "purchase" or "refund", or (event_name is "add_to_cart" and value is '
            "above 100), or page_location does not exist",
            None,
        ),
    ],
)
def test_a_condition_in_words(when: dict[str, Any], words: str, opposite: str | None) -> None:
    assert describe(Condition.model_validate(when)) == words
    if opposite is None:
        opposite = words[5:-1] if words.startswith("not (") else f"not ({words})"
    assert describe(Condition.model_validate({"not": when})) == opposite


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"a": {"matches": "(?=b)"}}, "not an RE2 expression: invalid perl operator: (?="),
        ({"a": {"matches": "(?<!b)c"}}, "not an RE2 expression: invalid perl operator: (?<"),
        ({"a": {"matches": r"(.)\1"}}, r"not an RE2 expression: invalid escape sequence: \1"),
        ({"a": {"matches": "("}}, "not an RE2 expression: missing ): ("),
        ({"a": {"matches": "a{5000}"}}, "not an RE2 expression: invalid repetition size: {5000}"),
        ({"a": {"equal": 1}}, "Extra inputs are not permitted"),
        ({"a": {"gt": "much"}}, "valid number"),
        ({"a": None}, "should be a valid"),
        ({"a": [{"b": 1}]}, "should be a valid"),
        ({"any": {"a": 1}}, "valid list"),
        ({"not": [{"a": 1}]}, "valid dictionary"),
        ({}, "is empty, so every event meets it; write a condition or remove it"),
        ({"not": {}}, "is empty, so every event meets it"),
        ({"a": 1, "not": None}, "is empty, so every event meets it"),
        ({"a": 1, "any": None}, "is empty, so every event meets it"),
        ({"a": 1, "all": None}, "is empty, so every event meets it"),
        ({"any": [{"a": 1}, {}]}, "is empty, so every event meets it"),
        ({"all": []}, "all: every event meets an empty list"),
        ({"any": []}, "any: an empty list never matches"),
        ({"a": []}, "an empty list never matches"),
        ({"a": {}}, "needs an operator, such as `{exists: true}`"),
        ({"a": {"in": []}}, "in: an empty list never matches"),
        ({"a": {"contains": ""}}, "contains: every text has an empty text in it"),
        ({"a": {"starts_with": ["x", ""]}}, "starts_with: every text has an empty text in it"),
        ({"a": {"ends_with": ""}}, "ends_with: every text has an empty text in it"),
        ({"a": {"matches": ""}}, "matches: every text has an empty text in it"),
        ({"a": float("nan")}, "finite number"),
        ({"a": [1, float("inf")]}, "finite number"),
        ({"a": {"gt": float("nan")}}, "finite number"),
        ({"a": {"lte": float("inf")}}, "finite number"),
        ({"user_data.*": "x"}, "user_data is an object, and * is for the elements of a list"),
        ({"a": {"contains": []}}, "contains: an empty list never matches"),
        ({"a": {"starts_with": []}}, "starts_with: an empty list never matches"),
        ({"a": {"gt": 100, "lt": 50}}, "no number is above 100 and below 50"),
        ({"a": {"gt": 5, "lte": 5}}, "no number is above 5 and at most 5"),
        ({"a": {"gte": 5, "lt": 5}}, "no number is at least 5 and below 5"),
        ({"a": {"gte": 5, "lte": 4.5}}, "no number is at least 5 and at most 4.5"),
        ({"a": {"gt": 5, "matches": "b"}}, "no value is a number for `gt` and a text or list"),
        ({"a": {"exists": False, "equals": 1}}, "a field that does not exist has no value"),
    ],
)
def test_mistakes(when: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Condition.model_validate(when)
    assert message in str(caught.value)


def test_no_expression_makes_an_event_slow() -> None:
    """A backtracking matcher would never finish on 50 KB that almost match."""
    event = {"a": "a" * 50_000 + "!"}
    plain, nested = compiled({"a": {"matches": "a+$"}}), compiled({"a": {"matches": "(a+)+$"}})
    assert plain(event) is not None
    assert nested(event) is not None
    assert _fastest(nested, event) < 50 * _fastest(plain, event)


def _fastest(check: Check, event: dict[str, Any]) -> float:
    def seconds() -> float:
        started = time.perf_counter()
        check(event)
        return time.perf_counter() - started

    return min(seconds() for _ in range(10))
