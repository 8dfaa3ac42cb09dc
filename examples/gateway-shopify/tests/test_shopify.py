"""The source `shopify`."""

import json
from dataclasses import replace
from typing import Any

import pytest
from gateway_shopify import Shopify, ShopifySettings, signature

from gateway.plugins import Batch, Inbound, Refused
from gateway.testing import SourceSuite

SECRET = "hush-hush-s3cret"
ORDER: dict[str, Any] = {
    "id": 820982911946154500,
    "email": "ada@example.com",
    "processed_at": "2026-11-20T12:00:00+01:00",
    "currency": "EUR",
    "total_price": "94.90",
    "total_tax": "15.15",
    "browser_ip": "203.0.113.7",
    "client_details": {"user_agent": "Mozilla/5.0"},
    "customer": {"id": 115310627314723950, "email": "ada@example.com"},
    "discount_codes": [{"code": "NOVEMBER", "amount": "5.00"}],
    "note_attributes": [
        {"name": "client_id", "value": "1234567890.1795200000"},
        {"name": "ad_user_data", "value": "denied"},
        {"name": "gift", "value": "yes"},
    ],
    "billing_address": {"first_name": "Ada", "zip": "10115", "country_code": "DE", "phone": None},
    "line_items": [
        {"title": "Running shoe", "sku": "shoe-42", "price": "89.90", "quantity": 1, "vendor": ""},
        {"title": "Laces", "sku": "", "product_id": 632910392, "price": "2.50", "quantity": 2},
    ],
}


def webhook(order: object, topic: str = "orders/paid", secret: str = SECRET) -> Inbound:
    body = json.dumps(order).encode()
    return signed(
        Inbound("POST", "/shopify", headers={"x-shopify-topic": topic}, body=body), secret
    )


def signed(request: Inbound, secret: str = SECRET) -> Inbound:
    shown = signature(secret.encode(), request.body).decode()
    return replace(request, headers={**request.headers, "x-shopify-hmac-sha256": shown})


def shopify(*secrets: str) -> Shopify:
    settings = {"type": "shopify", "secrets": secrets or [SECRET]}
    return Shopify(ShopifySettings.model_validate(settings))


class TestEverySource(SourceSuite):
    source = shopify()
    request = webhook(ORDER)
    event_names = ("purchase",)
    trusted = True

    def signed(self, request: Inbound) -> Inbound:
        return signed(request)


def test_an_order_is_a_purchase() -> None:
    batch = shopify().read(webhook(ORDER))
    assert batch.events == [
        {
            "event_name": "purchase",
            "event_id": "shopify-820982911946154500",
            "transaction_id": "820982911946154500",
            "timestamp": 1795172400.0,
            "client_id": "1234567890.1795200000",
            "user_id": "115310627314723950",
            "ip_override": "203.0.113.7",
            "user_agent": "Mozilla/5.0",
            "currency": "EUR",
            "value": 94.9,
            "tax": 15.15,
            "coupon": "NOVEMBER",
            "items": [
                {
                    "item_id": "shoe-42",
                    "item_name": "Running shoe",
                    "price": 89.9,
                    "quantity": 1,
                },
                {"item_id": "632910392", "item_name": "Laces", "price": 2.5, "quantity": 2},
            ],
            "user_data": {
                "email_address": "ada@example.com",
                "address": {"first_name": "Ada", "postal_code": "10115", "country": "DE"},
            },
            "consent": {"ad_user_data": "denied"},
        }
    ]
    assert (batch.trusted, batch.backend) == (True, True)
    assert shopify().answer(batch).status == 200


@pytest.mark.parametrize(
    ("values", "state"),
    [
        (["granted"], "granted"),
        (["denied"], "denied"),
        (["granted", "denied"], "denied"),
        (["denied", "granted"], "denied"),
        (["perhaps"], "denied"),
    ],
)
def test_what_the_cart_says_about_consent_counts_and_a_denial_wins(
    values: list[str], state: str
) -> None:
    attributes = [{"name": "ad_user_data", "value": value} for value in values]
    (event,) = shopify().read(webhook({**ORDER, "note_attributes": attributes})).events
    assert event["consent"] == {"ad_user_data": state}


@pytest.mark.parametrize("secrets", [("an-0ld-secret", SECRET), (SECRET, "an-0ld-secret")])
def test_either_of_two_secrets_signs(secrets: tuple[str, ...]) -> None:
    assert len(shopify(*secrets).read(webhook(ORDER)).events) == 1


WRONG = {
    "another secret": webhook(ORDER, secret="an0ther-s3cret"),
    "another body": replace(webhook(ORDER), body=json.dumps({**ORDER, "id": 1}).encode()),
    "no signature": replace(webhook(ORDER), headers={"x-shopify-topic": "orders/paid"}),
    "no ASCII": replace(webhook(ORDER), headers={"x-shopify-hmac-sha256": "\u00e4\u20ac"}),
}


@pytest.mark.parametrize("request_", WRONG.values(), ids=WRONG)
def test_an_order_that_is_not_signed_is_refused(request_: Inbound) -> None:
    with pytest.raises(Refused) as refused:
        shopify().read(request_)
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("order", "headers"),
    [({**ORDER, "test": True}, {}), (ORDER, {"x-shopify-test": "true"})],
)
def test_a_test_order_is_answered_and_not_recorded(
    order: dict[str, Any], headers: dict[str, str]
) -> None:
    request = webhook(order)
    batch = shopify().read(replace(request, headers={**request.headers, **headers}))
    assert batch == Batch(trusted=True, backend=True)
    assert shopify().answer(batch).status == 200


def test_an_order_that_says_it_is_no_test_is_recorded() -> None:
    request = webhook({**ORDER, "test": False})
    headers = {**request.headers, "x-shopify-test": "false"}
    assert len(shopify().read(replace(request, headers=headers)).events) == 1


@pytest.mark.parametrize(
    ("order", "field", "value"),
    [
        (
            {"processed_at": None, "created_at": "2026-11-20T11:59:59+01:00"},
            "timestamp",
            1795172399,
        ),
        (
            {"browser_ip": None, "client_details": {"browser_ip": "203.0.113.9"}},
            "ip_override",
            "203.0.113.9",
        ),
        (
            {"email": "", "contact_email": "b@example.com"},
            "user_data",
            {"email_address": "b@example.com"},
        ),
        ({"total_shipping_price_set": {"shop_money": {"amount": "4.90"}}}, "shipping", 4.9),
        ({"total_discounts": "5.00"}, "discount", "5.00"),
        ({"current_total_price": "80.00"}, "value", 80),
        ({"current_total_tax": "12.77"}, "tax", 12.77),
        ({"referring_site": "https://www.google.com/"}, "page_referrer", "https://www.google.com/"),
        (
            {"landing_site": "/p?gclid=a&utm_source=x&SCCID=b#c"},
            "click_ids",
            {"gclid": "a", "ScCid": "b"},
        ),
        ({"landing_site": "/p"}, "click_ids", None),
    ],
)
def test_what_stands_in_other_places_is_found(
    order: dict[str, Any], field: str, value: object
) -> None:
    sent = {**ORDER, "billing_address": None, **order}
    (event,) = shopify().read(webhook(sent)).events
    assert event.get(field) == value


def test_another_topic_is_answered_and_not_recorded() -> None:
    batch = shopify().read(webhook(ORDER, topic="orders/updated"))
    assert batch == Batch(trusted=True, backend=True)
    assert shopify().answer(batch).status == 200


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({**ORDER, "id": None}, "id: expected the number of an order"),
        ({}, "id: expected the number of an order"),
        ([ORDER], "expected an order"),
    ],
)
def test_what_is_no_order_is_refused_with_a_reason(order: object, message: str) -> None:
    batch = shopify().read(webhook(order))
    assert [refusal.message for refusal in batch.refused] == [message]
    assert shopify().answer(batch).status == 400
