"""Meta's `custom_data`: values from items, values that the event states, and what is not sent."""

from typing import Any

import orjson
import pytest

from destinations.base import Request
from destinations.meta import Meta, MetaSettings
from destinations.remarks import collect_remarks
from gateway.event import read_event

META = Meta(MetaSettings(pixel_id="1", access_token="T"))


def custom_data(fields: dict[str, Any], name: str = "quiz") -> dict[str, Any]:
    event = read_event({"event_name": name, "user_id": "u", **fields})
    (request,) = META.requests([event], 1795219260.0)
    assert isinstance(request, Request), request
    data: dict[str, Any] = orjson.loads(request.body)["data"][0].get("custom_data", {})
    return data


def test_a_lead_of_a_crm_says_from_which() -> None:
    crm = {"event_source": "crm", "lead_event_source": "HubSpot"}
    assert custom_data(crm) == crm
    assert custom_data({"custom_data": crm}) == crm


@pytest.mark.parametrize(
    ("stated", "sent"),
    [
        ({"plan": "pro", "seats": 3, "annual": True}, {"plan": "pro", "seats": 3, "annual": True}),
        ({"tags": ["a", 1]}, {"tags": ["a", 1]}),
        ({"value": "9.90", "predicted_ltv": " 90 "}, {"value": 9.9, "predicted_ltv": 90}),
        ({"order_id": 17, "currency": "eur"}, {"order_id": "17", "currency": "EUR"}),
        ({"content_ids": [7, "B"], "content_type": "Product"},
         {"content_ids": ["7", "B"], "content_type": "product"}),
        ({"empty": "", "none": None}, {}),
        ({"value": "much", "currency": "euros", "nested": {"a": 1}, "rows": [{}]}, {}),
        ("a text", {}),
    ],
)  # fmt: skip
def test_keys_of_ones_own_are_sent_in_metas_types(stated: Any, sent: dict[str, Any]) -> None:
    assert custom_data({"custom_data": stated}) == sent


@pytest.mark.parametrize(
    "stated",
    [
        {"email": "x"},
        {"customerEmail": "x"},
        {"phone_number": "17"},
        {"first_name": "Ada"},
        {"firstName": "Ada"},
        {"ZIP": "10115"},
        {"em": "ada@shop.example"},
        {"user_id": "u-7"},
        {"client_id": "1.1"},
        {"sha256_email_address": "0" * 64},
        {"user_data": {"email_address": "ada@shop.example"}},
        {"note": "call ada@shop.example"},
        {"notes": ["a", "ada@shop.example"]},
        {"access_token": "x"},
        {"test_event_code": "TEST1"},
    ],
    ids=lambda stated: next(iter(stated)),
)
def test_what_may_be_personal_is_not_sent_and_said(stated: dict[str, Any]) -> None:
    with collect_remarks() as remarks:
        assert custom_data({"custom_data": {**stated, "plan": "pro"}}) == {"plan": "pro"}
    (remark,) = remarks
    assert remark.startswith(f"custom_data.{next(iter(stated))}: not sent because it may be")
    assert "ada@" not in remark


def test_other_fields_of_an_event_stay_here() -> None:
    assert custom_data({"internal_note": "margin 40 %", "email": "ada@shop.example"}) == {}


def test_our_fields_count_before_those_in_custom_data_and_these_before_the_items() -> None:
    items = [{"item_id": "A", "price": 2}]
    own = {"value": 7, "currency": "USD", "content_ids": ["B"], "coupon": "OWN"}
    data = custom_data({"items": items, "custom_data": own})
    assert (data["value"], data["currency"], data["content_ids"]) == (7, "USD", ["B"])
    ours = {"value": 0, "currency": "EUR", "content_ids": ["C"], "coupon": "OURS"}
    data = custom_data({"items": items, "custom_data": own, **ours})
    assert {name: data[name] for name in ours} == ours


@pytest.mark.parametrize(
    ("event", "own", "worth"),
    [
        ({"currency": "USD"}, {"value": 7, "currency": "EUR"}, (None, "USD")),
        ({"currency": "USD", "value": 5}, {"value": 7, "currency": "EUR"}, (5, "USD")),
        (
            {"currency": "USD", "items": [{"item_id": "A", "price": 2}]},
            {"value": 7, "currency": "EUR"},
            (2, "USD"),
        ),
        ({"currency": "USD"}, {"value": 7, "currency": "usd"}, (7, "USD")),
        ({"currency": "USD"}, {"value": 7}, (7, "USD")),
        ({}, {"value": 7, "currency": "EUR"}, (7, "EUR")),
        ({}, {"value": 7}, (7, None)),
    ],
    ids=str,
)
def test_a_value_in_custom_data_keeps_its_currency(
    event: dict[str, Any], own: dict[str, Any], worth: tuple[float | None, str | None]
) -> None:
    data = custom_data({**event, "custom_data": own})
    assert (data.get("value"), data.get("currency")) == worth


CONTENT = {"id": "A", "quantity": 2, "item_price": 9.5, "title": "Socks"}


@pytest.mark.parametrize(
    ("stated", "sent"),
    [
        ({"content_ids": ["A", 7]}, {"content_ids": ["A", "7"]}),
        ({"content_ids": "A"}, {"content_ids": ["A"]}),
        ({"contents": [CONTENT]}, {"contents": [CONTENT]}),
        ({"contents": CONTENT}, {"contents": [CONTENT]}),
        (
            {"contents": [{**CONTENT, "quantity": "2", "item_price": "9.5"}]},
            {"contents": [CONTENT]},
        ),
        ({"contents": [{"id": 7, "quantity": 0, "title": 1}]}, {"contents": [{"id": "7"}]}),
        ({"content_type": "hotel"}, {"content_type": "hotel"}),
    ],
)
def test_an_event_says_itself_what_it_is_about(
    stated: dict[str, Any], sent: dict[str, Any]
) -> None:
    items = {"items": [{"item_id": "X", "price": 1}]}
    assert custom_data(stated) == sent
    of_items = custom_data(items)
    assert custom_data({**items, **stated}) == {**of_items, **sent}


@pytest.mark.parametrize(
    "stated",
    [
        {"content_ids": [{}]},
        {"contents": "A"},
        {"contents": [{"quantity": 1}]},
        {"content_type": "shoes"},
    ],
)
def test_content_that_meta_cannot_read_is_removed_and_said(stated: dict[str, Any]) -> None:
    (field,) = stated
    with collect_remarks() as remarks:
        assert custom_data(stated) == {}
    assert remarks == [f"{field}: removed because Meta cannot read it"]


@pytest.mark.parametrize(
    ("currencies", "event", "value", "currency"),
    [
        (["eur", "EUR"], {}, 3, "EUR"),
        (["EUR", None], {}, 3, "EUR"),
        (["EUR", None], {"currency": "EUR"}, 3, "EUR"),
        (["EUR", "EUR"], {"currency": "USD"}, None, "USD"),
        (["EUR", "EUR"], {"currency": "USD", "value": 9}, 9, "USD"),
        (["EUR", "EUR"], {"custom_data": {"currency": "eur"}}, 3, "EUR"),
        (["EUR", "EUR"], {"custom_data": {"currency": "USD"}}, None, "USD"),
        (["EUR", "EUR"], {"custom_data": {"currency": "USD"}, "value": 3}, None, "USD"),
        (["EUR", "EUR"], {"custom_data": {"currency": "USD", "value": 9}}, 9, "USD"),
        (["EUR", "EUR"], {"custom_data": {"currency": "USD", "value": 9}, "value": 3}, 9, "USD"),
        (["EUR", "EUR"], {"custom_data": {"value": 9}}, 9, "EUR"),
        (["EUR", "EUR"], {"custom_data": {"value": 9}, "value": 3}, 3, "EUR"),
        (["EUR", "USD"], {"custom_data": {"currency": "USD"}}, None, "USD"),
        (["EUR", "USD"], {}, None, None),
        (["EUR", "USD"], {"value": 9}, 9, None),
        (["euros", "€"], {}, 3, None),
        ([978, 978], {}, 3, None),
    ],
)
def test_the_currency_of_the_items_is_that_of_the_event(
    currencies: list[Any], event: dict[str, Any], value: Any, currency: Any
) -> None:
    items = [
        {"item_id": "A", "price": 1, "currency": currencies[0]},
        {"item_id": "B", "price": 2, "currency": currencies[1]},
    ]
    data = custom_data({"items": items, **event})
    assert (data.get("value"), data.get("currency")) == (value, currency)
