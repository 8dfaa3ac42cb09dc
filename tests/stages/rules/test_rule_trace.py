"""The trace: a line for each rule, with what its condition saw."""

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
        ({"a": 2}, "r: not met: a equals 2; saw 1"),
        ({"text": ["x", "y"]}, "r: not met: text in ['x', 'y']; saw 'hello'"),
        ({"text": "x"}, "r: not met: text equals x; saw 'hello'"),
        ({"inner.a": "x"}, "r: not met: inner.a equals x; saw 'b'"),
        ({"inner": "x"}, "r: not met: inner equals x; saw {'a': 'b'}"),
        ({"nothing": "x"}, "r: not met: nothing equals x; saw nothing"),
        ({"a": 1, "text": {"gte": 5, "lt": 7}}, "r: not met: text gte 5.0 and text lt 7.0; saw 'h"),
        ({"list.*": 5}, "r: not met: list.* equals 5; saw [1, 2]"),
        ({"a": {"exists": False}}, "r: not met: a exists False; saw 1"),
        ({"any": [{"a": 2}, {"a": 3}]}, "r: not met: none is met: a equals 2 or a equals 3"),
        ({"not": {"a": 1}}, "r: not met: not (a equals 1)"),
        ({"all": [{"a": 1}, {"text": "x"}]}, "r: not met: text equals x; saw 'hello'"),
        ({"link.query.q": "x"}, "r: not met: link.query.q equals x; saw 'y'"),
        ({"long": "x"}, "r: not met: long equals x; saw '" + "l" * 79 + "..."),
        ({"user_data.email_address": "x"}, "r: not met: user_data.email_address equals x"),
        ({"user_data.phone_number": "x"}, "r: not met: user_data.phone_number equals x; saw nothi"),
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
    ) == ("first: met", "rule 2: not met: a equals x; saw 2", "third: met", "end: met")


@pytest.mark.parametrize(
    ("action", "note"),
    [
        ({"set": {"a": {"field": "no"}}}, "a was not set: no is missing"),
        ({"set": {"value": {"field": "a"}}}, "value was not set: it cannot hold what a has"),
        (
            {"set": {"a": {"template": "{no}"}}},
            "a was not set: a field of its template is missing, or no text or number",
        ),
        (
            {"set": {"value": {"template": "{a}"}}},
            "value was not set: it cannot hold what its template gives",
        ),
        ({"rename": {"a": "value"}}, "a was not renamed: value cannot hold it"),
        ({"rename": {"a": "b.c"}}, "a was not renamed: b.c cannot hold it"),
    ],
)
def test_an_action_that_could_not_be_done_says_so(action: dict[str, Any], note: str) -> None:
    event = {"a": "text", "b": "text"}
    assert trace(event, {"name": "r", **action}) == (f"r: met; {note}",)


def test_without_rules_there_is_no_trace() -> None:
    assert trace({"a": 1}) == ()
