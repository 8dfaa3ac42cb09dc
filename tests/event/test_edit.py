"""Edits of one event by a person."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.event import Event
from gateway.event.edit import edit_event


@pytest.fixture
def event() -> Event:
    return {
        "event_name": "purchase",
        "event_id": "e-1",
        "timestamp": 1_795_219_200.0,
        "consent": {"ad_storage": "denied"},
        "value": 1.0,
        "coupon": "A",
        "items": [{"item_id": "7", "price": 3.0}],
    }


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ("value=59.9", "value", 59.9),
        ("coupon=12", "coupon", "12"),
        ("coupon=", "coupon", ""),
        ("coupon=a=b", "coupon", "a=b"),
        ("note=true", "note", True),
        ("note=text", "note", "text"),
        ("items.0.price=4", "items", [{"item_id": "7", "price": 4}]),
        ('items=[{"item_id":"8"}]', "items", [{"item_id": "8"}]),
        ("currency=EUR", "currency", "EUR"),
        ("event_name=refund", "event_name", "refund"),
    ],
)
def test_a_field_gets_a_value(event: Event, change: str, name: str, value: Any) -> None:
    before = {**event}
    assert edit_event(event, [change], []) == {**event, name: value}
    assert event == before


def test_a_field_is_removed(event: Event) -> None:
    edited = edit_event(event, [], ["coupon", "items.0.price"])
    assert "coupon" not in edited
    assert edited["items"] == [{"item_id": "7"}]


@pytest.mark.parametrize(
    ("changes", "removals", "said"),
    [
        (["value"], [], "write path=value"),
        (["value=much"], [], "value"),
        (["value=NaN"], [], "value"),
        (["event_name="], [], "event_name"),
        (["event_id=other"], [], "keeps its id and its consent"),
        (["consent.ad_storage=granted"], [], "keeps its id and its consent"),
        (["consent={}"], [], "keeps its id and its consent"),
        (["CONSENT=granted"], [], "keeps its id and its consent"),
        (["Consent.ad_storage=granted"], [], "keeps its id and its consent"),
        (["gcs=G111"], [], "keeps its id and its consent"),
        (["value=1.0"], [], "value would not change"),
        (["items.9.price=1"], [], "the event cannot contain it"),
        (["anonymised=false"], [], "keeps its id and its consent"),
        ([], ["consent"], "keeps its id and its consent"),
        ([], ["event_id"], "keeps its id and its consent"),
        ([], ["event_name"], "event_name"),
        ([], ["nothing"], "nothing is not in the event"),
        (["coupon.code=1"], [], "coupon"),
    ],
)
def test_what_cannot_be_is_refused(
    event: Event, changes: list[str], removals: list[str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        edit_event(event, changes, removals)


def test_a_refusal_does_not_repeat_the_value(event: Event) -> None:
    with pytest.raises(ValueError, match="value") as raised:
        edit_event(event, ["value=top-secret"], [])
    assert "top-secret" not in str(raised.value)
