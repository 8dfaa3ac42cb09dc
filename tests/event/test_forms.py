"""The forms of one event, and what one adds to another."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.event.forms import beyond, union

NAMES = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([0, 1, "x", None, [1], [{"a": 1}]]),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
FORMS = st.dictionaries(NAMES, VALUES, max_size=3)


@given(FORMS, FORMS)
def test_what_a_form_adds_stands_for_the_form(known: dict[str, Any], form: dict[str, Any]) -> None:
    assert union([known, beyond(known, form)]) == union([known, form])


@given(FORMS, FORMS)
def test_a_form_adds_nothing_to_what_has_it(known: dict[str, Any], form: dict[str, Any]) -> None:
    both = union([known, form])
    assert (beyond(both, known), beyond(both, form)) == ({}, {})


def test_of_two_values_the_known_one_holds() -> None:
    known = {"value": 4, "user_data": {"city": "Berlin"}}
    form = {"value": 5, "user_data": {"city": "Bonn", "country": "DE"}, "currency": "EUR"}
    assert beyond(known, form) == {"user_data": {"country": "DE"}, "currency": "EUR"}
