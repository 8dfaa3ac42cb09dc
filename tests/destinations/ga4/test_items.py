"""Items have the names and parameters that GA4 accepts, whatever names a shop uses."""

import pytest

from tests.destinations.conftest import Example
from tests.support.ga4_destination import params


def test_items(example: Example, now: float) -> None:
    own = {f"own_{n:02}": "x" * 101 for n in range(30)}
    items = [
        {"item_id": "A", "promotion_id": "P", "size": {"eu": 42}, "bad-name": 1, **own},
        {"price": 5},
        *[{"item_name": "B"}] * 300,
    ]
    found = params(example("view_cart", value=1, items=items), now)["items"]
    assert len(found) == 200
    assert found[0] == {
        "item_id": "A",
        "promotion_id": "P",
        **{f"own_{n:02}": "x" * 100 for n in range(27)},
    }
    assert found[1] == {"item_name": "B"}, "an item without id and name is none"


@pytest.mark.parametrize("quantity", [0, -1, -0.5])
def test_a_quantity_of_zero_or_below_is_left_out(quantity: float) -> None:
    items = [{"item_id": "A", "price": 5, "quantity": quantity}, {"item_id": "B", "price": 2}]
    given = params({"event_name": "purchase", "client_id": "1.2", "items": items}, 0.0)
    assert given["items"] == [{"item_id": "A", "price": 5}, {"item_id": "B", "price": 2}]
    assert given.get("value") == (2 if quantity == 0 else None), "nothing is counted as one"


def test_older_names_of_items_are_read_as_the_tag_reads_them(example: Example, now: float) -> None:
    older = {
        "id": "A",
        "name": "Shirt",
        "brand": "Fjord",
        "category": "Clothes/Shirts/Linen",
        "list_name": "Summer",
        "list_position": 3,
        "price": 5,
        "size": "M",
    }
    assert params(example("view_cart", items=[older]), now)["items"] == [
        {
            "item_id": "A",
            "item_name": "Shirt",
            "item_brand": "Fjord",
            "item_category": "Clothes",
            "item_category2": "Shirts",
            "item_category3": "Linen",
            "item_list_name": "Summer",
            "index": 3,
            "price": 5,
            "size": "M",
        }
    ]


def test_the_name_of_ga4_wins_over_an_older_one(example: Example, now: float) -> None:
    items = [{"item_id": "A", "id": "older", "name": "own"}]
    assert params(example("view_cart", items=items), now)["items"] == [
        {"item_id": "A", "id": "older", "name": "own"}
    ]


def test_an_older_id_counts_next_to_names_of_ga4(example: Example, now: float) -> None:
    items = [{"id": "A", "item_name": "Shirt", "price": 0}, {"item_name": "Socks", "name": "own"}]
    assert params(example("view_cart", items=items), now)["items"] == [
        {"item_id": "A", "item_name": "Shirt", "price": 0},
        {"item_name": "Socks", "name": "own"},
    ]


@pytest.mark.parametrize(
    ("quantity", "sent"),
    [(-3, {"quantity": 3}), (-0.5, {"quantity": 0.5}), (3, {"quantity": 3}), (0, {})],
)
def test_a_refund_has_positive_quantities(quantity: float, sent: dict[str, float]) -> None:
    items = [{"item_id": "A", "quantity": quantity}]
    event = {"event_name": "refund", "client_id": "1.2", "transaction_id": "T-1", "items": items}
    assert params(event, 0.0)["items"] == [{"item_id": "A", **sent}]


def test_a_refund_has_positive_amounts(example: Example, now: float) -> None:
    amounts = {"value": 19.9, "tax": 3.2, "shipping": 4.9}
    stated = {name: -amount for name, amount in amounts.items()}
    found = params(example("refund", **stated), now)
    assert {name: found[name] for name in amounts} == amounts
    assert params(example("purchase", **stated), now)["tax"] == -3.2
