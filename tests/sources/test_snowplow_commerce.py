"""Commerce events of Snowplow's trackers: from plug-ins, and orders in the older form."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import MAX_EVENTS, Batch, Inbound, Refused
from gateway.sources.snowplow.source import Snowplow, SnowplowSettings

SOURCE = Snowplow(SnowplowSettings(type="snowplow"))
TRACKERS = "com.snowplowanalytics.snowplow"
ECOMMERCE = "com.snowplowanalytics.snowplow.ecommerce"
ENHANCED = "com.google.analytics.enhanced-ecommerce"


def named(schema: str, **data: Any) -> dict[str, Any]:
    return {"schema": f"iglu:{schema}/jsonschema/1-0-0", "data": data}


def tp2(*payloads: Any, **envelope: Any) -> Batch:
    body = orjson.dumps({"schema": "iglu:...", "data": payloads, **envelope})
    return SOURCE.read(Inbound("POST", "/com.snowplowanalytics.snowplow/tp2", "", {}, body))


def one(told: dict[str, Any], *entities: Any, **payload: Any) -> Event:
    """The event of the self-describing data `told`, sent with `entities`."""
    described = orjson.dumps(named(f"{TRACKERS}/unstruct_event") | {"data": told}).decode()
    contexts = orjson.dumps(named(f"{TRACKERS}/contexts") | {"data": entities}).decode()
    (event,) = tp2({"e": "ue", "ue_pr": described, "co": contexts, **payload}).events
    return event


def action(kind: str, *entities: Any, **data: Any) -> Event:
    told = named(f"{ECOMMERCE}/snowplow_ecommerce_action", type=kind, **data)
    return one(told, *entities)


def ecommerce(entity: str, **data: Any) -> dict[str, Any]:
    return named(f"{ECOMMERCE}/{entity}", **data)


def enhanced(entity: str, **data: Any) -> dict[str, Any]:
    return named(f"{ENHANCED}/{entity}", **data)


SHOE = ecommerce(
    "product",
    id="P1",
    name="Baseball T",
    category="Women/Shoes",
    price=200,
    list_price=230,
    quantity=2,
    size="XL",
    variant="Red",
    brand="Snowplow",
    inventory_status="in stock",
    position=1,
    currency="EUR",
    creative_id="c-1",
)
SHOE_ITEM = {
    "item_id": "P1",
    "item_name": "Baseball T",
    "item_category": "Women",
    "item_category2": "Shoes",
    "price": 200,
    "list_price": 230,
    "quantity": 2,
    "size": "XL",
    "item_variant": "Red",
    "item_brand": "Snowplow",
    "inventory_status": "in stock",
    "index": 1,
    "creative_name": "c-1",
}
HAT = ecommerce("product", id="P2", price="12.50", currency="EUR")
HAT_ITEM = {"item_id": "P2", "price": 12.5}
ITEMS = {"currency": "EUR", "items": [SHOE_ITEM, HAT_ITEM]}
CART = ecommerce("cart", cart_id="C1", total_value=412.5, currency="EUR")
CART_FIELDS = {"cart_id": "C1", "total_value": 412.5}
TRANSACTION = ecommerce(
    "transaction",
    transaction_id="T1",
    revenue="412.50",
    currency="EUR",
    payment_method="card",
    total_quantity=3,
    tax=60,
    shipping=5,
    discount_code="SPRING",
    discount_amount=10,
    credit_order=False,
)
TRANSACTION_FIELDS = {
    "transaction_id": "T1",
    "value": 412.5,
    "currency": "EUR",
    "payment_type": "card",
    "total_quantity": 3,
    "tax": 60,
    "shipping": 5,
    "coupon": "SPRING",
    "discount": 10,
    "credit_order": False,
}
PROMOTION = ecommerce(
    "promotion",
    id="promo1",
    name="Sale",
    product_ids=["P1", 2],
    position=3,
    creative_id="hero1",
    type="banner",
    slot="home",
)
PROMOTED = {
    "promotion_id": "promo1",
    "promotion_name": "Sale",
    "items": [{"item_id": "P1"}, {"item_id": "2"}],
    "position": 3,
    "creative_name": "hero1",
    "promotion_type": "banner",
    "creative_slot": "home",
}


@pytest.mark.parametrize(
    ("kind", "entities", "event"),
    [
        ("product_view", [SHOE], {"event_name": "view_item", **ITEMS, "items": [SHOE_ITEM]}),
        ("list_view", [SHOE, HAT], {"event_name": "view_item_list", **ITEMS}),
        ("list_click", [HAT], {"event_name": "select_item", **ITEMS, "items": [HAT_ITEM]}),
        ("add_to_cart", [SHOE, HAT, CART], {"event_name": "add_to_cart", **CART_FIELDS, **ITEMS}),
        (
            "remove_from_cart",
            [SHOE, HAT, CART],
            {"event_name": "remove_from_cart", **CART_FIELDS, **ITEMS},
        ),
        ("promo_view", [PROMOTION], {"event_name": "view_promotion", **PROMOTED}),
        ("promo_click", [PROMOTION], {"event_name": "select_promotion", **PROMOTED}),
        (
            "transaction",
            [SHOE, HAT, TRANSACTION],
            {"event_name": "purchase", **TRANSACTION_FIELDS, **ITEMS},
        ),
        (
            "refund",
            [ecommerce("refund", transaction_id="T1", currency="EUR", refund_amount=12.5), HAT],
            {
                "event_name": "refund",
                "transaction_id": "T1",
                "currency": "EUR",
                "value": 12.5,
                "items": [HAT_ITEM],
            },
        ),
        (
            "trns_error",
            [
                ecommerce("transaction", transaction_id="T1", revenue=20, currency="EUR"),
                ecommerce("transaction_error", error_code="E5", resolution="contact_user"),
            ],
            {
                "event_name": "trns_error",
                "transaction_id": "T1",
                "revenue": 20,
                "currency": "EUR",
                "error_code": "E5",
                "resolution": "contact_user",
            },
        ),
        (
            "checkout_step",
            [ecommerce("checkout_step", step=1, account_type="guest")],
            {"event_name": "begin_checkout", "step": 1, "account_type": "guest"},
        ),
        (
            "checkout_step",
            [
                ecommerce(
                    "checkout_step",
                    step=2,
                    delivery_method="express",
                    delivery_provider="DHL",
                    shipping_postcode="1010",
                    billing_postcode="4020",
                    billing_full_address="1 Rd, Linz",
                    marketing_opt_in=True,
                )
            ],
            {
                "event_name": "add_shipping_info",
                "step": 2,
                "shipping_tier": "express",
                "delivery_provider": "DHL",
                "marketing_opt_in": True,
                "user_data": {
                    "address": {"postal_code": "4020"},
                    "billing_postcode": "4020",
                    "shipping_postcode": "1010",
                    "billing_full_address": "1 Rd, Linz",
                },
            },
        ),
        (
            "checkout_step",
            [ecommerce("checkout_step", step=3, payment_method="card", coupon_code="SPRING")],
            {
                "event_name": "add_payment_info",
                "step": 3,
                "payment_type": "card",
                "coupon": "SPRING",
            },
        ),
        (
            "checkout_step",
            [ecommerce("checkout_step", step=4)],
            {"event_name": "checkout_step", "step": 4},
        ),
        ("transaction", [], {"event_name": "purchase"}),
        ("other", [], {"event_name": "snowplow_ecommerce_action", "type": "other"}),
        (
            "product_view",
            [
                ecommerce("product", id="A", currency="EUR"),
                ecommerce("product", id="B", currency="USD"),
            ],
            {
                "event_name": "view_item",
                "items": [
                    {"item_id": "A", "currency": "EUR"},
                    {"item_id": "B", "currency": "USD"},
                ],
            },
        ),
        (
            "product_view",
            [ecommerce("page", type="product"), 7, HAT, ecommerce("cart") | {"data": [1]}],
            {
                "event_name": "view_item",
                **ITEMS,
                "items": [HAT_ITEM],
                "contexts": [ecommerce("page", type="product"), 7],
            },
        ),
    ],
)
def test_the_ecommerce_plug_in(kind: str, entities: list[Any], event: Event) -> None:
    assert action(kind, *entities) == event


def test_the_list_of_a_list_view() -> None:
    event = action("list_view", HAT, name="shop the look")
    assert event == {
        "event_name": "view_item_list",
        "item_list_name": "shop the look",
        **ITEMS,
        "items": [HAT_ITEM],
    }


def test_the_user_is_personal_data_wherever_it_is_sent() -> None:
    user = ecommerce("user", id="u-1", is_guest=True, email="a@example.com")
    expected = {"is_guest": True, "user_data": {"email_address": "a@example.com"}}
    assert one(named("com.acme/login"), user) == {
        "event_name": "login",
        "user_id": "u-1",
        **expected,
    }
    assert one(named("com.acme/login"), user, uid="own")["user_id"] == "own"
    (order,) = tp2(
        {
            "e": "tr",
            "tr_ci": "Linz",
            "co": orjson.dumps(named(f"{TRACKERS}/contexts") | {"data": [user]}).decode(),
        }
    ).events
    assert order["user_data"] == {"email_address": "a@example.com", "address": {"city": "Linz"}}


def test_entities_state_neither_the_time_nor_the_agent_nor_consent() -> None:
    user = ecommerce("user", id="u", consent={"ad_storage": "granted"}, ip_override="8.8.8.8")
    cart = ecommerce("cart", timestamp="9 am", user_agent="x")
    assert action("add_to_cart", cart, user) == {
        "event_name": "add_to_cart",
        "user_id": "u",
        "params": {"timestamp": "9 am", "user_agent": "x"},
    }


def test_client_hints() -> None:
    hints = named(
        "org.ietf/http_client_hints",
        isMobile=False,
        brands=[{"brand": "Chromium", "version": "156"}],
        platform="Linux",
        platformVersion="6.1",
    )
    assert one(named("com.acme/login"), hints)["client_hints"] == {
        "mobile": False,
        "brands": [{"brand": "Chromium", "version": "156"}],
        "platform": "Linux",
        "platform_version": "6.1",
    }


@pytest.mark.parametrize(
    ("user", "payload", "visitor"),
    [
        ("111e440d-f1ae-44e4-a660-0991d258da0d", {}, "111e440d-f1ae-44e4-a660-0991d258da0d"),
        ("111e440d-f1ae-44e4-a660-0991d258da0d", {"duid": "d-1"}, "d-1"),
        ("00000000-0000-0000-0000-000000000000", {}, None),
        (None, {}, None),
    ],
)
def test_an_app_names_the_visitor_in_its_session(
    user: Any, payload: dict[str, Any], visitor: str | None
) -> None:
    session = named(f"{TRACKERS}/client_session", userId=user, sessionId="s-1", sessionIndex=2)
    event = one(named("com.acme/login"), session, p="mob", **payload)
    assert event.get("client_id") == visitor
    assert event["contexts"] == [session]
    assert "ignored_fields" not in event


PURCHASE_FIELDS = enhanced(
    "actionFieldObject", id="T1", affiliation="Store", revenue=25.5, tax=2, currency="EUR"
)
UA_PRODUCT = enhanced("productFieldObject", id="P1", name="Shirt", price=12.75, quantity=2)


@pytest.mark.parametrize(
    ("kind", "entities", "event"),
    [
        (
            "purchase",
            [PURCHASE_FIELDS, UA_PRODUCT],
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "affiliation": "Store",
                "value": 25.5,
                "tax": 2,
                "currency": "EUR",
                "items": [{"item_id": "P1", "item_name": "Shirt", "price": 12.75, "quantity": 2}],
            },
        ),
        (
            "view",
            [enhanced("impressionFieldObject", id="P1", list="Search", position=2)],
            {
                "event_name": "view_item_list",
                "items": [{"item_id": "P1", "item_list_name": "Search", "index": 2}],
            },
        ),
        (
            "view",
            [enhanced("promoFieldObject", id="S", creative="hero", position="top")],
            {
                "event_name": "view_promotion",
                "promotion_id": "S",
                "creative_name": "hero",
                "creative_slot": "top",
            },
        ),
        (
            "checkout",
            [enhanced("actionFieldObject", step=1, option="Visa")],
            {"event_name": "begin_checkout", "step": 1, "option": "Visa"},
        ),
        (
            "checkout",
            [enhanced("actionFieldObject", step=2)],
            {"event_name": "checkout_step", "step": 2},
        ),
        ("detail", [], {"event_name": "view_item"}),
        ("click", [], {"event_name": "select_item"}),
        ("add", [], {"event_name": "add_to_cart"}),
        ("remove", [], {"event_name": "remove_from_cart"}),
        ("refund", [], {"event_name": "refund"}),
        ("promo_click", [], {"event_name": "select_promotion"}),
        ("checkout_option", [], {"event_name": "checkout_option"}),
    ],
)
def test_the_enhanced_plug_in(kind: str, entities: list[Any], event: Event) -> None:
    assert one(enhanced("action", action=kind), *entities) == event


@pytest.mark.parametrize("name", ["add_to_cart", "remove_from_cart"])
def test_older_events_of_the_cart(name: str) -> None:
    told = named(
        f"{TRACKERS}/{name}", sku="A", name="Shirt", category="x/y", unitPrice=5, currency="EUR"
    )
    assert one(told) == {
        "event_name": name,
        "currency": "EUR",
        "items": [
            {
                "item_id": "A",
                "item_name": "Shirt",
                "item_category": "x",
                "item_category2": "y",
                "price": 5,
            }
        ],
    }
    assert one(named(f"com.acme/{name}", sku="A")) == {"event_name": name, "sku": "A"}


ORDER = {"e": "tr", "eid": "o-1", "tr_id": "T1", "tr_tt": "25.50", "tr_cu": "EUR"}
SHIRT = {"e": "ti", "eid": "i-1", "ti_id": "T1", "ti_sk": "A", "ti_pr": "12.75", "ti_qu": "1"}
SOCKS = {"e": "ti", "eid": "i-2", "ti_id": "T1", "ti_sk": "B", "ti_ca": "x/y", "ti_cu": "EUR"}
PURCHASE = {
    "event_name": "purchase",
    "event_id": "o-1",
    "transaction_id": "T1",
    "value": 25.5,
    "currency": "EUR",
}
SHIRT_ITEM = {"item_id": "A", "price": 12.75, "quantity": 1}
SOCKS_ITEM = {"item_id": "B", "item_category": "x", "item_category2": "y"}


@pytest.mark.parametrize(
    "payloads", [[ORDER, SHIRT, SOCKS], [SHIRT, ORDER, SOCKS], [SHIRT, SOCKS, ORDER]]
)
def test_an_order_and_its_items_in_one_request_are_one_purchase(payloads: list[Event]) -> None:
    batch = tp2({"e": "pv"}, *payloads)
    assert batch.events == [
        {"event_name": "page_view"},
        {**PURCHASE, "items": [SHIRT_ITEM, SOCKS_ITEM]},
    ]
    assert SOURCE.answer(batch).body == b"ok"


def test_items_of_another_request_are_events_of_their_own_and_no_purchase() -> None:
    assert tp2(ORDER).events == [PURCHASE]
    (item,) = tp2(SHIRT).events
    assert item == {
        "event_name": "transaction_item",
        "event_id": "i-1",
        "transaction_id": "T1",
        "items": [SHIRT_ITEM],
    }


def test_each_order_has_its_own_items() -> None:
    other = {**ORDER, "eid": "o-2", "tr_id": 2}
    events = tp2(ORDER, other, {**SHIRT, "ti_id": "2"}, SOCKS, {**SHIRT, "ti_id": "T3"}).events
    assert [(e["event_name"], e["transaction_id"], e.get("items")) for e in events] == [
        ("purchase", "T1", [SOCKS_ITEM]),
        ("purchase", "2", [SHIRT_ITEM]),
        ("transaction_item", "T3", [SHIRT_ITEM]),
    ]


def test_what_the_items_of_an_order_state_holds_for_the_order() -> None:
    stating = [
        {**SHIRT, "consent.ad_storage": "granted", "gcs": "G111"},
        {**SOCKS, "consent.ad_storage": "denied", "gcs": "G100", "consent_categories.Ads": True},
        {**SOCKS, "gcs": "G111", "us_privacy": "1YYN", "consent_categories.Ads": False},
    ]
    (order,) = tp2({**ORDER, "gcs": "G110"}, *stating).events
    assert order["consent"] == {"ad_storage": "denied"}
    assert order["gcs"] == ["G111", "G100", "G110"]
    assert order["us_privacy"] == "1YYN"
    assert order["consent_categories"] == {"Ads": False}


def test_an_order_without_an_id_has_no_items() -> None:
    nameless = [{"e": "tr", "tr_tt": "1"}, {"e": "ti", "ti_sk": "A"}, {"e": "ti", "ti_id": ""}]
    names = [event["event_name"] for event in tp2(*nameless).events]
    assert names == ["purchase", "transaction_item", "transaction_item"]


@pytest.mark.parametrize(
    ("order", "item", "currency", "of_item"),
    [
        ({"tr_cu": ""}, {"ti_cu": "USD"}, "USD", None),
        ({"tr_cu": "EUR"}, {"ti_cu": "USD"}, "EUR", "USD"),
        ({"tr_cu": "EUR"}, {"ti_cu": "EUR"}, "EUR", None),
        ({"tr_cu": "EUR"}, {}, "EUR", None),
    ],
)
def test_currencies_of_items(order: Event, item: Event, currency: str, of_item: str | None) -> None:
    (event,) = tp2({**ORDER, **order}, {**SHIRT, **item}).events
    assert (event["currency"], event["items"][0].get("currency")) == (currency, of_item)


def test_a_denial_of_an_item_holds_for_the_order() -> None:
    denial = {"consent.ad_storage": "denied"}
    grant = {"consent.ad_storage": "granted", "consent.analytics_storage": "granted"}
    (event,) = tp2({**ORDER, **grant}, SHIRT, {**SOCKS, **denial}).events
    assert event["consent"] == {"ad_storage": "denied", "analytics_storage": "granted"}


def test_of_one_order_sent_twice_the_first_has_the_items_and_both_hear_a_denial() -> None:
    denied = {**SHIRT, "consent.ad_storage": "denied"}
    first, second = tp2(ORDER, {**ORDER, "eid": "o-2"}, denied).events
    assert (first["items"], "items" in second) == ([SHIRT_ITEM], False)
    assert first["consent"] == second["consent"] == {"ad_storage": "denied"}


def test_orders_of_one_id_do_not_multiply_its_items() -> None:
    batch = tp2(*[ORDER] * 400, *[SHIRT] * 400)
    assert sum(len(event.get("items", [])) for event in batch.events) == 400


def test_what_is_refused_keeps_its_place() -> None:
    batch = tp2(SHIRT, ORDER, {"e": "xx"}, SOCKS, 7)
    assert [refusal.index for refusal in batch.refused] == [2, 4]
    assert len(batch.events) == 1


def test_items_count_as_payloads() -> None:
    with pytest.raises(Refused) as refused:
        tp2(ORDER, *[SHIRT] * MAX_EVENTS)
    assert refused.value.status == 413
    (event,) = tp2(ORDER, *[SHIRT] * (MAX_EVENTS - 1)).events
    assert event["event_name"] == "purchase"
