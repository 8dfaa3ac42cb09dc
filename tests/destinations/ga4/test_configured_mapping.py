"""A configured mapping changes what GA4 gets, within GA4's limits."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.digests import digest
from tests.support.ga4_destination import ga4, params, requests_of, sent


def test_a_mapping_sets_parameters_and_properties_within_ga4s_limits(
    example: Example, now: float
) -> None:
    mapping = {
        "events": {"purchase": "order placed"},
        "fields": {
            "params.margin": {"field": "margin"},
            "params.long": "x" * 200,
            "params.object": {"field": "shop"},
            "params.page_title": None,
            "user_properties.tier": {"field": "shop.tier"},
            "user_data.sha256_email_address": {"field": "crm"},
        },
    }
    event = example("purchase", margin=3, shop={"tier": "gold"}, crm=["a.da@gmail.com", "b@x.ex"])
    body = sent(event, now, ga4(mapping=mapping))
    (made,) = body["events"]
    assert made["name"] == "order_placed"
    assert made["params"]["margin"] == 3
    assert made["params"]["long"] == "x" * 100
    assert made["params"].keys().isdisjoint({"object", "page_title"})
    assert body["user_properties"] == {"tier": {"value": "gold"}}
    assert body["user_data"]["sha256_email_address"] == [
        digest(text) for text in ("ada@gmail.com", "b@x.ex")
    ]


def test_no_more_than_25_parameters_go_with_a_mapping(example: Example, now: float) -> None:
    mapping = {"fields": {f"params.p{number}": number for number in range(40)}}
    (made,) = sent(example("purchase"), now, ga4(mapping=mapping))["events"]
    assert len(made["params"]) == 25
    assert "transaction_id" in made["params"]


@pytest.mark.parametrize(
    ("name", "mapping", "recognised"),
    [
        ("purchase", {}, True),
        ("order", {}, False),
        ("order", {"events": {"order": "purchase"}}, True),
        ("purchase", {"events": {"purchase": "order"}}, False),
        ("purchase", {"fields": {"params.transaction_id": None}}, False),
    ],
)
def test_what_ga4_counts_once_depends_on_the_mapping(
    name: str, mapping: dict[str, Any], recognised: bool, example: Example
) -> None:
    event = example("purchase", event_name=name)
    assert ga4(mapping=mapping).recognises(event, 60) is recognised


ITEM = {"item_id": "B", "quantity": "2", "size": {"eu": 42}}


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ({"field": "basket"}, [{"item_id": "B", "quantity": "2"}]),
        ({"literal": [{"id": 7}, 8, None]}, [{"item_id": "7"}]),
        (None, None),
        (7, None),
        ("7", None),
        ([7], None),
        ({"literal": {"item_id": "A"}}, None),
        ({"literal": [{"price": 5}]}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "transport",
    [
        {},
        {"transport": "gtag"},
        {"transport": "data_manager", "property_id": "1", "credential": "google"},
    ],
    ids=str,
)
def test_items_from_a_mapping_are_items_or_left_out(
    transport: dict[str, Any], value: Any, items: Any, example: Example, now: float
) -> None:
    event = example("purchase", basket=[ITEM], consent={"analytics_storage": "granted"})
    destination = ga4(**transport, mapping={"fields": {"params.items": value}})
    (request,) = requests_of(destination, [event], now)
    if not transport:
        assert params(event, now, destination).get("items") == items
    else:
        named = (b"pr1=" in request.body, b'"itemId"' in request.body)
        assert any(named) is bool(items)


def test_an_id_from_a_mapping_that_would_be_cut_is_left_out(example: Example, now: float) -> None:
    mapping = {"fields": {"params.transaction_id": {"template": f"{'T' * 100}{{event_id}}"}}}
    destination = ga4(mapping=mapping)
    assert "transaction_id" not in params(example("purchase"), now, destination)
