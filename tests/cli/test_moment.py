"""Times as operators write them."""

from __future__ import annotations

import contextlib

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.stored.moment import moment
from gateway.event.moment import unix_seconds

NOW = 1_795_219_200.0  # 2026-11-21 00:00 UTC


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", NOW - 90),
        ("15m", NOW - 900),
        ("2h", NOW - 7200),
        ("3d", NOW - 3 * 86_400),
        ("0s", NOW),
        ("999999999d", 0.0),
        ("2026-11-21", NOW),
        ("2026-11-21T00:00", NOW),
        ("2026-11-21 00:00:00Z", NOW),
        ("2026-11-21T02:00+02:00", NOW),
        ("20261121T000000Z", NOW),
        ("1969-12-31", 0.0),
        ("0001-01-01T00:00+14:00", 0.0),
    ],
)
def test_ages_and_iso_8601(text: str, seconds: float) -> None:
    assert unix_seconds(text, NOW) == seconds


@pytest.mark.parametrize(
    "text", ["", "now", "3", "3w", "-3d", "3 d", "1.5h", "2026-13-01", "1795219200", "٣d!"]
)
def test_anything_else_is_refused_with_both_forms_named(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"15m or 3d.*2026-07-01T12:00Z"):
        moment(text)


@given(st.text(max_size=30))
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert unix_seconds(text, NOW) >= 0
