"""Items become contents, each with an id and without a quantity of zero or less."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.meta_destination import sent


def test_a_name_stands_for_a_missing_id_and_an_item_without_both_is_no_content(
    example: Example, now: float
) -> None:
    items = [
        {"item_name": "Gift wrap", "price": 2},
        {"item_id": "A", "price": 3, "quantity": 2},
        {"price": 9},
    ]
    data = sent(example("purchase", items=items), now)["custom_data"]
    assert data["contents"] == [
        {"id": "Gift wrap", "quantity": 1, "item_price": 2, "title": "Gift wrap"},
        {"id": "A", "quantity": 2, "item_price": 3},
    ]
    assert data["content_ids"] == ["Gift wrap", "A"]
    assert data["num_items"] == 3


@pytest.mark.parametrize(
    ("item", "content"),
    [
        (
            {"id": "A", "name": "Shirt", "brand": "Fjord", "category": "Clothes/Shirts"},
            {"id": "A", "title": "Shirt", "brand": "Fjord", "category": "Clothes"},
        ),
        ({"id": 17}, {"id": "17"}),
        ({"id": 0, "name": ["Shirt"]}, {"id": "0"}),
        ({"name": "Gift wrap"}, {"id": "Gift wrap", "title": "Gift wrap"}),
        ({"item_id": "B", "id": "A", "name": "own"}, {"id": "B"}),
        ({"id": "A", "item_name": "Shirt", "name": "own"}, {"id": "A", "title": "Shirt"}),
        (
            {"id": 17, "item_name": "Shirt", "brand": "own", "item_brand": "Fjord"},
            {"id": "17", "title": "Shirt", "brand": "Fjord"},
        ),
        ({"id": "", "item_name": "Shirt"}, {"id": "Shirt", "title": "Shirt"}),
        ({"id": {"a": 1}, "name": "Shirt"}, {"id": "Shirt", "title": "Shirt"}),
        ({"id": {"a": 1}, "name": None}, None),
    ],
    ids=str,
)
def test_items_with_the_names_of_universal_analytics_are_contents(
    item: dict[str, Any], content: dict[str, Any] | None, example: Example, now: float
) -> None:
    data = sent(example("purchase", items=[{**item, "price": 5, "quantity": 2}]), now)[
        "custom_data"
    ]
    expected = [{**content, "item_price": 5, "quantity": 2}] if content else None
    assert data.get("contents") == expected
    assert data.get("content_ids") == ([content["id"]] if content else None)


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_of_zero_or_below_is_left_out(quantity: int) -> None:
    event = {
        "event_name": "purchase",
        "value": 2,
        "currency": "EUR",
        "user_id": "u",
        "items": [{"item_id": "A", "quantity": quantity}, {"item_id": "B", "quantity": 3}],
    }
    data = sent(event, 0.0)["custom_data"]
    assert data["contents"] == [{"id": "A"}, {"id": "B", "quantity": 3}]
    assert data["num_items"] == 3
    data = sent({**event, "items": event["items"][:1]}, 0.0)["custom_data"]
    assert data["contents"] == [{"id": "A"}]
    assert "num_items" not in data


def test_a_count_of_items_is_a_whole_number() -> None:
    event = {
        "event_name": "purchase",
        "value": 2,
        "currency": "EUR",
        "user_id": "u",
        "items": [{"item_id": "A", "quantity": 0.35}, {"item_id": "B", "quantity": 1}],
    }
    data = sent(event, 0.0)["custom_data"]
    assert data["contents"] == [{"id": "A", "quantity": 0.35}, {"id": "B", "quantity": 1}]
    assert "num_items" not in data


def test_empty_texts_of_an_item_are_left_out() -> None:
    event = {
        "event_name": "view_item",
        "user_id": "u",
        "items": [{"item_id": "A", "item_name": "", "item_category": "", "item_brand": ""}],
    }
    data = sent(event, 0.0)["custom_data"]
    assert data == {
        "content_ids": ["A"],
        "contents": [{"id": "A", "quantity": 1}],
        "content_type": "product",
    }
