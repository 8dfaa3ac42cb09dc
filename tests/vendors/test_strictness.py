"""The strict vendors refuse what the real ones do, and accept all that our destinations send."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import Destination, Request, Response
from destinations.ga4 import GA4 as GA4Destination
from destinations.ga4 import GA4Settings
from destinations.google_data_manager import GoogleDataManager as DataManagerDestination
from destinations.google_data_manager import GoogleDataManagerSettings
from destinations.meta import Meta as MetaDestination
from destinations.meta import MetaSettings
from destinations.pinterest import Pinterest as PinterestDestination
from destinations.pinterest import PinterestSettings
from destinations.reddit import Reddit as RedditDestination
from destinations.reddit import RedditSettings
from destinations.snapchat import Snapchat as SnapchatDestination
from destinations.snapchat import SnapchatSettings
from destinations.tiktok import TikTok as TikTokDestination
from destinations.tiktok import TikTokSettings
from gateway.testing.events import FIELDS, NOW, SAMPLES, readable
from tests.vendors.ga4 import GA4
from tests.vendors.google_data_manager import GoogleDataManager
from tests.vendors.meta import Meta
from tests.vendors.pinterest import Pinterest
from tests.vendors.reddit import Reddit
from tests.vendors.snapchat import Snapchat
from tests.vendors.tiktok import PATH, TikTok

Change = Callable[[dict[str, Any]], Any]
DIGEST = "9b" * 32
TO_META = MetaDestination(
    MetaSettings(pixel_id="1", access_token="t", app_secret="s", phone_region="DE")
)
TO_TIKTOK = TikTokDestination(
    TikTokSettings(
        event_source_id="1",
        event_source_ids={"app": "2", "offline": "3"},
        access_token="t",
        phone_region="DE",
    )
)
TO_SNAPCHAT = SnapchatDestination(
    SnapchatSettings(pixel_id="1", snap_app_id="2", access_token="t", phone_region="DE")
)
NAMES = ("purchase", "page_view", "view_item_list", "quiz", "sign_up", "quiz_finished")
TO_DATA_MANAGER = DataManagerDestination(
    GoogleDataManagerSettings(
        credential="google",
        account_id="1234567890",
        phone_region="DE",
        merchant_id="55",
        mapping={"events": dict.fromkeys(NAMES, "987")},
    )
)
TO_GA4 = GA4Destination(GA4Settings(measurement_id="G-1", api_secret="s"))
TO_PINTEREST = PinterestDestination(
    PinterestSettings(ad_account_id="1", access_token="t", phone_region="DE")
)
TO_REDDIT = RedditDestination(RedditSettings(pixel_id="t2_1", access_token="t", phone_region="DE"))
events = st.lists(
    st.builds(lambda a, b: {**a, **b}, st.sampled_from([{}, *SAMPLES]), FIELDS), max_size=4
).map(readable)


def sent(destination: Destination[Any], given: list[dict[str, Any]]) -> list[Request]:
    results = destination.requests(given, NOW)
    return [result for result in results if isinstance(result, Request)]


@given(given_events=events)
def test_meta_takes_all_that_we_send(given_events: list[dict[str, Any]]) -> None:
    recent = [each for each in given_events if NOW - each.get("timestamp", NOW) < 7 * 86_400]
    meta = Meta(token="t", app_secret="s", now=lambda: NOW)
    for request in sent(TO_META, recent):
        answer = meta.answer(request.method, urlsplit(request.url).path, request.body)
        response = Response(answer.status, answer.headers, answer.body)
        outcomes = list(TO_META.outcomes(request, response))
        assert [each.result for each in outcomes] == ["delivered"] * len(request.events), outcomes


def of_a_week(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in given if NOW - each.get("timestamp", NOW) < 7 * 86_400 - 1]


@given(given_events=events)
def test_pinterest_takes_all_that_we_send(given_events: list[dict[str, Any]]) -> None:
    pinterest = Pinterest(token="t", now=lambda: NOW)
    for request in sent(TO_PINTEREST, of_a_week(given_events)):
        path = urlsplit(request.url).path
        answer = pinterest.answer("POST", path, request.headers, request.body)
        assert answer.status == 200, answer.body


@given(given_events=events)
def test_reddit_takes_all_that_we_send(given_events: list[dict[str, Any]]) -> None:
    reddit = Reddit(token="t", now=lambda: NOW)
    for request in sent(TO_REDDIT, of_a_week(given_events)):
        path = urlsplit(request.url).path
        answer = reddit.answer("POST", path, request.headers, request.body)
        assert answer.status == 200, answer.body
    assert all(each["event_at"] > 10**12 for each in reddit.events), "milliseconds"


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


def outcomes_of(
    destination: Destination[Any], vendor: TikTok | Snapchat, given: list[dict[str, Any]]
) -> list[str]:
    """The results of all events that can be sent; each must be delivered."""
    results: list[str] = []
    for request in sent(destination, given):
        path = urlsplit(request.url).path
        answer = vendor.answer(request.method, path, request.headers, request.body)
        response = Response(answer.status, answer.headers, answer.body)
        outcomes = list(destination.outcomes(request, response))
        assert {each.result for each in outcomes} == {"delivered"}, outcomes
        results += [each.result for each in outcomes]
    return results


@given(given_events=events, source=st.sampled_from(["website", "app", "physical_store", 7]))
def test_tiktok_takes_all_that_we_send(given_events: list[dict[str, Any]], source: Any) -> None:
    recent = [each for each in given_events if NOW - each.get("timestamp", NOW) < 7 * 86_400 - 1]
    tiktok = TikTok(token="t", now=lambda: NOW)
    stated = [{"action_source": source, **each} for each in recent]
    assert len(outcomes_of(TO_TIKTOK, tiktok, stated)) == len(tiktok.events)


@given(given_events=events, source=st.sampled_from(["website", "app", "physical_store", 7]))
def test_snapchat_takes_all_that_we_send(given_events: list[dict[str, Any]], source: Any) -> None:
    wanted = [each for each in given_events if not TO_SNAPCHAT.mapper.withholds(each)]
    recent = [each for each in wanted if NOW - each.get("timestamp", NOW) < 37 * 86_400 - 1]
    snapchat = Snapchat(token="t", now=lambda: NOW)
    stated = [{"action_source": source, **each} for each in recent]
    assert len(outcomes_of(TO_SNAPCHAT, snapchat, stated)) == len(snapchat.events)


@given(given_events=events, clicks=st.booleans())
def test_data_manager_takes_all_that_we_send(
    given_events: list[dict[str, Any]], clicks: bool
) -> None:
    vendor = GoogleDataManager()
    clicked = {"click_ids": {"gclid": "g-1"}} if clicks else {}
    for request in sent(TO_DATA_MANAGER, [{**each, **clicked} for each in given_events]):
        path = urlsplit(request.url).path
        answer = vendor.answer(request.method, path, "", request.body)
        response = Response(answer.status, answer.headers, answer.body)
        outcomes = list(TO_DATA_MANAGER.outcomes(request, response))
        assert [each.result for each in outcomes] == ["submitted"] * len(request.events), outcomes


def ads_conversion() -> dict[str, Any]:
    return {
        "eventTimestamp": "2026-11-21T00:00:00.000Z",
        "eventSource": "WEB",
        "transactionId": "o-1",
        "conversionValue": 9.9,
        "currency": "EUR",
        "userData": {"userIdentifiers": [{"emailAddress": DIGEST}]},
        "cartData": {"items": [{"itemId": "A1", "quantity": 1, "unitPrice": 9.9}]},
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(eventTimestamp=1795219200),
        lambda e: e.update(eventSource="SHOP"),
        lambda e: e.update(colour="red"),
        lambda e: e.update(conversionValue=-1),
        lambda e: e.update(conversionValue="9.9"),
        lambda e: e.update(currency="Euro"),
        lambda e: e.pop("userData"),
        lambda e: e["userData"].update(userIdentifiers=[{"emailAddress": "ada@example.com"}]),
        lambda e: e["userData"].update(userIdentifiers=[{"emailAddress": DIGEST.upper()}]),
        lambda e: e["userData"].update(userIdentifiers=[{"phoneNumber": DIGEST}] * 11),
        lambda e: e["userData"].update(userIdentifiers=[{"address": {"givenName": DIGEST}}]),
        lambda e: e["cartData"]["items"][0].update(quantity=1.5),
        lambda e: e.update(consent={"adUserData": "granted"}),
        lambda e: e.update(adIdentifiers={"fbclid": "f"}),
    ],
)
def test_data_manager_refuses_the_request_for_one_event(change: Change) -> None:
    bad = ads_conversion()
    change(bad)
    vendor = GoogleDataManager()
    account = {"accountType": "GOOGLE_ADS", "accountId": "1"}
    destination = {"operatingAccount": account, "productDestinationId": "987"}
    body = {"destinations": [destination], "encoding": "HEX", "events": [ads_conversion(), bad]}
    answer = vendor.answer("POST", "/v1/events:ingest", "", json.dumps(body).encode())
    details = json.loads(answer.body)["error"]["details"]
    assert answer.status == 400
    assert all(each["field"].startswith("events[1]") for each in details[1]["fieldViolations"])
    assert vendor.conversions == {}


def purchase() -> dict[str, Any]:
    return {
        "event_name": "Purchase",
        "event_time": int(NOW) - 60,
        "event_id": "o-1",
        "action_source": "website",
        "user_data": {"em": [DIGEST], "client_ip_address": "203.0.113.7"},
        "custom_data": {"value": 9.9, "currency": "EUR", "own": {"any": ["thing"]}},
    }


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
    ga4.answer("POST", "/g/collect", "v=2&tid=G-1", b"en=page_view")
    assert len(ga4.events) == 2
    assert [each.fieldPath for each in ga4.lost] == ["en", "cid"]


ORDER: dict[str, Any] = {
    "event": "Purchase",
    "event_time": int(NOW) - 60,
    "event_id": "o-1",
    "user": {"email": [DIGEST], "first_name": DIGEST, "city": "berlin"},
    "page": {"url": "https://shop.example/"},
    "properties": {"value": 9.9, "currency": "EUR", "contents": [{"content_id": "1"}]},
}


def to_tiktok(tiktok: TikTok, token: str = "t", **changes: Any) -> dict[str, Any]:
    request = {"event_source": "web", "event_source_id": "1", "data": [ORDER], **changes}
    answer = tiktok.answer("POST", PATH, {"access-token": token}, json.dumps(request).encode())
    assert answer.status == 200
    said: dict[str, Any] = json.loads(answer.body)
    return said


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda e: e.pop("event"), "event"),
        (lambda e: e.update(event_id=1), "event_id"),
        (lambda e: e.update(event_time=int(NOW) - 8 * 86_400), "event_time"),
        (lambda e: e.update(event_time=int(NOW * 1000)), "event_time"),
        (lambda e: e.update(timestamp="2026-11-21T00:00:00Z"), "timestamp"),
        (lambda e: e["user"].update(email=["ada@example.com"]), "user.email"),
        (lambda e: e["user"].update(first_name=[DIGEST]), "user.first_name"),
        (lambda e: e["user"].update(city="New York"), "user.city"),
        (lambda e: e.update(page={"referrer": "https://a.example/"}), "page.url"),
        (lambda e: e.update(lead={"lead_id": "1"}), "lead"),
        (lambda e: e["properties"].update(value="9.9"), "properties.value"),
        (lambda e: e["properties"].update(value=-1), "properties.value"),
        (lambda e: e["properties"].update(contents=[{"content_id": 7}]), "properties.contents"),
        (lambda e: e["properties"].update(query="x"), "properties.query"),
    ],
)
def test_tiktok_refuses_the_request_for_one_event_and_names_it(change: Change, path: str) -> None:
    bad = copy.deepcopy(ORDER)
    change(bad)
    tiktok = TikTok(now=lambda: NOW)
    said = to_tiktok(tiktok, data=[ORDER, bad])
    assert said["code"] in (40002, 40062)
    assert said["message"].startswith(f"Batch.1.{path}:")
    assert tiktok.events == []


@pytest.mark.parametrize(
    ("changes", "token", "code"),
    [
        ({}, "t", 0),
        ({}, "", 40104),
        ({}, "other", 40105),
        ({"data": []}, "t", 40002),
        ({"data": [ORDER] * 1001}, "t", 40061),
        ({"event_source": "shop"}, "t", 40002),
        ({"pixel_code": "1"}, "t", 40002),
        ({"event_source": "app"}, "t", 40002),
    ],
)
def test_tiktok_refuses_requests(changes: dict[str, Any], token: str, code: int) -> None:
    assert to_tiktok(TikTok(token="t", now=lambda: NOW), token, **changes)["code"] == code


def test_tiktok_throttles() -> None:
    assert to_tiktok(TikTok(throttled=True, now=lambda: NOW))["code"] == 40100


SNAP: dict[str, Any] = {
    "event_name": "PURCHASE",
    "event_time": int(NOW) - 60,
    "event_id": "o-1",
    "action_source": "WEB",
    "user_data": {"em": [DIGEST]},
    "custom_data": {"value": 9.9, "currency": "EUR", "contents": [{"id": "1", "quantity": "1"}]},
}


def to_snapchat(
    snapchat: Snapchat, data: Any, path: str = "/v3/1/events", token: str = "t"
) -> tuple[int, dict[str, Any]]:
    headers = {"authorization": f"Bearer {token}"}
    answer = snapchat.answer("POST", path, headers, json.dumps({"data": data}).encode())
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda e: e.pop("event_name"), "event_name"),
        (lambda e: e.update(event_name="purchase"), "event_name"),
        (lambda e: e.update(event_time=int(NOW) - 38 * 86_400), "event_time"),
        (lambda e: e.update(action_source="web"), "action_source"),
        (lambda e: e.update(pixel_id="1"), "pixel_id"),
        (lambda e: e.update(user_data={"em": DIGEST}), "user_data.em"),
        (lambda e: e.update(user_data={"client_user_agent": "UA"}), "user_data"),
        (lambda e: e["user_data"].update(hashed_email=DIGEST), "user_data.hashed_email"),
        (lambda e: e["custom_data"].update(value=-1), "custom_data.value"),
        (lambda e: e["custom_data"].update(contents=[{"quantity": "1"}]), "custom_data.contents"),
        (lambda e: e.update(action_source="MOBILE_APP"), "app_data.extinfo"),
        (lambda e: e.update(data_processing_options=["LDU"]), "data_processing_options"),
    ],
)
def test_snapchat_refuses_the_request_for_one_event_and_names_it(change: Change, path: str) -> None:
    bad = copy.deepcopy(SNAP)
    change(bad)
    snapchat = Snapchat(now=lambda: NOW)
    status, said = to_snapchat(snapchat, [SNAP, bad])
    assert (status, said["status"], said["event"]) == (400, "INVALID", 1)
    assert said["errors"]["error_msgs"] == [f"{path} is invalid"]

    _, validated = to_snapchat(snapchat, [SNAP, bad], "/v3/1/events/validate")
    assert [log["event"] for log in validated["event_logs"]] == [1]
    assert snapchat.events == []


@pytest.mark.parametrize(
    ("data", "path", "token", "status"),
    [
        ([SNAP], "/v3/1/events", "t", 200),
        ([SNAP], "/v3/conversion", "t", 404),
        ([SNAP], "/v3/1/events", "other", 401),
        ([], "/v3/1/events", "t", 400),
        ([SNAP] * 2001, "/v3/1/events", "t", 400),
    ],
)
def test_snapchat_refuses_requests(data: Any, path: str, token: str, status: int) -> None:
    snapchat = Snapchat(token="t", now=lambda: NOW)
    assert to_snapchat(snapchat, data, path, token)[0] == status


def test_snapchat_throttles() -> None:
    assert to_snapchat(Snapchat(throttled=True, now=lambda: NOW), [SNAP])[0] == 429


BEARER = {"authorization": "Bearer t"}


def checkout() -> dict[str, Any]:
    return {
        "event_name": "checkout",
        "event_time": int(NOW) - 60,
        "event_id": "o-1",
        "action_source": "web",
        "user_data": {"em": [DIGEST]},
        "custom_data": {"value": "9.90", "currency": "EUR", "contents": [{"id": "A"}]},
    }


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda e: None, 200),
        (lambda e: e.pop("event_id"), 400),
        (lambda e: e.update(colour="red"), 400),
        (lambda e: e.update(action_source="website"), 400),
        (lambda e: e.update(partner_name="shop"), 400),
        (lambda e: e["custom_data"].update(value=9.9), 400),
        (lambda e: e["custom_data"]["contents"][0].update(item_price=9.9), 400),
        (lambda e: e["custom_data"]["contents"][0].update(quantity="1"), 400),
        (lambda e: e["custom_data"].update(own="thing"), 400),
        (lambda e: e["user_data"].update(em=DIGEST), 400),
        (lambda e: e["user_data"].update(em=["ada@example.com"]), 400),
        (lambda e: e.update(user_data={"ph": [DIGEST]}), 422),
        (lambda e: e.update(event_time=int(NOW) - 30 * 86_400), 422),
        (lambda e: e.update(event_time=int(NOW * 1000)), 422),
    ],
)
def test_pinterest_refuses_what_the_real_one_refuses(change: Change, status: int) -> None:
    event = checkout()
    change(event)
    pinterest = Pinterest(now=lambda: NOW)
    body = json.dumps({"data": [event]}).encode()
    assert pinterest.answer("POST", "/v5/ad_accounts/1/events", BEARER, body).status == status
    assert len(pinterest.events) == (status == 200)


def conversion() -> dict[str, Any]:
    return {
        "event_at": int(NOW * 1000) - 60_000,
        "action_source": "WEBSITE",
        "type": {"tracking_type": "PURCHASE"},
        "user": {"email": DIGEST},
        "metadata": {"conversion_id": "o-1", "value": 9.9, "currency": "EUR"},
    }


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda e: None, 200),
        (lambda e: e.update(event_at=int(NOW)), 200),
        (lambda e: e.update(event_at=int(NOW * 1000) - 8 * 86_400_000), 400),
        (lambda e: e.update(event_at="2026-11-21T00:00:00Z"), 400),
        (lambda e: e.update(action_source="website"), 400),
        (lambda e: e.update(type={"tracking_type": "Purchase"}), 400),
        (lambda e: e.update(type={"tracking_type": "CUSTOM"}), 400),
        (lambda e: e["type"].update(custom_event_name="x"), 400),
        (lambda e: e["metadata"].update(value=-1), 400),
        (lambda e: e["metadata"].update(value="9.9"), 400),
        (lambda e: e["metadata"].update(products=[{"name": "Cup"}]), 400),
        (lambda e: e["user"].update(email="ada@example.com"), 400),
        (lambda e: e["user"].update(data_processing_options={"modes": ["LDU"]}), 400),
        (lambda e: e.update(user={"user_agent": "UA"}), 400),
    ],
)
def test_reddit_refuses_what_the_real_one_refuses(change: Change, status: int) -> None:
    event = conversion()
    change(event)
    reddit = Reddit(now=lambda: NOW)
    body = json.dumps({"data": {"events": [event]}}).encode()
    path = "/api/v3/pixels/t2_1/conversion_events"
    assert reddit.answer("POST", path, BEARER, body).status == status
    assert len(reddit.events) == (status == 200)
