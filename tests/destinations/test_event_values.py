"""Values that several vendors get in the same form."""

from typing import Any

import pytest

from destinations.contents import ContentFields, contents, count_items
from destinations.event_values import event_time, event_value
from destinations.json_values import to_json
from destinations.remarks import collect_remarks
from gateway.event import Received, read_event
from gateway.event.bounds import MAX_VALUES
from gateway.stages.claims import set_aside_claims

NOW = 1_795_219_200.5


@pytest.mark.parametrize(
    ("stated", "sent"), [(-1, 0), (0, 0), (0.5, 0.5), (NOW - 60, NOW - 60), (NOW + 1, NOW)]
)
def test_an_event_happened_after_1970_and_not_in_the_future(stated: float, sent: float) -> None:
    assert event_time({"timestamp": stated}, NOW) == sent
    assert event_time({}, NOW) == NOW


@pytest.mark.parametrize(
    ("currencies", "event", "value"),
    [
        ((None, None), {}, 3),
        ((None, None), {"currency": "EUR"}, 3),
        (("eur", "EUR"), {}, 3),
        (("eur", None), {"currency": "EUR"}, 3),
        (("euros", 978), {"currency": "EUR"}, 3),
        (("EUR", "USD"), {}, None),
        (("EUR", "USD"), {"currency": "EUR"}, None),
        (("USD", "USD"), {"currency": "EUR"}, None),
        ((None, "USD"), {"currency": "EUR"}, None),
        (("EUR", "USD"), {"value": 9}, 9),
        (("USD", "USD"), {"currency": "EUR", "value": 9}, 9),
    ],
)
def test_only_prices_in_one_currency_make_a_value(
    currencies: tuple[Any, Any], event: dict[str, Any], value: int | None
) -> None:
    first, second = ({} if code is None else {"currency": code} for code in currencies)
    items = [{"price": 1, **first}, {"price": 2, **second}]
    assert event_value({"event_name": "purchase", "items": items, **event}) == value


@pytest.mark.parametrize(
    ("items", "value"),
    [
        ([{"item_id": "A", "price": 5, "quantity": "2"}, {"item_id": "B", "price": 1}], 11),
        ([{"item_id": "A", "price": 5, "quantity": "2 pcs"}, {"item_id": "B", "price": 1}], None),
        ([{"item_id": "A", "price": 5, "discount": "10 %"}], 5),
        ([{"item_id": "A", "price": 5}, "B"], None),
        ([{"item_id": "A", "price": 5, "sizes": ["S"] * MAX_VALUES}], None),
        ([{"item_id": "A", "price": 5}] * (MAX_VALUES // 2), None),
    ],
    ids=["fits", "quantity", "other field", "no item", "many values", "many items"],
)
def test_items_without_a_part_that_did_not_fit_make_no_value(
    items: list[Any], value: int | None
) -> None:
    event = read_event({"event_name": "purchase", "currency": "EUR", "items": items})
    vetted, _ = set_aside_claims(event, Received("shop", NOW))
    assert event_value(vetted) == value


def test_a_rule_can_complete_the_items() -> None:
    items: list[Any] = [{"item_id": "A", "price": 5, "quantity": "2 pcs"}]
    event = read_event({"event_name": "purchase", "currency": "EUR", "items": items})
    with collect_remarks() as remarks:
        assert event_value(event) is None
    assert remarks == ["items: an item or a quantity was set aside, so no value comes from them"]
    event["items"][0]["quantity"] = 2
    assert event_value(event) == 10


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("purchase", 3),
        ("view_item", 3),
        ("view_item_list", None),
        ("Product List Filtered", None),
        ("product_list_filtered", None),
        ("Order Updated", 3),
    ],
)
def test_items_that_are_only_shown_make_no_value(name: str, value: int | None) -> None:
    assert event_value({"event_name": name, "items": [{"price": 1}, {"price": 2}]}) == value


@pytest.mark.parametrize(
    ("quantity", "written", "count"),
    [(2, b"2", b"3"), (2.0, b"2", b"3"), (0.5, b"0.5", b"1.5"), (1.5, b"1.5", b"2.5")],
)
def test_a_whole_quantity_is_written_as_an_integer(
    quantity: float, written: bytes, count: bytes
) -> None:
    items = [{"item_id": "A", "quantity": quantity}, {"item_id": "B", "quantity": 1.0}]
    made = contents(items, ContentFields("id", "quantity", "price", {}))
    assert [to_json(content["quantity"]) for content in made] == [written, b"1"]
    assert to_json(count_items(items)) == count
