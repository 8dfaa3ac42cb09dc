"""Segment's commerce spec: each of its events, with all fields."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import Inbound
from gateway.sources.segment.commerce import _KINDS
from gateway.sources.segment.source import Segment, SegmentSettings

SOURCE = Segment(SegmentSettings(type="segment", write_keys=["KEY"]))


def track(event: str, **properties: Any) -> Event:
    """The event of a `track` call."""
    body = {"writeKey": "KEY", "type": "track", "event": event, "properties": properties}
    batch = SOURCE.read(Inbound("POST", "/v1/track", body=orjson.dumps(body)))
    assert not batch.refused
    (read,) = batch.events
    return read


PRODUCT = {
    "product_id": "507f",
    "sku": "G-32",
    "category": "Games/Board games",
    "name": "Monopoly",
    "brand": "Hasbro",
    "variant": "200 pieces",
    "price": 18.99,
    "quantity": 1,
    "coupon": "MAYDEALS",
    "position": 3,
    "url": "https://www.example.com/product/path",
    "image_url": "https://www.example.com/product/path.jpg",
}
ITEM = {
    "item_id": "507f",
    "sku": "G-32",
    "item_category": "Games",
    "item_category2": "Board games",
    "item_name": "Monopoly",
    "item_brand": "Hasbro",
    "item_variant": "200 pieces",
    "price": 18.99,
    "quantity": 1,
    "coupon": "MAYDEALS",
    "index": 3,
    "url": "https://www.example.com/product/path",
    "image_url": "https://www.example.com/product/path.jpg",
}
PRODUCTS = [PRODUCT, {"product_id": "505b", "price": "3", "quantity": "2"}]
ITEMS = [ITEM, {"item_id": "505b", "price": 3, "quantity": 2}]
ORDER = {
    "order_id": "5031",
    "affiliation": "Google Store",
    "total": 30,
    "revenue": 25.0,
    "shipping": 3,
    "tax": 2,
    "discount": 2.5,
    "coupon": "hasbros",
    "currency": "USD",
    "products": PRODUCTS,
}
ORDERED = {
    "transaction_id": "5031",
    "affiliation": "Google Store",
    "total": 30,
    "value": 25.0,
    "shipping": 3,
    "tax": 2,
    "discount": 2.5,
    "coupon": "hasbros",
    "currency": "USD",
    "items": ITEMS,
}
PROMOTION = {
    "promotion_id": "promo_1",
    "creative": "top_banner_2",
    "name": "75% store-wide shoe sale",
    "position": "home_banner_top",
}
PROMOTED = {
    "promotion_id": "promo_1",
    "creative_name": "top_banner_2",
    "promotion_name": "75% store-wide shoe sale",
    "creative_slot": "home_banner_top",
}
STEP = {"checkout_id": "5031", "step": 2, "shipping_method": "Fedex", "payment_method": "Visa"}
STEPPED = {"checkout_id": "5031", "step": 2, "shipping_tier": "Fedex", "payment_type": "Visa"}
COUPON = {
    "order_id": "5031",
    "cart_id": "9239",
    "coupon_id": "may_deals_2016",
    "coupon_name": "May Deals 2016",
}
COUPONED = {
    "transaction_id": "5031",
    "cart_id": "9239",
    "coupon": "may_deals_2016",
    "coupon_name": "May Deals 2016",
}
SHARED = {"share_message": "Hey, check out this item", "recipient": "a friend"}
FILTERS = {
    "filters": [{"type": "department", "value": "beauty"}],
    "sorts": [{"type": "price", "value": "desc"}],
}
WISHLIST = {"wishlist_id": "skdj", "wishlist_name": "Loved Games"}
REVIEW = {"review_id": "kdfj", "review_body": "I love this product", "rating": "5"}

SPEC: list[tuple[str, dict[str, Any], Event]] = [
    ("Products Searched", {"query": "roses"}, {"event_name": "search", "search_term": "roses"}),
    (
        "Product List Viewed",
        {"list_id": "hot_deals_1", "category": "Deals", "products": PRODUCTS},
        {
            "event_name": "view_item_list",
            "item_list_id": "hot_deals_1",
            "category": "Deals",
            "items": ITEMS,
        },
    ),
    (
        "Product List Filtered",
        {"list_id": "todays_deals", **FILTERS, "products": PRODUCTS},
        {
            "event_name": "Product List Filtered",
            "item_list_id": "todays_deals",
            **FILTERS,
            "items": ITEMS,
        },
    ),
    ("Promotion Viewed", PROMOTION, {"event_name": "view_promotion", **PROMOTED}),
    ("Promotion Clicked", PROMOTION, {"event_name": "select_promotion", **PROMOTED}),
    ("Product Clicked", PRODUCT, {"event_name": "select_item", "items": [ITEM]}),
    (
        "Product Viewed",
        {**PRODUCT, "currency": "usd", "value": 18.99},
        {"event_name": "view_item", "items": [ITEM], "currency": "USD", "value": 18.99},
    ),
    (
        "Product Added",
        {"cart_id": "skdj", **PRODUCT},
        {"event_name": "add_to_cart", "cart_id": "skdj", "items": [ITEM]},
    ),
    (
        "Product Removed",
        {"cart_id": "skdj", **PRODUCT},
        {"event_name": "remove_from_cart", "cart_id": "skdj", "items": [ITEM]},
    ),
    (
        "Cart Viewed",
        {"cart_id": "d92j", "products": PRODUCTS},
        {"event_name": "view_cart", "cart_id": "d92j", "items": ITEMS},
    ),
    (
        "Checkout Started",
        {**ORDER, "value": 30},
        {"event_name": "begin_checkout", **ORDERED, "value": 30, "revenue": 25.0},
    ),
    ("Checkout Step Viewed", STEP, {"event_name": "Checkout Step Viewed", **STEPPED}),
    ("Checkout Step Completed", STEP, {"event_name": "add_shipping_info", **STEPPED}),
    (
        "Checkout Step Completed",
        {"checkout_id": "5031", "step": 3, "payment_method": "Visa"},
        {
            "event_name": "add_payment_info",
            "checkout_id": "5031",
            "step": 3,
            "payment_type": "Visa",
        },
    ),
    (
        "Payment Info Entered",
        {"order_id": "dkfs", **STEP},
        {"event_name": "add_payment_info", "transaction_id": "dkfs", **STEPPED},
    ),
    ("Order Updated", ORDER, {"event_name": "Order Updated", **ORDERED}),
    (
        "Order Completed",
        {"checkout_id": "fksd", "subtotal": 22.5, **ORDER},
        {"event_name": "purchase", "checkout_id": "fksd", "subtotal": 22.5, **ORDERED},
    ),
    (
        "Order Refunded",
        {"order_id": "5031", "total": 30, "currency": "USD", "products": PRODUCTS},
        {
            "event_name": "refund",
            "transaction_id": "5031",
            "value": 30,
            "currency": "USD",
            "items": ITEMS,
        },
    ),
    ("Order Cancelled", ORDER, {"event_name": "Order Cancelled", **ORDERED}),
    ("Coupon Entered", COUPON, {"event_name": "Coupon Entered", **COUPONED}),
    (
        "Coupon Applied",
        {**COUPON, "discount": 23.32},
        {"event_name": "Coupon Applied", **COUPONED, "discount": 23.32},
    ),
    (
        "Coupon Denied",
        {"order_id": "5031", "coupon": "may_deals_2016", "reason": "Coupon expired"},
        {
            "event_name": "Coupon Denied",
            "transaction_id": "5031",
            "coupon": "may_deals_2016",
            "reason": "Coupon expired",
        },
    ),
    (
        "Coupon Removed",
        {**COUPON, "discount": 23.32},
        {"event_name": "Coupon Removed", **COUPONED, "discount": 23.32},
    ),
    (
        "Product Added to Wishlist",
        {**WISHLIST, **PRODUCT},
        {"event_name": "add_to_wishlist", **WISHLIST, "items": [ITEM]},
    ),
    (
        "Product Removed from Wishlist",
        {**WISHLIST, **PRODUCT},
        {"event_name": "Product Removed from Wishlist", **WISHLIST, "items": [ITEM]},
    ),
    (
        "Wishlist Product Added to Cart",
        {**WISHLIST, "cart_id": "99j2", **PRODUCT},
        {"event_name": "add_to_cart", **WISHLIST, "cart_id": "99j2", "items": [ITEM]},
    ),
    (
        "Product Shared",
        {"share_via": "email", **SHARED, **PRODUCT},
        {"event_name": "share", "method": "email", **SHARED, "items": [ITEM]},
    ),
    (
        "Cart Shared",
        {"share_via": "email", **SHARED, "cart_id": "d92j", "products": [{"product_id": "507f"}]},
        {
            "event_name": "share",
            "method": "email",
            **SHARED,
            "cart_id": "d92j",
            "items": [{"item_id": "507f"}],
        },
    ),
    (
        "Product Reviewed",
        {"product_id": "507f", **REVIEW},
        {"event_name": "Product Reviewed", **REVIEW, "items": [{"item_id": "507f"}]},
    ),
]


@pytest.mark.parametrize(("name", "properties", "event"), SPEC, ids=[name for name, *_ in SPEC])
def test_every_event_of_the_spec(name: str, properties: dict[str, Any], event: Event) -> None:
    assert track(name, **properties) == event


def test_the_spec_is_whole() -> None:
    listed = {name.lower() for name, *_ in SPEC} | {"signed up", "signed in", "lead generated"}
    assert listed == _KINDS.keys() - FORMER.keys()


FORMER = {
    "viewed product category": "view_item_list",
    "viewed promotion": "view_promotion",
    "clicked promotion": "select_promotion",
    "clicked product": "select_item",
    "viewed product": "view_item",
    "added product": "add_to_cart",
    "removed product": "remove_from_cart",
    "started order": "begin_checkout",
    "viewed checkout step": "Viewed Checkout Step",
    "completed checkout step": "add_shipping_info",
    "completed order": "purchase",
    "updated order": "Updated Order",
}


@pytest.mark.parametrize(("segment", "ga4"), FORMER.items())
def test_names_of_the_first_version(segment: str, ga4: str) -> None:
    assert track(segment.title(), order_id="T1") == {"event_name": ga4, "transaction_id": "T1"}


@pytest.mark.parametrize(
    "name", ["order_completed", "order-completed", "orderCompleted", " ORDER COMPLETED "]
)
def test_a_name_is_known_however_its_words_are_joined(name: str) -> None:
    assert track(name, orderId="T1") == {"event_name": "purchase", "transaction_id": "T1"}


def test_an_event_may_have_ga4s_name_and_segments_properties() -> None:
    order = {"orderId": "T1", "revenue": 30, "currencyCode": "EUR", "products": PRODUCTS}
    assert track("purchase", **order) == {
        "event_name": "purchase",
        "transaction_id": "T1",
        "value": 30,
        "currency": "EUR",
        "items": ITEMS,
    }
    assert track("Add_To_Cart", **PRODUCT) == {"event_name": "add_to_cart", "items": [ITEM]}
    ours = {"transaction_id": "T1", "value": 30, "currency": "EUR", "items": [{"item_id": "A"}]}
    assert track("purchase", **ours) == {"event_name": "purchase", **ours}
    own = {"items": [{"item_id": "A"}], "price": 5, "name": "x"}
    assert track("view_item", **own) == {"event_name": "view_item", **own}
    assert track("search", query="socks") == {"event_name": "search", "query": "socks"}


@pytest.mark.parametrize(
    ("category", "levels"),
    [
        ("Games", {"item_category": "Games"}),
        ("a/b", {"item_category": "a", "item_category2": "b"}),
        (" a / b /", {"item_category": "a", "item_category2": "b"}),
        (
            "a/b/c/d/e/f",
            {
                "item_category": "a",
                "item_category2": "b",
                "item_category3": "c",
                "item_category4": "d",
                "item_category5": "e/f",
            },
        ),
        ("/", {}),
        (7, {"item_category": "7"}),
        ("", {}),
    ],
)
def test_levels_of_categories(category: Any, levels: dict[str, str]) -> None:
    event = track("Product Viewed", product_id="A", category=category)
    assert event["items"] == [{"item_id": "A", **levels}]


def test_a_level_that_is_stated_stays() -> None:
    product = {"sku": "A", "category": "a/b", "item_category2": "B"}
    (item,) = track("Cart Viewed", products=[product])["items"]
    assert item == {"item_id": "A", "item_category": "a", "item_category2": "B"}


@pytest.mark.parametrize(
    ("products", "found"),
    [
        ({"product_id": "A"}, {"items": [{"item_id": "A"}]}),
        (
            {"0": {"product_id": "A"}, "1": {"id": 7}},
            {"items": [{"item_id": "A"}, {"item_id": "7"}]},
        ),
        (
            [{"product_id": "A"}, None, 7],
            {
                "items": [{"item_id": "A"}],
                "ignored_fields": [{"field": "items", "reason": "not an object"}],
            },
        ),
        ("A, B", {"ignored_fields": [{"field": "items", "reason": "not a list"}]}),
        ({}, {"items": []}),
    ],
)
def test_products_in_other_shapes(products: Any, found: Event) -> None:
    assert track("Cart Viewed", products=products) == {"event_name": "view_cart", **found}


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"value": 1, "revenue": 2, "subtotal": 3, "total": 4}, 1),
        ({"revenue": "25,50", "subtotal": 3, "total": 4}, 25.5),
        ({"subtotal": 22.5, "total": 27.5, "tax": 2, "shipping": 3}, 22.5),
        ({"total": 27.5, "tax": 2, "shipping": 3}, 22.5),
        ({"total": 10, "tax": 2, "shipping": ""}, 8),
        ({"total": 10, "tax": 2, "shipping": " "}, 8),
        ({"revenue": "undefined", "subtotal": "NaN", "total": "59.90"}, 59.9),
        ({"value": "undefined", "revenue": 25}, 25),
        ({"value": "NaN", "total": 10, "tax": 2}, 8),
        ({"value": "null"}, None),
        ({"total": {}, "tax": 0}, None),
        ({}, None),
    ],
)
def test_value_is_without_tax_and_shipping(properties: dict[str, Any], value: Any) -> None:
    assert track("Order Completed", **properties).get("value") == value


@pytest.mark.parametrize(
    ("properties", "read", "ignored"),
    [
        ({"total": "59,90 €"}, {"value": 59.9, "currency": "EUR"}, None),
        ({"total": "59,90 €", "tax": "9,90"}, {"value": 50, "currency": "EUR", "tax": 9.9}, None),
        ({"total": "59,90", "tax": "9,90 €"}, {"value": 50, "currency": "EUR", "tax": 9.9}, None),
        (
            {"total": "$59.90", "tax": "$9.90", "currency": "usd"},
            {"value": 50, "currency": "USD", "tax": 9.9},
            None,
        ),
        ({"total": "59.90 USD", "currency": "EUR"}, {"currency": "EUR"}, "value"),
        ({"total": "$59.90", "currency": "EUR"}, {"currency": "EUR"}, "value"),
        ({"total": "$59.90", "tax": 5}, {"tax": 5}, "value"),
        ({"total": "59.90 USD", "tax": 5, "currency": "€"}, {"tax": 5, "currency": "EUR"}, "value"),
        ({"total": 10, "tax": "1 £", "currency": "EUR"}, {"total": 10, "currency": "EUR"}, "tax"),
        ({"total": "5 €", "tax": "1 £"}, {"total": "5 €", "currency": "EUR"}, "tax"),
        (
            {"total": "10000", "tax": "1,234", "shipping": "5,00"},
            {"total": "10000", "shipping": 5},
            "tax",
        ),
        ({"total": 10, "shipping": True}, {"total": 10}, "shipping"),
    ],
)
def test_a_total_is_in_the_currency_of_the_event_and_its_extras_are_known(
    properties: dict[str, Any], read: Event, ignored: str | None
) -> None:
    event = track("Order Completed", **properties)
    named = [each["field"] for each in event.pop("ignored_fields", [])]
    assert event == {"event_name": "purchase", **read}
    assert named == ([ignored] if ignored else [])


def test_what_the_page_itself_calls_as_we_do_stays() -> None:
    event = track("Order Completed", order_id="ours", transaction_id="theirs")
    assert event == {"event_name": "purchase", "transaction_id": "theirs", "order_id": "ours"}


@pytest.mark.parametrize(
    ("segment", "ga4"),
    [
        ("Product List Viewed", "view_item_list"),
        ("Product Clicked", "select_item"),
        ("Product Viewed", "view_item"),
        ("Products Searched", "search"),
        ("Product Added", "add_to_cart"),
        ("Product Removed", "remove_from_cart"),
        ("Product Added to Wishlist", "add_to_wishlist"),
        ("Cart Viewed", "view_cart"),
        ("Checkout Started", "begin_checkout"),
        ("Checkout Step Completed", "add_shipping_info"),
        ("Payment Info Entered", "add_payment_info"),
        ("Order Completed", "purchase"),
        ("order completed ", "purchase"),
        ("Order Refunded", "refund"),
        ("Promotion Viewed", "view_promotion"),
        ("Promotion Clicked", "select_promotion"),
        ("Signed Up", "sign_up"),
        ("Signed In", "login"),
        ("Lead Generated", "generate_lead"),
        ("Anything Else", "Anything Else"),
    ],
)
def test_names_of_events(segment: str, ga4: str) -> None:
    assert track(segment) == {"event_name": ga4}


@pytest.mark.parametrize(
    ("name", "properties", "event"),
    [
        (
            "Order Completed",
            {
                "order_id": "T1",
                "total": 33.0,
                "revenue": 25.5,
                "tax": 2,
                "shipping": "3.5",
                "coupon": None,
                "currency": "eur",
                "products": [
                    {
                        "product_id": "A",
                        "sku": "S",
                        "name": "Shirt",
                        "brand": "Acme",
                        "category": "Apparel",
                        "variant": "M",
                        "price": "12.75",
                        "quantity": 2,
                        "coupon": "IT",
                        "position": 3,
                        "color": "red",
                    },
                    {"sku": "S2", "name": None},
                ],
            },
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "total": 33.0,
                "value": 25.5,
                "tax": 2,
                "shipping": 3.5,
                "currency": "EUR",
                "items": [
                    {
                        "item_id": "A",
                        "sku": "S",
                        "item_name": "Shirt",
                        "item_brand": "Acme",
                        "item_category": "Apparel",
                        "item_variant": "M",
                        "price": 12.75,
                        "quantity": 2,
                        "coupon": "IT",
                        "index": 3,
                        "color": "red",
                    },
                    {"item_id": "S2"},
                ],
            },
        ),
        ("Order Completed", {"total": 5}, {"event_name": "purchase", "value": 5}),
        (
            "Completed Order",
            {"orderId": 7, "revenue": 5, "products": [{"id": "A"}, {"productId": "B", "id": "x"}]},
            {
                "event_name": "purchase",
                "transaction_id": "7",
                "value": 5,
                "items": [{"item_id": "A"}, {"item_id": "B", "id": "x"}],
            },
        ),
        (
            "Order Completed",
            {"orderId": "own", "order_id": "7"},
            {"event_name": "purchase", "transaction_id": "7", "orderId": "own"},
        ),
        (
            "Added Product",
            {"productId": "A", "imageUrl": "https://a.example/a.png"},
            {
                "event_name": "add_to_cart",
                "items": [{"item_id": "A", "image_url": "https://a.example/a.png"}],
            },
        ),
        (
            "Completed Checkout Step",
            {"paymentMethod": "card", "orderID": "x"},
            {"event_name": "add_payment_info", "payment_type": "card", "orderID": "x"},
        ),
        (
            "Order Completed",
            {"total": "65,90", "tax": 5, "shipping": "1,00"},
            {"event_name": "purchase", "value": 59.9, "tax": 5, "shipping": 1},
        ),
        (
            "Order Completed",
            {"total": 10, "revenue": 8, "tax": 1},
            {"event_name": "purchase", "value": 8, "total": 10, "tax": 1},
        ),
        (
            "Order Completed",
            {"total": 10, "tax": "unknown", "shipping": 2},
            {
                "event_name": "purchase",
                "total": 10,
                "shipping": 2,
                "ignored_fields": [{"field": "tax", "reason": "not a number"}],
            },
        ),
        (
            "Order Completed",
            {"total": 2, "tax": 5},
            {"event_name": "purchase", "value": 2, "tax": 5},
        ),
        *(
            (
                "Order Refunded",
                {"total": total, "tax": tax, "shipping": shipping},
                {"event_name": "refund", "value": value, "tax": tax, "shipping": shipping},
            )
            for total, tax, shipping, value in (
                (-30, -2, -3, -25),
                (-30, 0, 0, -30),
                (-5, -2, -3, 0),
                (-4, -2, -3, -4),
                (-30, 2, 3, -30),
                (30, -2, -3, 30),
                (30, 5, -3, 28),
            )
        ),
        (
            "Order Refunded",
            {"total": "-59,90 €", "tax": "-9,90"},
            {"event_name": "refund", "value": -50, "currency": "EUR", "tax": -9.9},
        ),
        (
            "Order Completed",
            {"total": "a lot"},
            {
                "event_name": "purchase",
                "ignored_fields": [{"field": "value", "reason": "not a number"}],
            },
        ),
        (
            "Order Refunded",
            {"products": [{"id": "P1", "sku": "S1", "name": "Lamp"}, {"id": 7}, {"sku": "S2"}]},
            {
                "event_name": "refund",
                "items": [
                    {"item_id": "P1", "sku": "S1", "item_name": "Lamp"},
                    {"item_id": "7"},
                    {"item_id": "S2"},
                ],
            },
        ),
        (
            "Product Viewed",
            {"id": "P1", "sku": "S1", "name": "Lamp", "shipping": "DHL"},
            {
                "event_name": "view_item",
                "items": [{"item_id": "P1", "sku": "S1", "item_name": "Lamp"}],
                "ignored_fields": [{"field": "shipping", "reason": "not a number"}],
            },
        ),
        (
            "Carrier Chosen",
            {"shipping": "DHL", "items": 3, "value": "high", "timestamp": "9 am", "tax": "1,5"},
            {
                "event_name": "Carrier Chosen",
                "tax": 1.5,
                "params": {"timestamp": "9 am", "value": "high", "shipping": "DHL", "items": 3},
            },
        ),
        (
            "Order Completed",
            {"value": 1, "revenue": 2},
            {"event_name": "purchase", "value": 1, "revenue": 2},
        ),
        ("Order Completed", {"revenue": 0}, {"event_name": "purchase", "value": 0}),
        (
            "Product Added",
            {"cart_id": "C", "product_id": "A", "name": "Shirt", "price": 5, "quantity": 1},
            {
                "event_name": "add_to_cart",
                "cart_id": "C",
                "items": [{"item_id": "A", "item_name": "Shirt", "price": 5, "quantity": 1}],
            },
        ),
        ("Products Searched", {"query": "shirt"}, {"event_name": "search", "search_term": "shirt"}),
        (
            "Product List Viewed",
            {"list_id": "L", "category": "Sale", "products": []},
            {
                "event_name": "view_item_list",
                "item_list_id": "L",
                "category": "Sale",
                "items": [],
            },
        ),
        (
            "My Event",
            {"order_id": "T1", "revenue": 2, "products": [1], "name": "n"},
            {
                "event_name": "My Event",
                "order_id": "T1",
                "revenue": 2,
                "products": [1],
                "name": "n",
            },
        ),
    ],
)
def test_commerce(name: str, properties: dict[str, Any], event: Event) -> None:
    assert track(name, **properties) == event
