"""The valid name offered for a misspelt one, and never for its opposite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event.text import did_you_mean

NAMES = ["equals", "in", "contains", "starts_with", "ends_with", "gte", "lte", "ga4", "max_age"]
NAMES += ["redis_hash", "analytics_storage", "include", "rules", "web"]


@pytest.mark.parametrize(
    ("wrong", "offered"),
    [
        ("equal", "equals"),
        ("startsWith", "starts_with"),
        ("gA4", "ga4"),
        ("gtee", "gte"),
        ("wbe", "web"),
        ("redis", "redis_hash"),
        ("analytics", "analytics_storage"),
    ],
)
def test_a_slip(wrong: str, offered: str) -> None:
    assert did_you_mean(wrong, NAMES) == f"; did you mean {offered!r}?"


@pytest.mark.parametrize(
    "wrong",
    ["not_equals", "notEquals", "not_in", "not_contains", "min_age", "exclude", "unless", "regex"],
)
def test_nothing_is_offered_for_the_opposite_or_for_another_word(wrong: str) -> None:
    assert did_you_mean(wrong, NAMES) == ""


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=5))
def test_only_valid_names_are_offered(wrong: str, valid: list[str]) -> None:
    offered = did_you_mean(wrong, valid)
    assert offered in {"", *(f"; did you mean {name!r}?" for name in valid)}
