"""`umami`: Umami's tracker and its SDKs."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.umami.source import Umami, UmamiSettings

Capture = Callable[..., list[Inbound]]

WEBSITE = "11111111-2222-4333-8444-555555555555"
SOURCE = Umami(UmamiSettings(type="umami", website_ids=[WEBSITE, "ABC"], keys=["s3cret"]))
PAGE = {"origin": "https://shop.example"}


def sent(body: Any, **headers: str) -> Batch:
    return SOURCE.read(Inbound("POST", "/api/send", "", {**PAGE, **headers}, orjson.dumps(body)))


def one(payload: dict[str, Any], kind: str = "event", **around: Any) -> Event:
    message = {"type": kind, "payload": {"website": WEBSITE, **payload}, **around}
    batch = sent(message)
    assert not batch.refused
    assert batch.events == sent([message]).events
    (event,) = batch.events
    assert event.pop("website_id") == WEBSITE
    return event


def answer(batch: Batch) -> tuple[int, Any]:
    made = SOURCE.answer(batch)
    return made.status, orjson.loads(made.body)


def test_the_sdk_for_node(capture: Capture) -> None:
    events = []
    for request in capture("umami-node"):
        batch = SOURCE.read(request)
        assert (batch.trusted, batch.backend, batch.anonymous) == (False, True, False)
        assert answer(batch) == (200, {"cache": "", "sessionId": "", "visitId": ""})
        events += batch.events
    assert events == [
        {
            "event_name": "page_view",
            "website_id": WEBSITE,
            "page_location": "/home",
            "page_title": "Home",
        },
        {"event_name": "order", "website_id": WEBSITE, "value": 25.5},
        {"event_name": "identify", "website_id": WEBSITE, "user_properties": {"plan": "pro"}},
    ]


@pytest.mark.parametrize("kind", [None, ""])
def test_a_message_with_an_empty_type_is_an_event(kind: Any) -> None:
    assert one({"name": "a"}, kind) == {"event_name": "a"}


PRODUCT = {"productId": "A", "name": "Shoe", "variant": "red", "category": "Shoes", "price": 9}


@pytest.mark.parametrize(
    ("kind", "payload", "event"),
    [
        (
            "event",
            {
                "hostname": "shop.example",
                "url": "/cart?utm_source=news#top",
                "referrer": "/",
                "title": "Cart",
                "language": "de-DE",
                "screen": "1920x1080",
                "tag": "b",
                "id": "user-1",
                "vid": "v-1",
                "timestamp": 1_795_289_577,
            },
            {
                "event_name": "page_view",
                "page_hostname": "shop.example",
                "page_location": "https://shop.example/cart?utm_source=news#top",
                "page_referrer": "https://shop.example/",
                "page_title": "Cart",
                "language": "de-DE",
                "screen_resolution": "1920x1080",
                "tag": "b",
                "user_id": "user-1",
                "client_id": "v-1",
                "timestamp": 1_795_289_577,
            },
        ),
        (
            "event",
            {"url": "https://a.example/x", "hostname": "b.example", "referrer": ""},
            {
                "event_name": "page_view",
                "page_hostname": "b.example",
                "page_location": "https://a.example/x",
            },
        ),
        (
            "event",
            {"url": "//a.example/x", "hostname": "b.example", "referrer": "?a"},
            {
                "event_name": "page_view",
                "page_hostname": "b.example",
                "page_location": "https://a.example/x",
                "page_referrer": "https://b.example/?a",
            },
        ),
        (
            "event",
            {"name": "a", "data": {"plan": "pro", "revenue": "19,90", "currency": "eur"}},
            {"event_name": "a", "plan": "pro", "value": 19.9, "currency": "EUR"},
        ),
        (
            "event",
            {"name": "a", "data": {"value": "high", "revenue": 5, "timestamp": "9 am"}},
            {"event_name": "a", "revenue": 5, "params": {"timestamp": "9 am", "value": "high"}},
        ),
        ("event", {"name": "a", "data": [1]}, {"event_name": "a", "data": [1]}),
        ("event", {"name": "a", "event_name": "b"}, {"event_name": "a"}),
        (
            "event",
            {
                "name": "purchase",
                "data": {
                    "plan": "pro",
                    "commerce": {
                        "currency": "usd",
                        "orderId": "T1",
                        "shipping": 4,
                        "tax": "1.50",
                        "items": [{**PRODUCT, "quantity": 2}, 7],
                    },
                },
            },
            {
                "event_name": "purchase",
                "plan": "pro",
                "currency": "USD",
                "transaction_id": "T1",
                "shipping": 4,
                "tax": 1.5,
                "items": [
                    {
                        "item_id": "A",
                        "item_name": "Shoe",
                        "item_variant": "red",
                        "item_category": "Shoes",
                        "price": 9,
                        "quantity": 2,
                    }
                ],
                "ignored_fields": [{"field": "items", "reason": "not an object"}],
            },
        ),
        (
            "identify",
            {"id": "user-1", "data": {"plan": "pro", "none": None}},
            {"event_name": "identify", "user_id": "user-1", "user_properties": {"plan": "pro"}},
        ),
        ("identify", {"data": []}, {"event_name": "identify"}),
        (
            "performance",
            {"lcp": 1200, "cls": 0.1},
            {"event_name": "performance", "lcp": 1200, "cls": 0.1},
        ),
        (
            "engagement",
            {"engagement": 4200},
            {"event_name": "user_engagement", "engagement_time_msec": 4200},
        ),
    ],
)
def test_messages(kind: str, payload: dict[str, Any], event: Event) -> None:
    assert one(payload, kind) == event


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"type": "error", "payload": {"website": WEBSITE}}, "type: "),
        ({"type": ["event"], "payload": {"website": WEBSITE}}, "type: "),
        ({"type": "event"}, "payload.website: "),
        ({"payload": {"website": [WEBSITE]}}, "payload.website: "),
        ({"payload": {"website": "other"}}, "payload.website: "),
        ({"payload": {"website": WEBSITE, "name": ["a"]}}, "event_name: "),
        (7, "payload.website: "),
    ],
)
def test_what_cannot_be_read_is_refused_alone(message: Any, field: str) -> None:
    batch = sent([{"payload": {"website": "abc"}}, message])
    assert batch.events == [{"event_name": "page_view", "website_id": "abc"}]
    (refusal,) = batch.refused
    assert refusal.index == 1
    assert refusal.message.startswith(field)
    details = [{"index": 1, "response": {"message": refusal.message}}]
    assert answer(batch) == (200, {"size": 2, "processed": 1, "errors": 1, "details": details})
    if message != 7:
        status, content = answer(sent(message))
        assert (status, content["accepted"]) == (400, 0)
        assert answer(sent([message]))[0] == 400


@pytest.mark.parametrize("body", [None, 1, "a", [], [1, "a"]])
def test_what_is_no_message_is_refused(body: Any) -> None:
    with pytest.raises(Refused) as refused:
        sent(body)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


VISITOR = {"website": WEBSITE, "ip": "203.0.113.9", "userAgent": "Mozilla/5.0"}


def test_a_sender_with_a_key_may_state_the_visitor() -> None:
    batch = sent({"payload": VISITOR}, authorization="Bearer s3cret")
    assert (batch.trusted, batch.backend) == (True, True)
    (event,) = batch.events
    assert (event["ip_override"], event["user_agent"]) == ("203.0.113.9", "Mozilla/5.0")


def test_a_wrong_key_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        sent({"payload": VISITOR}, authorization="Bearer wrong")
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "payload", "backend"),
    [
        (PAGE, {}, False),
        ({"origin": "null"}, {}, False),
        ({}, {}, True),
        (PAGE, {"ip": "203.0.113.9"}, True),
        (PAGE, {"userAgent": "Mozilla/5.0"}, True),
    ],
)
def test_who_speaks_for_a_visitor_is_a_backend(
    headers: dict[str, str], payload: dict[str, str], backend: bool
) -> None:
    body = [{"payload": {"website": WEBSITE}}, {"payload": {"website": WEBSITE, **payload}}]
    batch = SOURCE.read(Inbound("POST", "/api/batch", "", headers, orjson.dumps(body)))
    assert (batch.trusted, batch.backend) == (False, backend)


@pytest.mark.parametrize(
    ("payload", "around", "stated"),
    [
        ({"consent": {"ad_storage": "denied"}}, {}, {"consent": {"ad_storage": "denied"}}),
        ({"consent.ad_storage": ""}, {}, {"consent": {"ad_storage": "denied"}}),
        ({"data": {"consent": "I agree"}}, {}, {}),
        ({"data": {"consent[ad_storage]": "denied"}}, {}, {"consent": {"ad_storage": "denied"}}),
        (
            {"data": {"consent": {"ad_storage": "granted"}}},
            {"consent": {"ad_storage": "denied"}},
            {"consent": {"ad_storage": "denied"}},
        ),
        ({"gcs": "G111"}, {"gcs": "G100"}, {"gcs": ["G100", "G111"]}),
    ],
)
def test_what_a_message_states_about_consent(
    payload: dict[str, Any], around: dict[str, Any], stated: Event
) -> None:
    assert one({"name": "a", **payload}, **around) == {"event_name": "a", **stated}
