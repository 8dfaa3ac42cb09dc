"""`plausible`: Plausible's script and its Events API."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.plausible.source import Plausible, PlausibleSettings

Capture = Callable[..., list[Inbound]]

SOURCE = Plausible(
    PlausibleSettings(type="plausible", domains=["www.Shop.example", "b.example"], keys=["s3cret"])
)
PAGE = {"origin": "https://shop.example"}


def sent(message: Any, **headers: str) -> Batch:
    request = Inbound("POST", "/api/event", "", {**PAGE, **headers}, orjson.dumps(message))
    return SOURCE.read(request)


def one(message: dict[str, Any]) -> Event:
    batch = sent({"d": "shop.example", **message})
    assert not batch.refused
    (event,) = batch.events
    assert event.pop("domain") == "shop.example"
    return event


def test_the_script(capture: Capture) -> None:
    events = []
    for request in capture("plausible-tracker"):
        batch = SOURCE.read(request)
        assert (batch.trusted, batch.backend, batch.anonymous) == (False, False, False)
        answer = SOURCE.answer(batch)
        assert (answer.status, answer.body) == (202, b"ok")
        events += batch.events
    page = {"domain": "shop.example", "page_location": "http://127.0.0.1/static/plaus.html"}
    assert events == [
        {**page, "event_name": "page_view"},
        {**page, "event_name": "Purchase", "method": "card", "value": 25.5, "currency": "USD"},
    ]


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            {
                "name": "pageview",
                "url": "https://shop.example/?utm_source=news",
                "referrer": "https://search.example/",
                "props": {"plan": "gold", "empty": "", "none": None},
            },
            {
                "event_name": "page_view",
                "page_location": "https://shop.example/?utm_source=news",
                "page_referrer": "https://search.example/",
                "plan": "gold",
            },
        ),
        ({"n": "Signup", "name": "other"}, {"event_name": "Signup"}),
        ({"n": 404}, {"event_name": "404"}),
        ({"n": "a", "p": '{"plan":"gold"}'}, {"event_name": "a", "plan": "gold"}),
        ({"n": "a", "m": '{"plan":"gold"}'}, {"event_name": "a", "plan": "gold"}),
        ({"n": "a", "p": "gold"}, {"event_name": "a"}),
        ({"n": "a", "p": {"value": "high"}}, {"event_name": "a", "params": {"value": "high"}}),
        ({"n": "a", "i": False}, {"event_name": "a", "interactive": False}),
        ({"n": "a", "interactive": True}, {"event_name": "a"}),
        (
            {"n": "a", "revenue": {"amount": "1.234,50", "currency": "eur"}},
            {"event_name": "a", "value": 1234.5, "currency": "EUR"},
        ),
        (
            {"n": "a", "$": '{"amount":"59,90 €","currency":""}'},
            {"event_name": "a", "value": 59.9, "currency": "EUR"},
        ),
        (
            {"n": "a", "$": {"amount": None, "currency": "EUR"}},
            {"event_name": "a", "currency": "EUR"},
        ),
        ({"n": "a", "$": [25.5]}, {"event_name": "a"}),
        ({"n": "a", "$": 25.5}, {"event_name": "a", "value": 25.5}),
        ({"n": "a", "revenue": "25,50 €"}, {"event_name": "a", "value": 25.5, "currency": "EUR"}),
        (
            {"n": "pageview", "u": "https://shop.example/app?a=b#/cart", "h": 1},
            {
                "event_name": "page_view",
                "page_location": "https://shop.example/app?a=b#/cart",
                "page_path": "/app#/cart",
            },
        ),
        (
            {"n": "engagement", "sd": 80, "e": 4200, "u": "https://shop.example/", "p": {}},
            {
                "event_name": "user_engagement",
                "engagement_time_msec": 4200,
                "percent_scrolled": 80,
                "page_location": "https://shop.example/",
            },
        ),
        (
            {"n": "Outbound Link: Click", "p": {"url": "https://other.example/"}},
            {"event_name": "click", "link_url": "https://other.example/", "outbound": True},
        ),
        (
            {"n": "File Download", "p": {"url": "https://shop.example/a.pdf"}},
            {"event_name": "file_download", "link_url": "https://shop.example/a.pdf"},
        ),
        (
            {"n": "Form: Submission", "p": {"path": "/a"}},
            {"event_name": "form_submit", "path": "/a"},
        ),
        (
            {"n": "a", "user_id": "u-1", "event_name": "b", "p": {"event_name": "c"}},
            {"event_name": "a", "user_id": "u-1"},
        ),
        ({"n": "a", "u": ["x"]}, {"event_name": "a", "params": {"page_location": ["x"]}}),
    ],
)
def test_messages(message: dict[str, Any], event: Event) -> None:
    assert one(message) == event


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"d": "shop.example"}, "n: "),
        ({"n": "", "d": "shop.example"}, "n: "),
        ({"n": ["a"], "d": "shop.example"}, "event_name: "),
        ({"n": "a", "d": "other.example"}, "d: "),
        ({"n": "a", "d": ["shop.example"]}, "d: "),
        ({"n": "a", "u": "https://other.example/"}, "d: "),
        ({"n": "a", "u": ["shop.example"]}, "d: "),
        ({"n": "a"}, "d: "),
    ],
)
def test_an_event_without_a_name_or_of_another_site_is_refused(
    message: dict[str, Any], field: str
) -> None:
    batch = sent(message)
    assert batch.events == []
    assert batch.refused[0].message.startswith(field)
    answer = SOURCE.answer(batch)
    assert (answer.status, orjson.loads(answer.body)["accepted"]) == (400, 0)


@pytest.mark.parametrize(
    "site",
    [
        {"d": "shop.example"},
        {"d": " WWW.shop.example "},
        {"d": "all.example,b.example"},
        {"domain": "b.example"},
        {"u": "https://www.shop.example/"},
    ],
)
def test_sites_that_are_accepted(site: dict[str, str]) -> None:
    assert len(sent({"n": "a", **site}).events) == 1


def test_without_domains_every_site_is_accepted() -> None:
    source = Plausible(PlausibleSettings(type="plausible"))
    request = Inbound("POST", "/api/event", "", PAGE, b'{"n":"a","u":"https://any.example/"}')
    assert source.read(request).events == [
        {"event_name": "a", "domain": "any.example", "page_location": "https://any.example/"}
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"1", b"n=a"])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(Inbound("POST", "/api/event", "", PAGE, body))
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


SERVER = {"name": "a", "url": "https://shop.example/", "domain": "shop.example"}


def server(**headers: str) -> Batch:
    return SOURCE.read(Inbound("POST", "/api/event", "", headers, orjson.dumps(SERVER)))


def test_headers_of_a_sender_with_a_key_are_the_visitors() -> None:
    batch = server(
        **{
            "authorization": "Bearer s3cret",
            "user-agent": "Mozilla/5.0",
            "x-forwarded-for": "203.0.113.9, 10.0.0.1",
        }
    )
    assert (batch.trusted, batch.backend) == (True, True)
    (event,) = batch.events
    assert (event["ip_override"], event["user_agent"]) == ("203.0.113.9", "Mozilla/5.0")


def test_a_server_without_a_key_is_a_backend_that_is_not_trusted() -> None:
    batch = server(**{"user-agent": "Mozilla/5.0", "x-forwarded-for": "203.0.113.9"})
    assert (batch.trusted, batch.backend) == (False, True)
    assert batch.events[0].keys().isdisjoint(["ip_override", "user_agent"])


def test_a_wrong_key_is_refused_and_a_password_of_the_site_is_none() -> None:
    with pytest.raises(Refused) as refused:
        server(authorization="Bearer wrong")
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")
    assert not server(authorization="Basic czNjcmV0Og==").trusted


@pytest.mark.parametrize(
    ("message", "stated"),
    [
        ({"consent": {"ad_storage": "denied"}}, {"consent": {"ad_storage": "denied"}}),
        ({"consent.ad_storage": ""}, {"consent": {"ad_storage": "denied"}}),
        ({"p": {"consent.ad_storage": "denied"}}, {"consent": {"ad_storage": "denied"}}),
        ({"p": {"consent": True}}, {}),
        ({"p": {"consent": {"ad_storage": "granted"}}}, {"consent": {"ad_storage": "granted"}}),
        (
            {"consent": {"ad_storage": "granted"}, "p": {"consent": {"ad_storage": "denied"}}},
            {"consent": {"ad_storage": "denied"}},
        ),
        ({"gcs": "G100", "p": {"gcs": "G111"}}, {"gcs": ["G100", "G111"]}),
    ],
)
def test_what_an_event_states_about_consent(message: dict[str, Any], stated: Event) -> None:
    assert one({"n": "a", **message}) == {"event_name": "a", **stated}
