"""The strict vendors refuse what the real ones refuse, and take all that our destinations send."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations.base import Destination, Request, Response
from destinations.ga4 import GA4 as GA4Destination
from destinations.ga4 import GA4Settings
from destinations.meta import Meta as MetaDestination
from destinations.meta import MetaSettings
from gateway.testing.events import FIELDS, NOW, SAMPLES, readable
from tests.vendors.ga4 import GA4
from tests.vendors.meta import Meta

DIGEST = "9b" * 32
TO_META = MetaDestination(
    MetaSettings(pixel_id="1", access_token="t", app_secret="s", phone_region="DE")
)
TO_GA4 = GA4Destination(GA4Settings(measurement_id="G-1", api_secret="s"))
events = st.lists(
    st.builds(lambda a, b: {**a, **b}, st.sampled_from([{}, *SAMPLES]), FIELDS), max_size=4
).map(readable)


def sent(destination: Destination[Any], given: list[dict[str, Any]]) -> list[Request]:
    results = destination.requests(given, NOW)
    return [result for result in results if isinstance(result, Request)]


@settings(max_examples=150)
@given(given_events=events)
def test_meta_takes_all_that_we_send(given_events: list[dict[str, Any]]) -> None:
    recent = [each for each in given_events if NOW - each.get("timestamp", NOW) < 7 * 86_400]
    meta = Meta(token="t", app_secret="s", now=lambda: NOW)
    for request in sent(TO_META, recent):
        answer = meta.answer(request.method, urlsplit(request.url).path, request.body)
        response = Response(answer.status, answer.headers, answer.body)
        outcomes = list(TO_META.outcomes(request, response))
        assert [each.result for each in outcomes] == ["delivered"] * len(request.events), outcomes


@settings(max_examples=150)
@given(given_events=events)
def test_ga4_keeps_all_that_we_send(given_events: list[dict[str, Any]]) -> None:
    recent = [each for each in given_events if NOW - each.get("timestamp", NOW) < 72 * 3600]
    complete = [
        {**each, "currency": "EUR", "transaction_id": each.get("transaction_id") or "T-1"}
        for each in recent
    ]
    ga4 = GA4(secret="s", now=lambda: NOW)
    for request in sent(TO_GA4, complete):
        url = urlsplit(request.url)
        assert ga4.answer(request.method, url.path, url.query, request.body).status == 204
    assert ga4.lost == []


def purchase() -> dict[str, Any]:
    return {
        "event_name": "Purchase",
        "event_time": int(NOW) - 60,
        "event_id": "o-1",
        "action_source": "website",
        "user_data": {"em": [DIGEST], "client_ip_address": "203.0.113.7"},
        "custom_data": {"value": 9.9, "currency": "EUR", "own": {"any": ["thing"]}},
    }


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "subcode"),
    [
        (lambda e: e.pop("event_name"), 2804001),
        (lambda e: e.update(event_time=int(NOW) - 8 * 86_400), 2804003),
        (lambda e: e.update(event_time=int(NOW * 1000)), 2804001),
        (lambda e: e.update(event_time=str(int(NOW))), 2804001),
        (lambda e: e.update(action_source="web"), 2804001),
        (lambda e: e.update(action_source="app"), 2804001),
        (lambda e: e.update(colour="red"), 2804001),
        (lambda e: e.update(data_processing_options=["LDU"]), 2804001),
        (lambda e: e.update(user_data={"client_user_agent": "UA"}), 2804050),
        (lambda e: e.update(user_data={"ct": DIGEST, "country": DIGEST}), 2804050),
        (lambda e: e.update(user_data={"fn": DIGEST, "ge": DIGEST}), 2804050),
        (lambda e: e["user_data"].update(em="ada@example.com"), 2804001),
        (lambda e: e["user_data"].update(em=[DIGEST.upper()]), 2804001),
        (lambda e: e["user_data"].update(fbp="1.2"), 2804001),
        (lambda e: e["user_data"].update(fbc="IwAR"), 2804001),
        (lambda e: e["user_data"].update(client_ip_address="10.0.0.1"), 2804001),
        (lambda e: e["custom_data"].pop("value"), 2804009),
        (lambda e: e["custom_data"].pop("currency"), 2804009),
        (lambda e: e["custom_data"].update(value="9.9"), 2804001),
        (lambda e: e["custom_data"].update(value=-1), 2804001),
        (lambda e: e["custom_data"].update(contents=[{"quantity": 1}]), 2804001),
    ],
)
def test_meta_refuses_the_request_for_one_event(change: Change, subcode: int) -> None:
    bad = purchase()
    change(bad)
    meta = Meta(now=lambda: NOW)
    body = json.dumps({"access_token": "t", "data": [purchase(), bad]}).encode()
    answer = meta.answer("POST", "/v27.0/1/events", body)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], error["error_subcode"]) == (400, 100, subcode)
    assert meta.events == []


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/1/events", {"access_token": "t"}, 100),
        ("/v24.0/1/events", {"access_token": "t"}, 2635),
        ("/v27.0/1/events", {}, 104),
        ("/v27.0/1/events", {"access_token": "other"}, 190),
        ("/v27.0/1/events", {"access_token": "t", "appsecret_proof": "0"}, 100),
        ("/v27.0/1/events", {"access_token": "t", "data": []}, 100),
        ("/v27.0/1/events", {"access_token": "t", "data": [purchase()] * 1001}, 100),
    ],
)
def test_meta_refuses_requests(path: str, body: dict[str, Any], code: int) -> None:
    secret = "s" if "appsecret_proof" in body else None
    meta = Meta(token="t", app_secret=secret, now=lambda: NOW)
    answer = meta.answer("POST", path, json.dumps({"data": [purchase()], **body}).encode())
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, code)


def test_meta_throttles_and_says_for_how_long() -> None:
    (request,) = sent(TO_META, [dict(SAMPLES[0])])
    answer = Meta(throttled=5, now=lambda: NOW).answer("POST", "/v27.0/1/events", request.body)
    response = Response(answer.status, answer.headers, answer.body)
    (outcome, *_) = TO_META.outcomes(request, response)
    assert (outcome.result, outcome.scope, outcome.retry_after) == ("retry", "destination", 300)
    assert outcome.usage == 100


HIT: dict[str, Any] = {
    "client_id": "123.456",
    "events": [{"name": "purchase", "params": {"transaction_id": "o-1", "session_id": "1"}}],
}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        (lambda b: b.pop("client_id"), "client_id", "VALUE_REQUIRED"),
        (lambda b: b.update(colour=1), "colour", "NAME_INVALID"),
        (lambda b: b.update(events=[]), "events", "VALUE_REQUIRED"),
        (lambda b: b.update(events=b["events"] * 26), "events", "EXCEEDED_MAX_ENTITIES"),
        (lambda b: b["events"][0].update(name="session_start"), "events.name", "NAME_RESERVED"),
        (lambda b: b["events"][0].update(name="a b"), "events.name", "NAME_INVALID"),
        (
            lambda b: b["events"][0].update(timestamp_micros=1),
            "events.timestamp_micros",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            lambda b: b["events"][0]["params"].pop("transaction_id"),
            "events.params.transaction_id",
            "VALUE_REQUIRED",
        ),
        (
            lambda b: b["events"][0]["params"].update(value=1),
            "events.params.currency",
            "VALUE_REQUIRED",
        ),
        (
            lambda b: b["events"][0]["params"].update(ga_x=1),
            "events.params.ga_x",
            "NAME_RESERVED",
        ),
        (
            lambda b: b["events"][0]["params"].update(a="a" * 101),
            "events.params.a",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (lambda b: b["events"][0]["params"].update(a={}), "events.params.a", "VALUE_INVALID"),
        (
            lambda b: b["events"][0]["params"].update(items=[{"price": 1}]),
            "events.params.items",
            "VALUE_REQUIRED",
        ),
        (
            lambda b: b.update(user_data={"sha256_email_address": ["a@b.example"]}),
            "user_data.sha256_email_address",
            "VALUE_INVALID",
        ),
        (
            lambda b: b.update(consent={"ad_user_data": "yes"}),
            "consent.ad_user_data",
            "VALUE_INVALID",
        ),
        (
            lambda b: b.update(user_properties={"user_id": {"value": 1}}),
            "user_properties.user_id",
            "NAME_RESERVED",
        ),
    ],
)
def test_ga4_says_what_is_wrong_only_where_it_is_asked(
    change: Change, field: str, code: str
) -> None:
    bad = copy.deepcopy(HIT)
    change(bad)
    ga4, query, body = GA4(now=lambda: NOW), "measurement_id=G-1&api_secret=s", json.dumps(bad)
    debug = ga4.answer("POST", "/debug/mp/collect", query, body.encode())
    (message,) = json.loads(debug.body)["validationMessages"]
    assert (message["fieldPath"], message["validationCode"]) == (field, code)
    assert (ga4.events, ga4.lost) == ([], [])

    assert ga4.answer("POST", "/mp/collect", query, body.encode()).status == 204
    assert (ga4.events, [each.fieldPath for each in ga4.lost]) == ([], [field])


def test_ga4_keeps_what_is_valid_and_of_its_stream() -> None:
    ga4, body = GA4(secret="s", now=lambda: NOW), json.dumps(HIT).encode()
    ga4.answer("POST", "/mp/collect", "measurement_id=G-1&api_secret=other", body)
    assert ga4.events == []
    ga4.answer("POST", "/mp/collect", "measurement_id=G-1&api_secret=s", body)
    assert ga4.events == HIT["events"]


def test_hits_of_browsers_need_their_client_and_name() -> None:
    ga4 = GA4()
    ga4.answer("POST", "/g/collect", "v=2&tid=G-1&cid=1.2", b"en=page_view\nen=scroll\n_et=5")
    assert [hit["en"] for hit in ga4.events] == ["page_view", "scroll"]
    assert [each.fieldPath for each in ga4.lost] == ["en"]
