"""An event gives Meta the value, time and action source that it requires, or is refused."""

from datetime import timedelta
from typing import Any

import pytest

from destinations.remarks import collect_remarks
from gateway.event import read_event
from tests.destinations.conftest import Example
from tests.support.meta_destination import meta, refused, sent


def test_a_missing_value_is_the_sum_of_the_items(example: Example, now: float) -> None:
    assert sent(example("purchase", value=None), now)["custom_data"]["value"] == 59.8


def test_a_value_is_not_guessed_when_an_item_has_no_price(example: Example, now: float) -> None:
    items = [{"item_id": "A", "price": 1}, {"item_id": "B"}]
    event = example("add_to_cart", value=None, items=items)
    assert "value" not in sent(event, now)["custom_data"]


def test_prices_of_what_is_only_shown_are_no_value(example: Example, now: float) -> None:
    assert "value" not in sent(example("view_item_list"), now)["custom_data"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"currency": None}, "currency missing"),
        ({"value": None, "items": None}, "value missing"),
        ({"value": None, "items": None, "currency": None}, "value and currency missing"),
        ({"value": -5}, "value is negative"),
    ],
)
def test_purchases_that_meta_would_refuse_with_their_batch(
    changes: dict[str, Any], reason: str, example: Example, now: float
) -> None:
    assert reason in refused(example("purchase", **changes), now)


def test_a_free_purchase_is_a_purchase(example: Example, now: float) -> None:
    assert sent(example("purchase", value=0), now)["custom_data"]["value"] == 0


def test_fields_that_are_not_named_stay_here(example: Example, now: float) -> None:
    event = example("page_view", internal_note="margin 40 %", predicted_ltv="much")
    assert "custom_data" not in sent(event, now)


@pytest.mark.parametrize(
    ("timestamp", "event_time"),
    [(1795219200.9, 1795219200), (1795219999, 1795219260), (None, 1795219260)],
    ids=["whole seconds", "not in the future", "now when unknown"],
)
def test_time(timestamp: float | None, event_time: int, example: Example, now: float) -> None:
    assert sent(example("page_view", timestamp=timestamp), now)["event_time"] == event_time


def test_what_has_to_be_left_out_is_remarked(example: Example, now: float) -> None:
    event = example(
        "purchase",
        affiliation=["a", "b"],
        items=[{"item_id": "A", "quantity": 0}, {"item_brand": "without an id"}],
        fbp="undefined",
        ip_override="10.0.0.1",
        user_data={"email_address": "ada", "phone_number": "12"},
    )
    with collect_remarks() as remarks:
        list(meta().requests([event], now))
    assert remarks == [
        "email_address: removed because its value is not valid",
        "phone_number: removed because its value is not valid",
        "ip_override: removed because it is not a public IP address",
        "fbp: removed because it does not have the format of Meta's _fbp cookie",
        "items: removed items without item_id and item_name",
        "items: removed a quantity of zero or less",
        "custom_data.affiliation: not set because affiliation cannot be read as text",
    ]


def test_what_an_operator_can_mend_is_left_to_delivery(example: Example) -> None:
    assert meta().unsendable(example("purchase", value=None, items=None, currency=None)) == ""


def test_a_refund_is_told_beforehand(example: Example) -> None:
    reason = "value is negative: Meta does not support refunds"
    assert meta().unsendable(example("purchase", value=-1)) == reason


def test_an_event_may_say_where_it_happened(example: Example, now: float) -> None:
    assert sent(example("contact", action_source="phone_call"), now)["action_source"] == (
        "phone_call"
    )
    assert sent(example("contact", action_source="moon"), now)["action_source"] == "website"


@pytest.mark.parametrize(
    ("stated", "source"),
    [
        (" Phone_Call", "phone_call"),
        ("WEB", "website"),
        ("in_store", "physical_store"),
        ("offline", "physical_store"),
        ("app_android", "app"),
        (["app"], "system_generated"),
        ("", "system_generated"),
    ],
    ids=str,
)
def test_words_of_other_vendors_for_where_it_happened(stated: Any, source: str, now: float) -> None:
    device = {"operating_system": "Android", "operating_system_version": "15"}
    event = read_event(
        {"event_name": "contact", "user_id": "17", "device": device, "action_source": stated}
    )
    assert sent(event, now, action_source="system_generated")["action_source"] == source
    stores = meta(action_source="system_generated").max_age(event) > timedelta(days=7)
    assert stores is (source == "physical_store")


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"page_location": "https://shop.example/"}, "website"),
        ({"fbp": "fb.1.1795210000000.1"}, "website"),
        ({"fbc": "fb.1.1795210000000.IwAR0Abc_-9"}, "website"),
        ({"client_id": "1.1"}, "website"),
        ({}, "system_generated"),
        ({"user_data": {"lead_id": 17}}, "system_generated"),
        ({"client_id": "1.1", "action_source": "phone_call"}, "phone_call"),
        ({"client_id": "1.1", "app_data": {"extinfo": ["i2"]}}, "system_generated"),
    ],
)
def test_what_has_something_of_a_browser_happened_on_a_website(
    fields: dict[str, Any], source: str, now: float
) -> None:
    event = read_event({"event_name": "contact", "user_id": "17", **fields})
    assert sent(event, now, action_source="system_generated")["action_source"] == source
