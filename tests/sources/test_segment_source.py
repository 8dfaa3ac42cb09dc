"""`segment`: the SDKs of Segment and RudderStack."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import Inbound, Refused
from gateway.sources.segment.source import Segment, SegmentSettings

Capture = Callable[..., list[Inbound]]

KEY = "WRITEKEY123"
SOURCE = Segment(SegmentSettings(type="segment", write_keys=["other", KEY]))


def post(path: str, body: Any, headers: dict[str, str] | None = None, query: str = "") -> Inbound:
    return Inbound("POST", path, query, headers or {}, orjson.dumps(body))


def one(message: dict[str, Any], path: str = "/v1/batch") -> Event:
    """The event in `message`."""
    batch = SOURCE.read(post(path, {"writeKey": KEY, "batch": [message]}))
    assert not batch.refused
    (event,) = batch.events
    return event


def track(event: str, **properties: Any) -> Event:
    return one({"type": "track", "event": event, "properties": properties})


def captured(requests: list[Inbound]) -> list[Event]:
    events = []
    for request in requests:
        assert request.path in SOURCE.paths
        batch = SOURCE.read(request)
        assert not batch.refused
        assert not batch.trusted
        answer = SOURCE.answer(batch)
        assert (answer.status, answer.body) == (200, b'{"success":true}')
        events += batch.events
    return events


def test_analytics_next_in_chromium(capture: Capture) -> None:
    events = {e["event_name"]: e for e in captured(capture("segment-analytics-next"))}
    assert list(events) == ["identify", "group", "purchase", "page_view", "alias"]
    assert events["purchase"] == {
        "event_name": "purchase",
        "event_id": "ajs-next-1795289447283-fa690e9a-35e9-4ecf-9d5a-955f1345bebc",
        "client_id": "59b1dfc9-fa69-4e9a-b5e9-aecf1d5a955f",
        "user_id": "user-1",
        "timestamp": 1795289447.283,
        "transaction_id": "T1",
        "value": 25.5,
        "currency": "USD",
        "items": [{"item_id": "sku1", "price": 12.75, "quantity": 2}],
        "page_location": "http://127.0.0.1:8917/static/seg.html",
        "page_path": "/static/seg.html",
        "page_title": "Shop",
        "language": "en-US",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "HeadlessChrome/156.0.0.0 Safari/537.36",
        "client_hints": {
            "brands": [
                {"brand": "Not:A-Brand", "version": "8"},
                {"brand": "Chromium", "version": "156"},
            ],
            "mobile": False,
            "platform": "Linux",
        },
    }
    assert events["identify"]["user_data"] == {"email_address": "a@example.com"}
    assert events["group"]["group_id"] == "g1"
    assert events["group"]["group_traits"] == {"name": "Acme"}
    assert events["alias"]["previous_id"] == "old-id"
    assert len({event["event_id"] for event in events.values()}) == 5


def test_analytics_next_in_jsdom(capture: Capture) -> None:
    page_view, purchase = captured(capture("segment-analytics-next-jsdom"))
    assert page_view["page_location"] == "http://shop.test/p?utm_source=news"
    assert page_view["campaign"] == {"source": "news"}
    assert page_view["client_id"] == "473b54e6-f837-4cc5-82bf-c8bffc13a2bc"
    assert "user_id" not in page_view
    assert (purchase["transaction_id"], purchase["value"]) == ("T1", 25.5)


def test_analytics_node(capture: Capture) -> None:
    events = captured(capture("segment-analytics-node"))
    names = ["identify", "purchase", "page_view", "group", "alias", "screen_view"]
    assert [event["event_name"] for event in events] == names
    identify, purchase, page_view, _, alias, screen_view = events
    assert identify["user_data"] == {"email_address": "a@example.com"}
    assert purchase == {
        "event_name": "purchase",
        "event_id": "node-next-1795289401221-913c500e-f6da-4dd1-bce2-75da9230eccb",
        "user_id": "user-1",
        "timestamp": 1767323045.678,
        "transaction_id": "T1",
        "value": 25.5,
        "currency": "USD",
        "items": [{"item_id": "sku1", "price": 12.75, "quantity": 2}],
        "user_agent": "UA",
        "ip_override": "203.0.113.9",  # a claim, which the pipeline judges
    }
    assert page_view["page_location"] == "https://example.com/"
    assert page_view["client_id"] == "anon-9"
    assert alias["previous_id"] == "anon-9"
    assert screen_view["screen_name"] == "Main"


def test_analytics_python_sends_null_for_missing_ids(capture: Capture) -> None:
    events = captured(capture("segment-analytics-python"))
    assert [event["event_name"] for event in events] == [
        "identify",
        "purchase",
        "page_view",
        "screen_view",
        "group",
        "alias",
        "Anon Event",
    ]
    assert events[0]["user_properties"] == {"plan": "pro"}
    assert events[0]["user_data"] == {"email_address": "a@example.com"}
    assert events[2]["page_name"] == "Home"
    assert events[3]["screen_name"] == "Start"
    assert [("client_id" in event, "user_id" in event) for event in events] == [
        *[(False, True)] * 6,
        (True, False),
    ]
    assert events[6]["timestamp"] == 1767323045


@pytest.mark.parametrize("name", ["rudderstack-js-xhr", "rudderstack-js-batch"])
def test_rudderstack(capture: Capture, name: str) -> None:
    events = captured(capture(name))
    names = ["page_view", "identify", "purchase", "group", "alias"]
    assert [event["event_name"] for event in events] == names
    page_view, identify, purchase, group, alias = events
    assert "user_id" not in page_view
    assert "page_referrer" not in page_view
    assert page_view["page_title"] == "Shop R"
    assert page_view["screen_resolution"] == page_view["viewport_size"] == "800x600"
    assert page_view["ga_session_id"].startswith("1795289")
    assert (identify["user_id"], alias["user_id"]) == ("user-1", "new")
    assert identify["user_data"] == {"email_address": "a@example.com"}
    assert (purchase["transaction_id"], purchase["value"]) == ("T1", 25.5)
    assert purchase["currency"] == "USD"
    assert group["group_traits"] == {"name": "Acme"}
    assert alias["previous_id"] == "old"
    assert all(1795289821 < event["timestamp"] < 1795289838 for event in events)


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
                "value": 8,
                "shipping": 2,
                "ignored_fields": [{"field": "tax", "reason": "not a number"}],
            },
        ),
        (
            "Order Completed",
            {"total": 2, "tax": 5},
            {"event_name": "purchase", "value": 2, "tax": 5},
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


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            {
                "type": "page",
                "name": "Home",
                "category": "Docs",
                "properties": {
                    "url": "https://a.example/p?q=1",
                    "path": "/p",
                    "title": "T",
                    "referrer": "https://r.example/",
                    "search": "?q=1",
                    "color": "red",
                },
            },
            {
                "event_name": "page_view",
                "page_name": "Home",
                "category": "Docs",
                "page_location": "https://a.example/p?q=1",
                "page_path": "/p",
                "page_title": "T",
                "page_referrer": "https://r.example/",
                "color": "red",
            },
        ),
        (
            {
                "type": "identify",
                "traits": {
                    "email": "a@example.com",
                    "phone": 4366012345,
                    "firstName": "Ada",
                    "lastName": "L",
                    "name": "Ada L",
                    "birthday": "1815-12-10",
                    "gender": "female",
                    "plan": "pro",
                    "address": {
                        "street": "1 Rd",
                        "city": "Linz",
                        "state": "OÖ",
                        "postalCode": "4020",
                        "country": "AT",
                    },
                },
            },
            {
                "event_name": "identify",
                "user_properties": {"plan": "pro"},
                "user_data": {
                    "email_address": "a@example.com",
                    "phone_number": "4366012345",
                    "date_of_birth": "1815-12-10",
                    "gender": "female",
                    "address": {
                        "first_name": "Ada",
                        "last_name": "L",
                        "street": "1 Rd",
                        "city": "Linz",
                        "region": "OÖ",
                        "postal_code": "4020",
                        "country": "AT",
                    },
                },
            },
        ),
        (
            {"type": "group", "traits": {"email": "office@acme.example"}},
            {"event_name": "group", "group_traits": {"email": "office@acme.example"}},
        ),
        (
            {
                "type": "track",
                "event": "A",
                "context": {
                    "ip": "203.0.113.9",
                    "screen": {"width": 800, "height": 600, "innerWidth": 700},
                    "consent": {
                        "categoryPreferences": {
                            "ad_storage": True,
                            "analytics_storage": False,
                            "Advertising": True,
                            "ad_user_data": "yes",
                        }
                    },
                },
            },
            {
                "event_name": "A",
                "screen_resolution": "800x600",
                "ip_override": "203.0.113.9",
                "consent": {
                    "ad_storage": "granted",
                    "analytics_storage": "denied",
                    "ad_user_data": "denied",
                },
                "consent_categories": {"Advertising": True},
            },
        ),
        (
            {"type": "track", "event": "A", "context": "x", "properties": [1], "traits": 7},
            {"event_name": "A"},
        ),
        (
            {
                "type": "track",
                "event": "A",
                "userId": 17,
                "properties": {"event_name": "B", "user_id": "x", "ip_override": "203.0.113.9"},
                "originalTimestamp": "2026-01-02T03:04:05Z",
                "sentAt": "2026-01-02T03:04:06Z",
            },
            {
                "event_name": "A",
                "user_id": "17",
                "timestamp": 1767323045,
                "ip_override": "203.0.113.9",  # a claim, which the pipeline judges
            },
        ),
    ],
)
def test_messages(message: dict[str, Any], event: Event) -> None:
    assert one(message) == event


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/track", "A"),
        ("/v1/t", "A"),
        ("/v1/page", "page_view"),
        ("/v1/p", "page_view"),
        ("/v1/screen", "screen_view"),
        ("/v1/s", "screen_view"),
        ("/v1/identify", "identify"),
        ("/v1/i", "identify"),
        ("/v1/group", "group"),
        ("/v1/g", "group"),
        ("/v1/alias", "alias"),
        ("/v1/a", "alias"),
        ("/custom/base/t", "A"),
    ],
)
def test_the_path_says_what_a_call_without_a_type_is(path: str, name: str) -> None:
    batch = SOURCE.read(post(path, {"writeKey": KEY, "event": "A", "userId": "u"}))
    assert batch.events == [{"event_name": name, "user_id": "u"}]


def basic(credentials: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(credentials.encode()).decode()}"}


@pytest.mark.parametrize(
    ("headers", "key", "query"),
    [
        (basic(f"{KEY}:"), None, ""),
        (basic(f"{KEY}:password"), None, ""),
        ({}, KEY, ""),
        (basic("wrong:"), KEY, ""),
        (basic(f"{KEY}:"), "wrong", ""),
        ({"x-write-key": KEY}, None, ""),
        ({}, None, f"writeKey={KEY}"),
        ({"authorization": f"Bearer {KEY}"}, None, ""),
        ({"authorization": f"bearer   {KEY} "}, None, ""),
        ({"authorization": "Bearer of-another-service"}, KEY, ""),
    ],
)
def test_the_key_may_stand_in_five_places(
    headers: dict[str, str], key: str | None, query: str
) -> None:
    body = {"type": "track", "event": "A", "writeKey": key}
    batch = SOURCE.read(post("/beacon/v1/batch", body, headers, query))
    assert [event["event_name"] for event in batch.events] == ["A"]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({}, ""),
        ({}, "wrong"),
        ({}, 123),
        ({}, [KEY]),
        (basic("wrong:"), "wrong"),
        (basic(""), None),
        ({"authorization": "Basic !!!"}, None),
        ({"authorization": "Basic ключ"}, None),
        ({"authorization": f"Token {KEY}"}, None),
        ({"authorization": "Bearer"}, None),
        ({"authorization": "Bearer ключ"}, None),
        ({"x-write-key": ""}, None),
    ],
)
def test_without_a_key_nothing_is_read(headers: dict[str, str], key: Any) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(post("/v1/track", {"event": "A", "writeKey": key}, headers))
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


def test_refused_messages_are_reported() -> None:
    batch = [{"type": "track", "event": "A"}, {"type": "track"}, {"type": "import"}, 7]
    read = SOURCE.read(post("/v1/batch", {"writeKey": KEY, "batch": batch}))
    answer = SOURCE.answer(read)
    report = orjson.loads(answer.body)
    assert (answer.status, report["success"], report["accepted"]) == (200, True, 1)
    assert [refusal["index"] for refusal in report["refused"]] == [1, 2, 3]
    read = SOURCE.read(post("/v1/batch", {"writeKey": KEY, "batch": batch[1:]}))
    answer = SOURCE.answer(read)
    assert (answer.status, orjson.loads(answer.body)["success"]) == (400, False)


def test_the_sdks_own_measurements_are_answered_and_not_recorded() -> None:
    read = SOURCE.read(post("/v1/m", {"writeKey": KEY, "series": [{"type": "Counter"}]}))
    assert not read.events
    assert not read.refused
    assert SOURCE.answer(read).status == 200
