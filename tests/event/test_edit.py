"""Edits of one event by a person."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.event import Event
from gateway.event.edit import edit_event, rewrite_event


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


def test_a_whole_event_is_rewritten(event: Event) -> None:
    wanted = {**event, "value": 59.9, "currency": "EUR", "items": [{"item_id": "8"}]}
    del wanted["coupon"]
    before = {**event}
    assert rewrite_event(event, wanted) == wanted
    assert event == before


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "nothing was changed"),
        ({"value": "top-secret"}, "value"),
        ({"event_id": "other"}, "keeps its id and its consent"),
        ({"consent": {"ad_storage": "granted"}}, "keeps its id and its consent"),
        ({"gcs": "G111"}, "keeps its id and its consent"),
        ({"Consent": "granted"}, "keeps its id and its consent"),
        ({"anonymised": False}, "keeps its id and its consent"),
        ({"items": "top-secret"}, "items"),
        ({"items": [{"price": "top-secret"}]}, "items"),
        ({"coupon": None}, "coupon"),
        ({"a..b": 1}, "not a path"),
    ],
)
def test_a_rewrite_that_cannot_be_is_refused(event: Event, changed: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        rewrite_event(event, {**event, **changed})
    assert "top-secret" not in str(raised.value)


@pytest.mark.parametrize("wanted", [None, [], "purchase", 1])
def test_a_rewrite_is_an_object(event: Event, wanted: Any) -> None:
    with pytest.raises(ValueError, match="JSON object"):
        rewrite_event(event, wanted)


@pytest.mark.parametrize("missing", ["event_name", "event_id", "consent"])
def test_a_rewrite_has_what_every_event_has(event: Event, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        rewrite_event(event, {name: event[name] for name in event if name != missing})
