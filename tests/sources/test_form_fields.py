"""Query strings and forms as events."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import EventError, read_event
from gateway.sources.base import Refused
from gateway.sources.form import expand, query_fields


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", []),
        ("a=1&b=2", [("a", "1"), ("b", "2")]),
        ("a=x+y%26z", [("a", "x y&z")]),
        ("a=1=2", [("a", "1=2")]),
        ("a=&b&c=1", [("c", "1")]),
        ("&&a=1&", [("a", "1")]),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
        ("na%20me=%C3%BC", [("na me", "ü")]),
        ("a=%FF", [("a", "�")]),
        ("a=100%", [("a", "100%")]),
        ("a=é%C3%A9+%2B", [("a", "éé +")]),
        ("a=%E2é%A9%zz", [("a", "\ufffdé\ufffd%zz")]),
        ("a=%2500", [("a", "%00")]),
    ],
)
def test_fields_of_a_query(query: str, fields: list[tuple[str, str]]) -> None:
    assert query_fields(query) == fields


@pytest.mark.parametrize("query", ["a=%00", "%00=a", "a=1\0"])
def test_a_nul_is_refused(query: str) -> None:
    with pytest.raises(Refused) as refused:
        query_fields(query)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(text, text)))
def test_what_a_browser_encodes_is_decoded(fields: list[tuple[str, str]]) -> None:
    assert query_fields(urlencode(fields)) == fields


@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=40))
def test_any_query_reads_as_python_reads_it(query: str) -> None:
    if "%00" not in query:
        assert query_fields(query) == parse_qsl(query)


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"a": "1"}, {"a": "1"}),
        ({"a.b.c": "1", "a.b.d": "2"}, {"a": {"b": {"c": "1", "d": "2"}}}),
        ({"items.0.item_id": "A"}, {"items": [{"item_id": "A"}]}),
        ({"a.10": "c", "a.9": "b", "a.0": "a"}, {"a": ["a", "b", "c"]}),
        ({"a.0": "x", "a.b": "y"}, {"a": {"0": "x", "b": "y"}}),
        ({"0": "x"}, {"0": "x"}),
        ({"a": "1", "a.b": "2"}, {"a": {"b": "2"}}),
        ({"a.b": "2", "a": "1"}, {"a": {"b": "2"}}),
        ({".": "1"}, {"": {"": "1"}}),
        ({"a.²": "1"}, {"a": {"²": "1"}}),
    ],
)
def test_dots_lead_into_objects_and_numbers_make_lists(
    fields: dict[str, str], event: dict[str, Any]
) -> None:
    assert expand(fields.items()) == event


def test_of_two_fields_of_one_name_the_last_counts() -> None:
    assert expand([("a", "1"), ("a", "2")]) == {"a": "2"}


def test_endless_dots_end() -> None:
    event = expand([("event_name", "a"), ("a." * 50_000 + "a", "1")])
    with pytest.raises(EventError, match="nested deeper"):
        read_event(event)
