"""Statements about consent: which fields are any, and several of one as one value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.statements import (
    MAX_STATEMENTS,
    is_statement,
    last_or_all,
    several,
    statements_in,
    with_statements,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("consent", True),
        ("Consent.ad_storage", True),
        ("consent_categories", True),
        ("ep.consent.ad_storage", True),
        ("epn.consent.ad_storage", True),
        ("gcs", True),
        ("x-ga-gcs", True),
        ("x-ga-mp2-gdpr_consent", True),
        ("sst.us_privacy", True),
        ("gpp_sid", True),
        ("tc_string", True),
        ("", False),
        ("event_name", False),
        ("gcsx", False),
        ("my_gcs", False),
        ("epn.gpp", False),
        ("ad_storage", False),
    ],
)
def test_fields_about_consent(name: str, expected: bool) -> None:
    assert is_statement(name) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a"], "a"),
        (["a", "a"], "a"),
        (["a", "b", "a"], ["a", "b"]),
        (["", "a"], ["", "a"]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
    ],
)
def test_several_values_are_a_list_of_those_that_differ(values: list[Any], expected: Any) -> None:
    assert several(values) == expected


@given(st.lists(st.text(max_size=5), max_size=60), st.sampled_from(["denied", "DENIED", " 0", ""]))
def test_there_is_always_room_for_a_denial(others: list[str], denial: str) -> None:
    value = several([*others, denial])
    kept = value if isinstance(value, list) else [value]
    assert len(kept) <= 2 * MAX_STATEMENTS
    assert denial in kept or sum(each.strip() in ("", "0") for each in kept) > 1


def test_of_repeated_fields_the_last_counts_except_for_statements() -> None:
    fields = [("a", "1"), ("gcs", "G100"), ("a", "2"), ("gcs", "G111"), ("npa", "1")]
    assert last_or_all(fields) == {"a": "2", "gcs": ["G100", "G111"], "npa": "1"}


def test_an_empty_value_states_nothing_except_of_a_named_type() -> None:
    empty = {"consent": "", "consent.x": "", "consent_id": None, "gcs": "", "gpp_sid": [], "a": 1}
    assert statements_in(empty | {"gdpr": 0, "npa": False}) == {
        "consent.x": "",
        "gdpr": 0,
        "npa": False,
    }


@pytest.mark.parametrize(
    ("message", "envelope", "expected"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"gcs": "x"}, {"a": 1, "gcs": "x"}),
        ({"gcs": "y"}, {"gcs": "x"}, {"gcs": ["x", "y"]}),
        ({"gcs": ["y", "x"]}, {"gcs": ["x", "z"]}, {"gcs": ["x", "z", "y"]}),
        ({"consent": {}}, {"consent": {"a": 1}}, {"consent": {"a": 1}}),
        ({"consent": {"a": 2}}, {"consent": {"a": 1}}, {"consent": [{"a": 1}, {"a": 2}]}),
    ],
)
def test_what_the_envelope_states_stands_before_what_the_message_states(
    message: dict[str, Any], envelope: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_statements(message, envelope) == expected
