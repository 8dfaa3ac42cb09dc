"""The trace: a line for each rule, with what its condition found."""

from typing import Any

import pytest

from gateway.stages.rules import Rule, compile_rules


def trace(event: dict[str, Any], *rules: dict[str, Any]) -> tuple[str, ...]:
    return compile_rules([Rule.model_validate(rule) for rule in rules])(event).trace


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ({"a": 1}, "r: met"),
        (None, "r: met"),
        ({"a": 2}, "r: not met: matches only if a is 2; found 1"),
        ({"text": ["x", "y"]}, 'r: not met: matches only if text is "x" or "y"; found "hello"'),
        ({"text": "x"}, 'r: not met: matches only if text is "x"; found "hello"'),
        ({"inner.a": "x"}, 'r: not met: matches only if inner.a is "x"; found "b"'),
        ({"inner": "x"}, 'r: not met: matches only if inner is "x"; found {"a": "b"}'),
        ({"nothing": "x"}, 'r: not met: matches only if nothing is "x"; found nothing'),
        (
            {"a": 1, "text": {"gte": 5, "lt": 7}},
            "r: not met: matches only if text is at least 5 and is below 7; found ",
        ),
        ({"list.*": 5}, "r: not met: matches only if one of list.* is 5; found [1, 2]"),
        ({"a": {"exists": False}}, "r: not met: matches only if a does not exist; found 1"),
        ({"any": [{"a": 2}, {"a": 3}]}, "r: not met: matches only if a is 2, or a is 3"),
        ({"not": {"a": 1}}, "r: not met: matches only if a is not 1"),
        (
            {"all": [{"a": 1}, {"text": "x"}]},
            'r: not met: matches only if text is "x"; found "hello"',
        ),
        ({"link.query.q": "x"}, 'r: not met: matches only if link.query.q is "x"; found "y"'),
        ({"long": "x"}, 'r: not met: matches only if long is "x"; found "' + "l" * 76 + "..."),
        (
            {"user_data.email_address": "x"},
            'r: not met: matches only if user_data.email_address is "x"',
        ),
        (
            {"user_data.phone_number": "x"},
            'r: not met: matches only if user_data.phone_number is "x"; found nothing',
        ),
    ],
)
def test_what_a_condition_saw(when: dict[str, Any] | None, line: str) -> None:
    event = {"a": 1, "text": "hello", "inner": {"a": "b"}, "list": [1, 2], "long": "l" * 99}
    event |= {"link": "/?q=y", "user_data": {"email_address": "jo@shop.example"}}
    rule: dict[str, Any] = {"name": "r", "set": {"b": 1}} | ({"when": when} if when else {})
    (found,) = trace(event, rule)
    assert found.startswith(line)
    assert "jo@shop" not in found


def test_each_rule_has_its_line_with_what_it_saw_at_its_time() -> None:
    assert trace(
        {"a": 1},
        {"name": "first", "set": {"a": 2}},
        {"when": {"a": "x"}, "set": {"b": 1}},
        {"name": "third", "set": {"a": 3}},
        {"name": "end", "when": {"a": 3}, "drop": True},
        {"name": "never", "set": {"a": 4}},
    ) == (
        "first: met",
        'rule 2: not met: matches only if a is "x"; found 2',
        "third: met",
        "end: met",
    )


@pytest.mark.parametrize(
    ("action", "note"),
    [
        ({"set": {"a": {"field": "no"}}}, "a was not set: no is missing"),
        (
            {"set": {"value": {"field": "a"}}},
            "value was not set: the value of a has the wrong type for it",
        ),
        (
            {"set": {"a": {"template": "{no}"}}},
            "a was not set: a field in its template is missing, or is not a text or number",
        ),
        (
            {"set": {"value": {"template": "{a}"}}},
            "value was not set: the result of its template has the wrong type for it",
        ),
        ({"set": {"text.x": 1}}, "text.x was not set: the event has no place for it"),
        ({"set": {"text.x": {"field": "a"}}}, "text.x was not set: the event has no place for it"),
        (
            {"set": {"text.x": {"template": "{a}"}}},
            "text.x was not set: the event has no place for it",
        ),
        (
            {"set": {"page_location.query.q": "x"}},
            "page_location.query.q was not set: the event has no place for it",
        ),
        ({"set": {"list.7": 1}}, "list.7 was not set: the event has no place for it"),
        ({"cast": {"text": "integer"}}, "text was not converted: its value is no integer"),
        ({"cast": {"list.*": "boolean"}}, "list.* was not converted: its value is no boolean"),
        ({"rename": {"a": "value"}}, "a was not renamed: its value has the wrong type for value"),
        ({"rename": {"a": "b.c"}}, "a was not renamed: its value has the wrong type for b.c"),
    ],
)
def test_an_action_that_could_not_be_done_says_so(action: dict[str, Any], note: str) -> None:
    event = {"a": "text", "b": "text", "text": "hello", "list": ["x", "true"]}
    assert trace(event, {"name": "r", **action}) == (f"r: met; {note}",)


def test_without_rules_there_is_no_trace() -> None:
    assert trace({"a": 1}) == ()
