"""Texts for which a careless pattern takes quadratic or exponential time, up to minutes.

No test measures time: a slow one fails at its timeout.
"""

from __future__ import annotations

import json

import pytest

from gateway.event import read_event
from gateway.event.cookie_ids import google_click
from gateway.event.times import to_seconds
from gateway.sources.statement_fields import may_have_fields

pytestmark = pytest.mark.timeout(60)

LONG = 1_000_000
PAIRS = "a:'," * 1_000


@pytest.mark.parametrize(
    "fields",
    [
        {"consent": f"{PAIRS}("},
        {"consent": {"choices": f"{PAIRS}("}},
        {"consent_state": f"{PAIRS}("},
        {"timestamp": " +0000 UTC m=" * (LONG // 13) + "\nx"},
        {"timestamp": {"date": " +0000 UTC m=" * (LONG // 13) + "\nx", "timezone": "+00:00"}},
        {"click_ids": {"gclid": "2.1." + "$k1" * (LONG // 3) + "\n"}},
        {"gclid": "2.1." + "$k1" * (LONG // 3) + "\n"},
    ],
    ids=["consent", "in consent", "state", "time", "time of PHP", "click", "field of a click"],
)
def test_an_event_with_one_is_read(fields: dict[str, object]) -> None:
    assert read_event({"event_name": "a", **fields})["event_name"] == "a"


def test_a_body_full_of_the_word_has_no_field_of_consent() -> None:
    body = json.dumps({"t": "consent" * (LONG // 7)}).encode()
    assert not may_have_fields(body)
    assert may_have_fields(body + b'"consent.ad_storage"')
    assert may_have_fields(b'{"consentconsent[a]": 1}')


def test_a_long_time_is_none() -> None:
    with pytest.raises(ValueError, match="not a time"):
        to_seconds("2026-11-29T12:00:00Z" + " (a)" * 100)


def test_a_cookie_of_a_click_is_read_from_its_parts() -> None:
    assert google_click("2.1.kabc$i1700000000$b0") == "abc"
    assert google_click("2.1.i1700000000$kabc") == "abc"
    assert google_click("2.1." + "$x" * LONG) == ""
