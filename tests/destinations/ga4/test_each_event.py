"""Each example event becomes the request that GA4 expects."""

from typing import Any

import pytest

from gateway.event import Event
from tests.destinations.conftest import Example
from tests.support.digests import digest
from tests.support.ga4_destination import sent

SHIRT = {
    "item_id": "SKU-1",
    "item_name": "Linen shirt",
    "item_brand": "Fjord",
    "item_category": "Shirts",
    "item_variant": "white",
    "price": 39.9,
    "quantity": 1,
}
SOCKS = {
    "item_id": "SKU-2",
    "item_name": "Wool socks",
    "item_category": "Socks",
    "price": 9.95,
    "quantity": 2,
}


def listed(item: dict[str, Any], index: int) -> dict[str, Any]:
    return {**{key: item[key] for key in item if key != "quantity"}, "index": index}


CART = {"currency": "EUR", "value": 59.8, "items": [SHIRT, SOCKS]}
ONE_SHIRT = {"currency": "EUR", "value": 39.9, "items": [SHIRT]}
SUMMER = {"item_list_id": "summer", "item_list_name": "Summer", "currency": "EUR"}
PROMOTION = {
    "promotion_id": "P-7",
    "promotion_name": "Summer sale",
    "creative_name": "Banner",
    "creative_slot": "top",
    "items": [{key: SHIRT[key] for key in SHIRT if key not in ("price", "quantity")}],
}
CUSTOMER = {"user_id": "customer-17"}
EMAIL = {"user_data": {"sha256_email_address": [digest("jane.doe@example.com")]}}
ORDERER = {
    "user_data": {
        "sha256_email_address": [digest("jane.doe@example.com")],
        "sha256_phone_number": [digest("+49301234567")],
        "address": [
            {
                "sha256_first_name": digest("jane"),
                "sha256_last_name": digest("doe"),
                "sha256_street": digest("1 main street"),
                "city": "berlin",
                "region": "berlin",
                "postal_code": "10115",
                "country": "DE",
            }
        ],
    }
}

EXPECTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # name: (params in addition to every page's, body in addition to every visitor's)
    "page_view": ({}, {}),
    "view_item_list": ({**SUMMER, "items": [listed(SHIRT, 0), listed(SOCKS, 1)]}, {}),
    "select_item": ({**SUMMER, "items": [listed(SHIRT, 0)]}, {}),
    "view_item": (ONE_SHIRT, {}),
    "search": ({"search_term": "wool"}, {}),
    "add_to_cart": (ONE_SHIRT, {}),
    "remove_from_cart": ({"currency": "EUR", "value": 19.9, "items": [SOCKS]}, {}),
    "add_to_wishlist": (ONE_SHIRT, {}),
    "view_cart": (CART, {}),
    "begin_checkout": ({**CART, "coupon": "HELLO10"}, {}),
    "add_shipping_info": ({**CART, "shipping_tier": "Ground"}, {}),
    "add_payment_info": ({**CART, "payment_type": "Card"}, {}),
    "purchase": (
        {**CART, "transaction_id": "T-1001", "tax": 9.55, "shipping": 4.9, "coupon": "HELLO10"},
        {**CUSTOMER, **ORDERER},
    ),
    "refund": (
        {"transaction_id": "T-1001", "currency": "EUR", "value": 19.9, "items": [SOCKS]},
        CUSTOMER,
    ),
    "generate_lead": ({"currency": "EUR", "value": 25, "lead_source": "newsletter"}, EMAIL),
    "sign_up": ({"method": "email"}, {**CUSTOMER, **EMAIL}),
    "login": ({"method": "email"}, CUSTOMER),
    "view_promotion": (PROMOTION, {}),
    "select_promotion": (PROMOTION, {}),
    "subscribe": ({"currency": "EUR", "value": 7.5, "predicted_ltv": 90}, CUSTOMER),
    "start_trial": ({"currency": "EUR", "value": 0, "predicted_ltv": 90}, CUSTOMER),
    "contact": ({"method": "chat"}, {}),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_event_in_full(name: str, example: Example, now: float) -> None:
    event = example(name)
    own_params, own_body = EXPECTED[name]
    expected = {
        "client_id": "1525593269.1795210000",
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        "ip_override": "203.0.113.7",
        "user_agent": event["user_agent"],
        **own_body,
        "events": [
            {
                "name": name,
                "timestamp_micros": 1795219200500000,
                "params": {
                    "session_id": "1795210000",
                    "engagement_time_msec": 1,
                    "event_id": f"01-{name}",
                    "language": "en-gb",
                    "screen_resolution": "1920x1080",
                    "page_location": event["page_location"],
                    "page_referrer": event["page_referrer"],
                    "page_title": event["page_title"],
                    **own_params,
                },
            }
        ],
    }

    assert sent(event, now) == expected


def test_the_table_has_every_example(examples: list[Event]) -> None:
    assert {event["event_name"] for event in examples} == set(EXPECTED)
