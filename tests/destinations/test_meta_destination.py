"""The Conversions API: what each event becomes, what is refused here, what its answers mean."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import (
    DELIVERED,
    THROTTLE_SECONDS,
    Outcome,
    Request,
    Response,
    Unsendable,
)
from destinations.meta import Meta, MetaSettings
from destinations.meta.built_in import EVENTS
from destinations.remarks import collect_remarks
from gateway.event import Event, read_event

Example = Callable[..., Event]


def meta(**settings: Any) -> Meta:
    return Meta(MetaSettings(**{"pixel_id": "1234567890", "access_token": "TOKEN", **settings}))


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def sent(event: Event, now: float, **settings: Any) -> dict[str, Any]:
    """The one event in the body of the request that `event` makes."""
    (request,) = meta(**settings).requests([event], now)
    assert isinstance(request, Request), request
    (data,) = orjson.loads(request.body)["data"]
    return data


def refused(event: Event, now: float, **settings: Any) -> str:
    (unsendable,) = meta(**settings).requests([event], now)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


# What each event becomes

SHOP = "https://shop.example/"
FBC = "fb.1.1795210000000.IwAR0Abc_-9"
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
    # GA4's name: (Meta's name, custom_data, user_data beside what every visitor has)
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


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        ("view_search_results", "Search"),
        ("gtm.dom", "PageView"),
        ("customize_product", "CustomizeProduct"),
        ("donate", "Donate"),
        ("find_location", "FindLocation"),
        ("schedule", "Schedule"),
        ("submit_application", "SubmitApplication"),
    ],
)
def test_other_names_of_standard_events(
    name: str, standard: str, example: Example, now: float
) -> None:
    assert sent(example("page_view", event_name=name), now)["event_name"] == standard


def test_names_of_metas_own_stay(example: Example, now: float) -> None:
    for name in EVENTS.values():
        event = example("purchase") | {"event_name": name}
        assert sent(event, now)["event_name"] == name


# The request


def test_the_token_is_in_the_body_and_never_in_the_address(example: Example, now: float) -> None:
    destination = meta(app_secret="APP", test_event_code="TEST1", api_version="v25.0")
    (request,) = destination.requests([example("page_view")], now)
    assert isinstance(request, Request)
    body = orjson.loads(request.body)

    assert request.method == "POST"
    assert request.url == "https://graph.facebook.com/v25.0/1234567890/events"
    assert request.headers == {"content-type": "application/json"}
    assert body["access_token"] == "TOKEN"
    assert body["appsecret_proof"] == hmac.new(b"APP", b"TOKEN", "sha256").hexdigest()
    assert body["test_event_code"] == "TEST1"
    assert body["appsecret_proof"] not in destination.mask(request.body.decode())


def test_without_options_there_is_only_the_token(example: Example, now: float) -> None:
    (request,) = meta(base_url="http://127.0.0.1:9/").requests([example("page_view")], now)
    assert isinstance(request, Request)
    assert request.url == "http://127.0.0.1:9/v27.0/1234567890/events"
    assert orjson.loads(request.body).keys() == {"data", "access_token"}


def test_a_thousand_events_fill_a_request(example: Example, now: float) -> None:
    requests = list(meta().requests([example("page_view")] * 2001, now))
    assert [len(request.events) for request in requests if isinstance(request, Request)] == [
        1000,
        1000,
        1,
    ]


# Values


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


def test_fields_that_are_not_named_stay_here(example: Example, now: float) -> None:
    event = example("page_view", internal_note="margin 40 %", predicted_ltv="much")
    assert "custom_data" not in sent(event, now)


# Time


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


# People


@pytest.mark.parametrize(
    ("fields", "fbc"),
    [
        ({"fbc": FBC}, FBC),
        ({"fbc": f"{FBC}.AQYBAQIA"}, f"{FBC}.AQYBAQIA"),
        ({"fbc": FBC, "click_ids": {"fbclid": "IwAR0Abc_-9"}}, FBC),  # the same click
        ({"fbc": FBC, "click_ids": {"fbclid": "XyZ"}}, "fb.1.1795219200500.XyZ"),
        ({"fbc": FBC, "page_location": f"{SHOP}?fbclid=XyZ"}, "fb.1.1795219200500.XyZ"),
        ({"fbc": FBC, "page_location": f"{SHOP}?fbclid=IwAR0Abc_-9"}, FBC),
        ({"page_location": f"{SHOP}?a=1&fbclid=XyZ#end"}, "fb.1.1795219200500.XyZ"),
        ({"page_location": SHOP, "page_referrer": f"{SHOP}?fbclid=Old"}, "fb.1.1795219200500.Old"),
        (
            {"page_location": f"{SHOP}?fbclid=New", "page_referrer": f"{SHOP}?fbclid=Old"},
            "fb.1.1795219200500.New",
        ),
        ({"page_location": f"{SHOP}#fbclid=XyZ"}, None),
        ({"page_location": f"{SHOP}?fbclid=a;b"}, None),
        ({"page_location": f"{SHOP}?fbclid=null"}, None),
        ({"page_location": "https://[?fbclid=XyZ"}, None),
        ({"page_location": f"{SHOP}?{'a=1&' * 100}fbclid=XyZ"}, None),
        ({"fbc": f"{FBC}.Ag"}, f"{FBC}.Ag"),
        ({"fbc": f"{FBC}.AgAg"}, None),
        ({"click_ids": {"fbclid": "XyZ"}}, "fb.1.1795219200500.XyZ"),
        ({"click_ids": {"gclid": "1"}}, None),
        ({"fbc": "undefined"}, None),
        ({"fbc": "fb.1.1795210000000."}, None),
        ({"fbc": "fb.1.1795210000000.undefined"}, None),
        ({"fbc": "fb.1.1795210000.Abc"}, None),  # seconds
        ({"fbc": "fb.1.1795210000000.a b"}, None),
        ({"fbc": "Abc"}, None),
        ({"fbc": "null", "click_ids": {"fbclid": "XyZ"}}, "fb.1.1795219200500.XyZ"),
        ({"click_ids": {"fbclid": "undefined"}}, None),
        ({"click_ids": {"fbclid": "a;b"}}, None),
    ],
)
def test_fbc_is_the_cookie_or_is_made_from_the_click(
    fields: dict[str, Any], fbc: str | None, example: Example, now: float
) -> None:
    assert sent(example("page_view", **fields), now)["user_data"].get("fbc") == fbc


@pytest.mark.parametrize(
    ("fbp", "is_sent"),
    [
        ("fb.1.1795210000000.1098115397", True),
        ("fb.0.1795210000000.68131127111374487.AQYBAQIA", True),
        ("fb.1.1795210000000.", False),
        ("fb.1.1795210000000.x", False),
        ("fb.1.1795210000.1098115397", False),
        ("1098115397", False),
        ("undefined", False),
    ],
)
def test_fbp_is_sent_in_its_form_alone(
    fbp: str, is_sent: bool, example: Example, now: float
) -> None:
    assert ("fbp" in sent(example("page_view", fbp=fbp), now)["user_data"]) is is_sent


@pytest.mark.parametrize(
    ("address", "is_sent"),
    [
        ("203.0.113.7", True),
        ("2001:db8::1", True),
        *((private, False) for private in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1")),
        *((local, False) for local in ("169.254.0.1", "100.64.0.1", "::1", "fe80::1", "fd00::1")),
        ("unknown", False),
        ("203.0.113.7:443", False),
    ],
)
def test_only_a_public_address_is_sent(
    address: str, is_sent: bool, example: Example, now: float
) -> None:
    user_data = sent(example("page_view", ip_override=address), now)["user_data"]
    assert ("client_ip_address" in user_data) is is_sent


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"user_data": {"address": {"country": "AT"}}}, "436601234567"),
        ({"user_data": {"address": [{"city": "Wien"}, {"country": "Austria"}]}}, "436601234567"),
        ({"event_location": {"country": "GB"}}, "446601234567"),
        (
            {"user_data": {"address": {"country": "AT"}}, "event_location": {"country": "GB"}},
            "436601234567",
        ),
        ({"event_location": {"country": "nowhere"}}, "496601234567"),
        ({}, "496601234567"),
    ],
)
def test_a_national_phone_number_is_of_the_events_own_country(
    fields: dict[str, Any], number: str, now: float
) -> None:
    user_data = {**fields.get("user_data", {}), "phone_number": "0660 1234567"}
    event = read_event({"event_name": "x", **fields, "user_data": user_data})
    assert sent(event, now, phone_region="de")["user_data"]["ph"] == [digest(number)]


@pytest.mark.parametrize(
    ("stated", "hashed"),
    [
        ("mailto:Ada@shop.example", "ada@shop.example"),
        ("MAILTO:ada%2Bx@shop.example?subject=Hello", "ada+x@shop.example"),
        ("Ada Lovelace <Ada@shop.example>", "ada@shop.example"),
        ("<ada@shop.example>", "ada@shop.example"),
        ("ada@shop.example, bob@shop.example", None),
        ("ada@shop.example bob@shop.example", None),
        ("ada@shop.example;", None),
        ("ada@@shop.example", None),
        ("@shop.example", None),
        ("ada", None),
    ],
)
def test_an_email_address_is_read_or_left_out(stated: str, hashed: str | None, now: float) -> None:
    event = read_event({"event_name": "x", "user_id": "1", "user_data": {"email_address": stated}})
    assert sent(event, now)["user_data"].get("em") == (hashed and [digest(hashed)])


def test_several_addresses_and_numbers_are_all_sent(now: float) -> None:
    event = read_event(
        {
            "event_name": "x",
            "user_data": {
                "email_address": ["A@x.example ", "a@x.example", "b@x.example"],
                "phone_number": "030 1234567",
                "address": [{"country": "Germany"}, {"country": "AT"}],
            },
        }
    )
    user_data = sent(event, now, phone_region="de")["user_data"]
    assert user_data["em"] == [digest("a@x.example"), digest("b@x.example")]
    assert user_data["ph"] == [digest("49301234567")]
    assert user_data["country"] == [digest("de"), digest("at")]


def test_hashes_pass_through_and_clear_text_in_their_place_does_not(now: float) -> None:
    known = digest("jane@example.com")
    event = read_event(
        {
            "event_name": "x",
            "user_id": known.upper(),
            "user_data": {
                "email_address": known,
                "sha256_email_address": [known, "jane@example.com"],
                "sha256_phone_number": "+49301234567",
                "address": {"sha256_first_name": digest("jane"), "city": digest("berlin")},
            },
        }
    )
    assert sent(event, now)["user_data"] == {
        "external_id": [known],
        "em": [known],
        "fn": [digest("jane")],
        "ct": [digest("berlin")],
    }


def test_metas_own_identifiers_are_sent_as_they_are(now: float) -> None:
    event = read_event({"event_name": "x", "user_data": {"lead_id": 123, "ctwa_clid": "Ab"}})
    assert sent(event, now)["user_data"] == {"lead_id": 123, "ctwa_clid": "Ab"}


def test_what_is_no_ip_address_is_left_out(example: Example, now: float) -> None:
    assert (
        "client_ip_address"
        not in sent(example("page_view", ip_override="unknown"), now)["user_data"]
    )
    assert (
        sent(example("page_view", ip_override="2001:db8::1"), now)["user_data"]["client_ip_address"]
        == "2001:db8::1"
    )


ADDRESS = {"city": "Berlin", "country": "DE", "region": "Berlin", "postal_code": "10115"}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user_agent": "Mozilla/5.0"},
        {"user_agent": "Mozilla/5.0", "user_data": {"gender": "f", "address": ADDRESS}},
        {"user_agent": "Mozilla/5.0", "user_data": {"date_of_birth": "1997-02-16"}},
        {"user_data": {"gender": "f", "address": {"first_name": "Jane"}}},
        {"user_data": {"gender": "f", "address": {"last_name": "Doe"}}},
    ],
    ids=["nothing", "agent", "address and gender", "birthday", "first name", "last name"],
)
def test_an_identity_that_meta_calls_too_thin(fields: dict[str, Any], now: float) -> None:
    event = read_event({"event_name": "x", **fields})
    assert "no usable customer information" in refused(event, now)
    assert "no usable customer information" in meta().unsendable(event)


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_override": "203.0.113.7"},
        {"fbp": "fb.1.1795210000000.1"},
        {"click_ids": {"fbclid": "XyZ"}},
        {"user_id": "17"},
        {"user_data": {"phone_number": "+49 30 1234567"}},
        {"user_data": {"address": {"first_name": "Jane", "last_name": "Doe"}}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_an_identity_that_is_enough(fields: dict[str, Any], now: float) -> None:
    event = read_event({"event_name": "x", **fields})
    assert sent(event, now)["user_data"]
    assert meta().unsendable(event) == ""


def test_what_an_operator_can_mend_is_left_to_delivery(example: Example) -> None:
    assert meta().unsendable(example("purchase", value=None, items=None, currency=None)) == ""


def test_a_refund_is_told_beforehand(example: Example) -> None:
    reason = "value is negative: Meta does not support refunds"
    assert meta().unsendable(example("purchase", value=-1)) == reason


# The mapping


def mapped(**mapping: Any) -> dict[str, Any]:
    return {"mapping": mapping}


def test_a_mapping_of_the_users_changes_what_meta_gets(example: Example, now: float) -> None:
    event = example("purchase", event_name="lead_won", margin="12.5", crm={"mail": "Ada@Shop.ex"})
    settings = mapped(
        events={"lead_won": {"name": "Lead", "fields": {"custom_data.event_source": "crm"}}},
        fields={
            "custom_data.value": {"field": "margin", "as": "number"},
            "custom_data.coupon": None,
            "custom_data.contents": None,
            "user_data.em": {"field": "crm.mail"},
        },
    )
    data = sent(event, now, **settings)
    assert data["event_name"] == "Lead"
    assert data["user_data"]["em"] == [digest("ada@shop.ex")]
    assert data["custom_data"]["value"] == 12.5
    assert data["custom_data"]["event_source"] == "crm"
    assert data["custom_data"].keys().isdisjoint({"coupon", "contents"})


def test_a_phone_number_of_a_mapping_has_the_country_of_the_settings(
    example: Example, now: float
) -> None:
    settings = mapped(fields={"user_data.ph": {"field": "crm.call"}})
    event = example("purchase", crm={"call": "030 1234567"})
    assert sent(event, now, phone_region="DE", **settings)["user_data"]["ph"] == [
        digest("49301234567")
    ]


def test_what_a_mapping_may_mend_is_left_to_delivery(example: Example) -> None:
    refund, thin = example("purchase", value=-1), read_event({"event_name": "purchase"})
    for event, field in ((refund, "custom_data.value"), (thin, "user_data.em")):
        assert meta().unsendable(event)
        assert meta(**mapped(fields={field: {"field": "crm"}})).unsendable(event) == ""


def test_a_value_that_is_no_number_is_refused(example: Example, now: float) -> None:
    settings = mapped(fields={"custom_data.value": "12"})
    assert refused(example("purchase"), now, **settings).startswith("custom_data.value is not a n")


def test_without_customer_data_and_custom_data_nothing_breaks(example: Example, now: float) -> None:
    none = mapped(fields={"user_data": None, "custom_data": None})
    assert "no usable customer information" in refused(example("page_view"), now, **none)


def test_a_mapping_undoes_no_refusal(example: Example, now: float) -> None:
    event = example("page_view", consent={"ad_personalization": "denied"})
    assert sent(event, now, **mapped(fields={"opt_out": None, "x": 1}))["opt_out"] is True


# Consent

LIMITED: dict[str, Any] = {
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}


@pytest.mark.parametrize(
    ("consent", "flags"),
    [
        ({"ad_user_data": "granted", "ad_personalization": "granted"}, {}),
        (None, {}),
        ({"analytics_storage": "denied"}, {}),
        ({"ad_user_data": "denied"}, LIMITED),
        ({"ad_personalization": "denied"}, {**LIMITED, "opt_out": True}),
    ],
)
def test_a_refusal_limits_what_meta_may_do(
    consent: dict[str, str] | None, flags: dict[str, Any], example: Example, now: float
) -> None:
    event = sent(example("page_view", consent=consent), now)
    assert {key: event[key] for key in event if key in {*LIMITED, "opt_out"}} == flags


def denied(location: dict[str, str] | None, example: Example, now: float) -> tuple[int, int]:
    """Country and state of a visitor at `location` who opted out."""
    consent = {"ad_user_data": "denied", "ad_personalization": "denied"}
    event = sent(example("page_view", consent=consent, event_location=location), now)
    assert (event["data_processing_options"], event["opt_out"]) == (["LDU"], True)
    prefix = "data_processing_options_"
    return event[f"{prefix}country"], event[f"{prefix}state"]


@pytest.mark.parametrize(
    ("region", "state"),
    [
        ("CA", 1000),
        ("CO", 1001),
        ("CT", 1002),
        ("FL", 1003),
        ("OR", 1004),
        ("TX", 1005),
        ("MT", 1006),
        ("DE", 1007),
        ("NE", 1008),
        ("NH", 1009),
        ("NJ", 1010),
        ("MN", 1011),
        ("MD", 1012),
        ("RI", 1013),
        ("US-CA", 1000),
        ("us-ca", 1000),
        ("California", 1000),
    ],
)
def test_metas_number_of_a_state_is_told(
    region: str, state: int, example: Example, now: float
) -> None:
    assert denied({"country": "US", "region": region}, example, now) == (1, state)


@pytest.mark.parametrize(
    "location",
    [
        None,
        {},
        {"country": "US"},
        {"country": "US", "region": "NY"},
        {"country": "US", "region": "Kreuzberg"},
        {"country": "DE", "region": "CA"},
        {"region": "CA"},
    ],
)
def test_any_other_place_meta_finds_out_by_the_address(
    location: dict[str, str] | None, example: Example, now: float
) -> None:
    assert denied(location, example, now) == (0, 0)


# Where it happened


def test_an_event_may_say_where_it_happened(example: Example, now: float) -> None:
    assert sent(example("contact", action_source="phone_call"), now)["action_source"] == (
        "phone_call"
    )
    assert sent(example("contact", action_source="moon"), now)["action_source"] == "website"


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"page_location": SHOP}, "website"),
        ({"fbp": "fb.1.1795210000000.1"}, "website"),
        ({"fbc": FBC}, "website"),
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


# What its answers mean

REQUEST = Request("POST", "https://graph.example", {}, b"{}", (0, 1))


def outcome_of(status: int, answer: Any) -> Outcome:
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    first, second = meta().outcomes(REQUEST, Response(status, {}, body))
    assert first == second
    return first


def error(code: int, subcode: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "error": {
            "message": "Invalid parameter",
            "type": "OAuthException",
            "code": code,
            **({} if subcode is None else {"error_subcode": subcode}),
            "fbtrace_id": "A1",
            **more,
        }
    }


def test_all_received_is_delivered() -> None:
    assert outcome_of(200, {"events_received": 2, "messages": [], "fbtrace_id": "A"}) == DELIVERED


def test_fewer_received_are_looked_for_by_halving() -> None:
    """The same events go again with the same ids, which Meta counts once."""
    assert outcome_of(200, {"events_received": 1}) == Outcome(
        "rejected", "Meta received 1 of 2 events", "request"
    )


TRANSIENT = (1, 2, 341, 368, 5000, 21009)
THROTTLED = (4, 17, 32, 613, *range(80000, 80015))


@pytest.mark.parametrize("code", TRANSIENT)
def test_passing_trouble_is_waited_for_although_it_is_answered_400(code: int) -> None:
    assert outcome_of(400, error(code)) == Outcome(
        "retry", f"Invalid parameter ({code})", "destination"
    )


@pytest.mark.parametrize("code", THROTTLED)
@pytest.mark.parametrize("status", [200, 400, 403, 429])
def test_codes_of_rate_limits_throttle(code: int, status: int) -> None:
    assert outcome_of(status, error(code, is_transient=True)) == Outcome(
        "retry", f"Invalid parameter ({code})", "destination", THROTTLE_SECONDS
    )


@pytest.mark.parametrize("answer", [b"", b"Too Many Requests", b"{}", error(987654), error(1)])
def test_a_429_throttles_whatever_it_says(answer: Any) -> None:
    outcome = outcome_of(429, answer)
    assert (outcome.result, outcome.scope) == ("retry", "destination")
    assert outcome.retry_after == THROTTLE_SECONDS


BUSINESS = "x-business-use-case-usage"


def business(*entries: dict[str, Any]) -> dict[str, str]:
    return {BUSINESS: orjson.dumps({"1234567890": entries}).decode()}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (business({"estimated_time_to_regain_access": 5}), 300.0),
        (business({}, {"estimated_time_to_regain_access": 2}), 120.0),
        (business({"estimated_time_to_regain_access": 9999}), 3600.0),
        (business({"estimated_time_to_regain_access": 0}), THROTTLE_SECONDS),
        (business({"estimated_time_to_regain_access": "soon"}), THROTTLE_SECONDS),
        ({**business({"estimated_time_to_regain_access": 5}), "retry-after": "7"}, 7.0),
    ],
)
def test_it_is_left_alone_as_long_as_it_estimates(headers: dict[str, str], seconds: float) -> None:
    answer = Response(400, headers, orjson.dumps(error(80004)))
    assert {each.retry_after for each in meta().outcomes(REQUEST, answer)} == {seconds}


@pytest.mark.parametrize(
    ("headers", "usage"),
    [
        ({}, None),
        ({"x-app-usage": '{"call_count":28,"total_time":91.5,"total_cputime":25}'}, 91.5),
        ({"x-ad-account-usage": '{"acc_id_util_pct":9.67,"reset_time_duration":100}'}, 9.67),
        (business({"call_count": 3}, {"type": "ads_management", "total_cputime": 80}), 80.0),
        ({**business({"call_count": 3}), "x-app-usage": '{"call_count":50}'}, 50.0),
        ({"x-app-usage": '{"call_count":130}'}, 130.0),
        ({"x-app-usage": ""}, None),
        ({"x-app-usage": "{"}, None),
        ({"x-app-usage": "[1]"}, None),
        ({"x-app-usage": '{"call_count":"99","total_time":true,"total_cputime":-1}'}, None),
        ({BUSINESS: '{"1":{"call_count":99},"2":[7,null]}'}, None),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_it_says_how_much_of_its_limits_is_used(
    headers: dict[str, str], usage: float | None, status: int
) -> None:
    body = {"events_received": 2} if status == 200 else error(100)
    answer = Response(status, headers, orjson.dumps(body))
    assert {each.usage for each in meta().outcomes(REQUEST, answer)} == {usage}


def test_what_meta_calls_transient_is() -> None:
    outcome = outcome_of(400, error(100, 2804050, is_transient=True))
    assert (outcome.result, outcome.scope) == ("retry", "destination")


@pytest.mark.parametrize(
    ("answer", "to_mend"),
    [
        (error(190, 463), "access_token is wrong or no longer valid"),
        (error(102), "access_token is wrong or no longer valid"),
        (error(10), "access_token lacks the permission"),
        (error(200), "access_token lacks the permission"),
        (error(3), "access_token lacks the permission"),
        (error(294), "access_token lacks the permission"),
        (error(100, 33), "pixel_id is wrong"),
        (error(100, type="GraphMethodException"), "app_secret is wrong"),
        (error(2635), "api_version is no longer supported"),
    ],
)
def test_wrong_settings_hold_the_events_and_say_what_to_mend(answer: Any, to_mend: str) -> None:
    outcome = outcome_of(400, answer)
    assert (outcome.result, outcome.scope) == ("retry", "configuration")
    assert to_mend in outcome.reason


@pytest.mark.parametrize(
    "subcode",
    [2804001, 2804003, 2804007, 2804009, 2804016, 2804017, 2804019, 2804048, 2804050, None],
)
def test_a_refused_event_refuses_the_request(subcode: int | None) -> None:
    outcome = outcome_of(400, error(100, subcode, error_user_msg="Zu alt"))
    assert (outcome.result, outcome.scope) == ("rejected", "request")
    assert outcome.reason.startswith("Zu alt (100")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("code", "subcode"),
    [(100, None), (100, 33), (100, 2804050), (190, 463), (102, None), (10, None), (200, None),
     (2635, None), (1, None), (987654, None)],
)  # fmt: skip
def test_an_outage_is_waited_for_whatever_code_it_names(
    status: int, code: int, subcode: int | None
) -> None:
    body = orjson.dumps(error(code, subcode))
    (outcome, _) = meta().outcomes(REQUEST, Response(status, {"retry-after": "7"}, body))
    words = f"Invalid parameter ({code}{f'/{subcode}' if subcode else ''})"
    assert outcome == Outcome("retry", words, "destination", 7.0)


def test_an_outage_that_throttles_throttles() -> None:
    assert outcome_of(503, error(4)).retry_after == THROTTLE_SECONDS


@pytest.mark.parametrize(
    ("status", "answer", "result"),
    [
        (200, b"<html>captive portal</html>", "retry"),
        (200, b"{}", "retry"),
        (400, b"<html>Bad Request</html>", "retry"),
        (502, b"", "retry"),
        (413, b"<html>Too large</html>", "rejected"),
        (200, error(987654), "retry"),
        (400, error(987654, type="Exception"), "rejected"),
        (403, error(987654, type="Exception"), "retry"),
    ],
)
def test_answers_in_nobodys_table(status: int, answer: Any, result: str) -> None:
    """Not Meta's words: wait, except for a size that halving mends. An unknown code of Meta's
    goes by its status, and is never taken for delivered."""
    assert outcome_of(status, answer).result == result


@pytest.mark.parametrize("code", [104, 2500, 987654])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_unknown_code_of_access_holds_the_events(code: int, status: int) -> None:
    outcome = outcome_of(status, error(code))
    assert (outcome.result, outcome.scope) == ("retry", "configuration")
    assert "check the token, its app and the pixel" in outcome.reason


def test_an_unknown_code_of_access_with_success_is_waited_for() -> None:
    outcome = outcome_of(200, error(987654))
    assert (outcome.result, outcome.scope) == ("retry", "destination")


# Settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pixel_id": "my pixel"}, "pixel_id"),
        ({"access_token": ""}, "is empty"),
        ({"access_token": "TOP-SECRET\n"}, "contains a space, quote or other character"),
        ({"api_version": "26"}, "api_version"),
        ({"base_url": "https://user:pw@graph.example"}, "must not contain a user name"),
        ({"base_url": "https://graph.example/?a=1"}, "must end before `?`"),
        ({"phone_region": "XX"}, "is not a country code"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        meta(**settings)
    assert said in str(raised.value)
    assert "TOP-SECRET" not in str(raised.value)


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


# Warnings and tests


@pytest.mark.parametrize(
    ("headers", "messages", "warnings"),
    [
        ({}, [], ()),
        ({}, ["value is a text"], ("value is a text",)),
        ({}, "not a list", ()),
        ({}, [{"code": 1}], ()),
        ({"x-app-usage": '{"call_count":74}'}, [], ()),
        ({"x-app-usage": '{"call_count":75}'}, [], ("75 % of Meta's rate limit is used",)),
        (
            {"x-ad-api-version-warning": "The call was upgraded to v27.0"},
            ["a", "b"],
            ("api_version: The call was upgraded to v27.0", "a", "b"),
        ),
    ],
)
def test_what_meta_says_about_events_that_it_took(
    headers: dict[str, str], messages: object, warnings: tuple[str, ...]
) -> None:
    body = orjson.dumps({"events_received": 2, "messages": messages})
    outcomes = list(meta().outcomes(REQUEST, Response(200, headers, body)))
    assert [(each.result, each.warnings) for each in outcomes] == [("delivered", warnings)] * 2


def test_a_refusal_can_have_a_warning_too() -> None:
    body = orjson.dumps({"error": {"code": 190, "message": "no"}})
    headers = {"x-ad-api-version-warning": "v25.0 ends"}
    for outcome in meta().outcomes(REQUEST, Response(400, headers, body)):
        assert (outcome.scope, outcome.warnings) == ("configuration", ("api_version: v25.0 ends",))


def test_tests_go_in_requests_of_their_own_by_their_codes(example: Example, now: float) -> None:
    codes = [None, "TEST1", "TEST2", None, "TEST1", 7, "not a code!"]
    events = [example("page_view", test_event_code=code) for code in codes]
    made = [each for each in meta().requests(events, now) if isinstance(each, Request)]
    found = {each.events: orjson.loads(each.body).get("test_event_code") for each in made}
    assert found == {(0, 3, 5, 6): None, (1, 4): "TEST1", (2,): "TEST2"}
    assert [each.test for each in made] == [False, True, True]
    assert all(b"TEST" not in each.body for each in made if not each.test)


def test_the_code_of_the_settings_is_for_events_without_one(example: Example, now: float) -> None:
    events = [example("page_view"), example("page_view", test_event_code="TEST2")]
    made = meta(test_event_code="TEST1").requests(events, now)
    codes = [
        orjson.loads(each.body)["test_event_code"] for each in made if isinstance(each, Request)
    ]
    assert codes == ["TEST1", "TEST2"]
