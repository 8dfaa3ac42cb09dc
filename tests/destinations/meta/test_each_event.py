"""Each example event becomes the server event that Meta expects."""

from typing import Any

import pytest

from gateway.event import Event
from tests.destinations.conftest import Example
from tests.support.digests import digest
from tests.support.meta_destination import sent

SHIRT = {
    "id": "SKU-1",
    "quantity": 1,
    "item_price": 39.9,
    "title": "Linen shirt",
    "brand": "Fjord",
    "category": "Shirts",
}
SOCKS = {
    "id": "SKU-2",
    "quantity": 2,
    "item_price": 9.95,
    "title": "Wool socks",
    "category": "Socks",
}
SHIRT_WITHOUT_PRICE = {key: value for key, value in SHIRT.items() if key != "item_price"}
ONE_SHIRT = {
    "content_ids": ["SKU-1"],
    "contents": [SHIRT],
    "content_type": "product",
    "content_name": "Linen shirt",
    "content_category": "Shirts",
}
THE_SOCKS = {
    "content_ids": ["SKU-2"],
    "contents": [SOCKS],
    "content_type": "product",
    "content_name": "Wool socks",
    "content_category": "Socks",
}
CART = {
    "currency": "EUR",
    "value": 59.8,
    "content_ids": ["SKU-1", "SKU-2"],
    "contents": [SHIRT, SOCKS],
    "content_type": "product",
}
SUMMER = {"item_list_id": "summer", "item_list_name": "Summer", "currency": "EUR"}
PROMOTION = {
    "promotion_id": "P-7",
    "promotion_name": "Summer sale",
    "creative_name": "Banner",
    "creative_slot": "top",
    **ONE_SHIRT,
    "contents": [SHIRT_WITHOUT_PRICE],
}

VISITOR = {"external_id": [digest("1525593269.1795210000")]}
CUSTOMER = {"external_id": [digest("customer-17"), *VISITOR["external_id"]]}
EMAIL = {"em": [digest("jane.doe@example.com")]}
ORDERER = {
    **CUSTOMER,
    **EMAIL,
    "ph": [digest("49301234567")],
    "fn": [digest("jane")],
    "ln": [digest("doe")],
    "ct": [digest("berlin")],
    "st": [digest("berlin")],
    "zp": [digest("10115")],
    "country": [digest("de")],
}

EXPECTED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    # GA4's name: (Meta's name, custom_data, user_data in addition to every visitor's)
    "page_view": ("PageView", {}, {}),
    "view_item_list": (
        "ViewContent",
        {
            **SUMMER,
            "content_ids": ["SKU-1", "SKU-2"],
            "contents": [SHIRT, {**SOCKS, "quantity": 1}],
            "content_type": "product_group",
        },
        {},
    ),
    "select_item": ("select_item", {**SUMMER, **ONE_SHIRT}, {}),
    "view_item": ("ViewContent", {"currency": "EUR", "value": 39.9, **ONE_SHIRT}, {}),
    "search": ("Search", {"search_string": "wool"}, {}),
    "add_to_cart": ("AddToCart", {"currency": "EUR", "value": 39.9, **ONE_SHIRT}, {}),
    "remove_from_cart": ("remove_from_cart", {"currency": "EUR", "value": 19.9, **THE_SOCKS}, {}),
    "add_to_wishlist": ("AddToWishlist", {"currency": "EUR", "value": 39.9, **ONE_SHIRT}, {}),
    "view_cart": ("view_cart", CART, {}),
    "begin_checkout": ("InitiateCheckout", {**CART, "coupon": "HELLO10", "num_items": 3}, {}),
    "add_shipping_info": ("add_shipping_info", {**CART, "shipping_tier": "Ground"}, {}),
    "add_payment_info": ("AddPaymentInfo", {**CART, "payment_type": "Card"}, {}),
    "purchase": (
        "Purchase",
        {
            **CART,
            "order_id": "T-1001",
            "tax": 9.55,
            "shipping": 4.9,
            "coupon": "HELLO10",
            "num_items": 3,
        },
        ORDERER,
    ),
    "refund": (
        "refund",
        {"currency": "EUR", "value": 19.9, "order_id": "T-1001", **THE_SOCKS},
        CUSTOMER,
    ),
    "generate_lead": ("Lead", {"currency": "EUR", "value": 25, "lead_source": "newsletter"}, EMAIL),
    "sign_up": ("CompleteRegistration", {"method": "email"}, {**CUSTOMER, **EMAIL}),
    "login": ("login", {"method": "email"}, CUSTOMER),
    "view_promotion": ("view_promotion", PROMOTION, {}),
    "select_promotion": ("select_promotion", PROMOTION, {}),
    "subscribe": ("Subscribe", {"currency": "EUR", "value": 7.5, "predicted_ltv": 90}, CUSTOMER),
    "start_trial": ("StartTrial", {"currency": "EUR", "value": 0, "predicted_ltv": 90}, CUSTOMER),
    "contact": ("Contact", {"method": "chat"}, {}),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_event_in_full(name: str, example: Example, now: float) -> None:
    event = example(name)
    meta_name, custom_data, user_data = EXPECTED[name]
    expected = {
        "event_name": meta_name,
        "event_time": 1795219200,
        "event_id": f"01-{name}",
        "action_source": "website",
        "event_source_url": event["page_location"],
        "referrer_url": event["page_referrer"],
        "user_data": {
            "client_ip_address": "203.0.113.7",
            "client_user_agent": event["user_agent"],
            "fbp": "fb.1.1795210000000.1098115397",
            **VISITOR,
            **user_data,
        },
        **({"custom_data": custom_data} if custom_data else {}),
    }

    assert sent(event, now) == expected


def test_the_table_has_every_example(examples: list[Event]) -> None:
    assert {event["event_name"] for event in examples} == set(EXPECTED)
