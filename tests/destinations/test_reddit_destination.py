"""Reddit's Conversions API: translation of events, refusals, and the meaning of responses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import DELIVERED, Outcome, Request, Response, Unsendable
from destinations.reddit import Reddit, RedditSettings
from destinations.reddit.built_in import EVENTS
from destinations.reddit.person import email
from destinations.remarks import collect_remarks
from gateway.event import Event, read_event
from tests.support.digests import digest
from tests.vendors.reddit import Reddit as Vendor

HAPPENED = 1795219200.25
NOW = 1795219260.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
UUID = "9f0f3a52-7c1e-4c52-9f43-2a4b8f1e7d10"
ADVERTISING_ID = "EA7583CD-a667-48BC-B806-42ECB2B48606"


def reddit(**settings: Any) -> Reddit:
    return Reddit(
        RedditSettings.model_validate({"pixel_id": "t2_x", "access_token": "T", **settings})
    )


def event(name: str = "purchase", **fields: Any) -> Event:
    known = {"event_id": "e-1", "user_id": "u-7", "timestamp": HAPPENED}
    return read_event({"event_name": name, **known, **fields})


def request_of(*events: Event, **settings: Any) -> Request:
    (request,) = reddit(**settings).requests(events, NOW)
    assert isinstance(request, Request), request
    return request


def sent(one: Event, **settings: Any) -> dict[str, Any]:
    (data,) = orjson.loads(request_of(one, **settings).body)["data"]["events"]
    return data


def refused(one: Event, **settings: Any) -> str:
    (unsendable,) = reddit(**settings).requests([one], NOW)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


def test_the_request_has_the_token_in_a_header_and_milliseconds() -> None:
    request = request_of(event())
    assert request.url == "https://ads-api.reddit.com/api/v3/pixels/t2_x/conversion_events"
    assert request.headers["authorization"] == "Bearer T"
    assert sent(event())["event_at"] == 1795219200250
    assert not request.test


def test_a_test_has_an_id_and_a_request_of_its_own() -> None:
    requests = list(reddit(test_id="t-1").requests([event()] * 3, NOW))
    assert [each.events for each in requests if isinstance(each, Request)] == [(0,), (1,), (2,)]
    for each in requests:
        assert isinstance(each, Request)
        assert each.test
        assert orjson.loads(each.body)["data"]["test_id"] == "t-1"


@pytest.mark.parametrize(("name", "theirs"), EVENTS.items())
def test_names(name: str, theirs: str) -> None:
    assert sent(event(name))["type"] == {"tracking_type": theirs}


@pytest.mark.parametrize(
    ("name", "mapping", "theirs"),
    [
        ("login", {}, "login"),
        ("begin_checkout", {}, "begin_checkout"),
        ("login", {"login": "Login"}, "Login"),
        ("login", {"login": "CUSTOM"}, "login"),
        ("n" * 70, {}, "n" * 64),
    ],
)
def test_custom_names(name: str, mapping: dict[str, str], theirs: str) -> None:
    found = sent(event(name), mapping={"events": mapping})["type"]
    assert found == {"tracking_type": "CUSTOM", "custom_event_name": theirs}


def test_a_mapping_makes_a_standard_event() -> None:
    mapping = {"events": {"begin_checkout": "LEAD"}}
    assert sent(event("begin_checkout"), mapping=mapping)["type"] == {"tracking_type": "LEAD"}


ITEMS = [
    {"item_id": "A1", "item_name": "Cup", "item_category": "Home", "price": 29.95, "quantity": 2},
    {"item_name": "Plate", "price": 10},
]
PRODUCTS = [{"id": "A1", "name": "Cup", "category": "Home"}, {"id": "Plate", "name": "Plate"}]
WORTH = {"value": 69.9, "currency": "EUR"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("purchase", {**WORTH, "item_count": 3, "products": PRODUCTS}),
        ("login", {**WORTH, "item_count": 3, "products": PRODUCTS}),
        ("generate_lead", {**WORTH, "products": PRODUCTS}),
        ("view_item", {"products": PRODUCTS}),
    ],
)
def test_metadata(name: str, expected: dict[str, Any]) -> None:
    found = sent(event(name, currency="EUR", items=ITEMS))["metadata"]
    assert found == {"conversion_id": "e-1", **expected}


def test_without_a_quantity_there_is_no_count() -> None:
    found = sent(event(items=[{"item_id": "A1", "quantity": 0}]))["metadata"]
    assert found == {"conversion_id": "e-1", "products": [{"id": "A1"}]}


@pytest.mark.parametrize(
    ("choice", "fields", "expected"),
    [
        ("transaction_id", {"transaction_id": "o-1"}, "o-1"),
        ("transaction_id", {}, "e-1"),
        ("event_id", {"transaction_id": "o-1"}, "e-1"),
        ("event_id", {"transaction_id": "o-1", "event_id": ""}, "o-1"),
    ],
)
def test_the_conversion_id_is_that_of_the_pixel(
    choice: str, fields: dict[str, str], expected: str
) -> None:
    found = sent(event(**fields), conversion_id=choice)
    assert found["metadata"]["conversion_id"] == expected


def test_what_has_no_conversion_id_is_not_recognised() -> None:
    destination = reddit()
    assert destination.recognises(event(), 47 * 3600)
    assert not destination.recognises(event(), 49 * 3600)
    assert not destination.recognises({"event_name": "x"}, 60)


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"page_location": "https://s.example/"}, "WEBSITE"),
        ({"action_source": "app"}, "APP"),
        ({"action_source": "physical_store"}, "PHYSICAL_STORE"),
        ({"action_source": "email"}, "OTHER"),
        ({}, "APP"),
    ],
)
def test_action_source(fields: dict[str, Any], source: str) -> None:
    assert sent(event(**fields), action_source="APP")["action_source"] == source


def test_a_person() -> None:
    found = sent(
        event(
            user_id=" U 1 ",
            client_id="1.2",
            ip_override="203.0.113.7",
            user_agent=AGENT,
            screen_resolution="1920x1080",
            click_ids={"rdt_cid": "r-1"},
            _rdt_uuid=f"1795200000000.{UUID}",
            device={"operating_system": "iOS"},
            user_data={
                "email_address": ["Al.ice$+Apple@Example.Com", "b@example.com"],
                "phone_number": "+1 (650) 555-1212",
                "madid": ADVERTISING_ID,
                "gaid": ADVERTISING_ID,
            },
        )
    )
    assert found["click_id"] == "r-1"
    assert found["user"] == {
        "email": digest("alice@example.com"),
        "phone_number": digest("+16505551212"),
        "external_id": digest("U 1"),
        "idfa": digest(ADVERTISING_ID.upper()),
        "aaid": digest(ADVERTISING_ID.lower()),
        "ip_address": "203.0.113.7",
        "user_agent": AGENT,
        "uuid": UUID,
        "screen_dimensions": {"width": 1920, "height": 1080},
    }


def test_an_address_in_clear_counts_before_a_hash_in_a_form_that_is_not_reddits() -> None:
    person = {
        "email_address": "Jane.Doe@example.com",
        "sha256_email_address": digest("jane.doe@example.com"),
    }
    assert sent(event(user_data=person))["user"]["email"] == digest("janedoe@example.com")
    del person["email_address"]
    assert sent(event(user_data=person))["user"]["email"] == digest("jane.doe@example.com")


@pytest.mark.parametrize("size", ["0x10", "99999x10", "1920", "", "x"])
def test_a_screen_that_cannot_be(size: str) -> None:
    assert "screen_dimensions" not in sent(event(screen_resolution=size))["user"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Al.ice$+Apple@Example.Com", "alice@example.com"),
        ("o'neil_1@example.co.uk", "oneil1@example.co.uk"),
        ("+news@example.com", ""),
        ("no address", ""),
    ],
)
def test_an_email_address(text: str, expected: str) -> None:
    assert email(text) == expected


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ({"country": "US", "region": "CA"}, {"country": "US", "region": "US-CA"}),
        ({"country": "US", "region": "US-TX"}, {"country": "US", "region": "US-TX"}),
        ({"country": "Germany", "region": "BY"}, {"country": "DE"}),
        ({}, {"country": "US"}),
    ],
)
@pytest.mark.parametrize(
    "fields",
    [
        {"consent": {"ad_personalization": "denied"}},
        {"consent": {"ad_user_data": "denied"}},
        {"opt_out": True},
        {"data_processing_options": ["LDU"]},
    ],
)
def test_a_refusal_is_told(
    fields: dict[str, Any], location: dict[str, str], place: dict[str, str]
) -> None:
    raw = event(event_location=location, **fields)
    options = sent(raw, mapping={"fields": {"user.data_processing_options": None}})["user"]
    assert options["data_processing_options"] == {"modes": ["LDU"], **place}


def test_without_a_refusal_nothing_is_limited() -> None:
    granted = {"ad_personalization": "granted", "ad_user_data": "granted"}
    assert "data_processing_options" not in sent(event(consent=granted))["user"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (event("refund", value=5), "does not support refunds"),
        (event(value=-5), "value is negative"),
        (event(user_id=""), "no usable customer information"),
        (event(user_id="", user_agent=AGENT), "no usable customer information"),
        (event(user_id="", click_ids={"rdt_cid": "null"}), "no usable customer information"),
    ],
)
def test_what_is_refused_on_arrival_and_later(raw: Event, reason: str) -> None:
    assert reason in reddit().unsendable(raw)
    assert reason in refused(raw)


@pytest.mark.parametrize(
    "fields",
    [
        {"click_ids": {"rdt_cid": "r-1"}},
        {"page_location": "https://s.example/?rdt_cid=r-1"},
        {"_rdt_uuid": UUID},
        {"client_id": "1.2"},
        {"user_data": {"phone_number": "+1 650 555 1212"}},
        {"user_data": {"idfa": ADVERTISING_ID}},
        {"ip_override": "203.0.113.7", "user_agent": AGENT},
    ],
)
def test_one_identifier_is_enough(fields: dict[str, Any]) -> None:
    raw = event(user_id="", **fields)
    assert reddit().unsendable(raw) == ""
    assert sent(raw)


@pytest.mark.parametrize(
    ("mapping", "raw", "reason"),
    [
        ({"metadata.value": "12"}, event(), "metadata.value is not a number"),
        ({"metadata.value": {"field": "margin"}}, event("login", margin=-1), "value is negative"),
        ({"user": "nobody"}, event(), "no usable customer information"),
    ],
)
def test_what_a_mapping_can_mend_is_refused_later(
    mapping: dict[str, Any], raw: Event, reason: str
) -> None:
    destination = {"mapping": {"fields": mapping}}
    assert reddit(**destination).unsendable(raw) == ""
    assert reason in refused(raw, **destination)


def test_a_mapped_email_address_is_hashed_in_reddits_form() -> None:
    mapping = {"fields": {"user.email": {"field": "user_data.work"}}}
    raw = event(user_data={"work": "Al.ice+x@Example.com"})
    assert sent(raw, mapping=mapping)["user"]["email"] == digest("alice@example.com")


def test_a_smaller_cart_has_no_negative_value() -> None:
    with collect_remarks() as remarks:
        assert sent(event("remove_from_cart", value=-5))["metadata"] == {"conversion_id": "e-1"}
    assert remarks == ["value: removed because it is negative"]


@pytest.mark.parametrize(
    "settings", [{"pixel_id": "123"}, {"pixel_id": "t2_a/b"}, {"test_id": ""}, {"test_id": 'a"b'}]
)
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        reddit(**settings)


def error(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def processed(count: int) -> dict[str, Any]:
    return {"data": {"message": f"Successfully processed {count} conversion events."}}


STRANGER = "the answer is not from Reddit's API"


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, processed(2), DELIVERED),
        (200, {"data": {}}, DELIVERED),
        (200, processed(1), Outcome("rejected", "Reddit processed 1 of 2 events", "request")),
        (400, error(400, "bad"), Outcome("rejected", "HTTP 400: bad", "request")),
        (
            401,
            error(401, "no token"),
            Outcome(
                "retry",
                "access_token is wrong or was deleted; set a new one: no token",
                "configuration",
            ),
        ),
        (
            403,
            error(403, "no"),
            Outcome("retry", "access_token may not send events to pixel_id: no", "configuration"),
        ),
        (
            404,
            error(404, "no"),
            Outcome("retry", "pixel_id or base_url is wrong: no", "configuration"),
        ),
        (429, error(429, "slow"), Outcome("retry", "HTTP 429: slow", "destination", 1.0)),
        (500, error(500, "down"), Outcome("retry", "HTTP 500: down", "destination")),
        (200, error(400, "bad"), Outcome("rejected", "HTTP 400: bad", "request")),
        (200, {"data": {}, "error": {}}, DELIVERED),
        (200, {"error": {}}, Outcome("retry", 'HTTP 200: {"error":{}}', "destination")),
        (502, b"<html>", Outcome("retry", f"HTTP 502: {STRANGER}: <html>", "destination")),
        (200, b"<html>", Outcome("retry", f"HTTP 200, {STRANGER}: <html>", "destination")),
    ],
)
def test_answers(status: int, answer: Any, expected: Outcome) -> None:
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    request = request_of(event(), event())
    outcomes = list(reddit().outcomes(request, Response(status, {}, body)))
    assert outcomes == [expected] * 2


def test_a_strict_vendor_refuses_a_batch_with_one_old_event() -> None:
    vendor = Vendor(token="T", now=lambda: NOW)
    good, old = event(), event(timestamp=NOW - 30 * 86_400)
    for events, result in (([good, old], "rejected"), ([good, good], "delivered")):
        request = request_of(*events)
        path = urlsplit(request.url).path
        answer = vendor.answer("POST", path, request.headers, request.body)
        response = Response(answer.status, answer.headers, answer.body)
        assert [each.result for each in reddit().outcomes(request, response)] == [result] * 2
    assert [each["type"]["tracking_type"] for each in vendor.events] == ["PURCHASE"] * 2


def test_a_wrong_token_loses_nothing() -> None:
    request = request_of(event())
    path = urlsplit(request.url).path
    answer = Vendor(token="other").answer("POST", path, request.headers, request.body)
    response = Response(answer.status, answer.headers, answer.body)
    (outcome,) = reddit().outcomes(request, response)
    assert (outcome.result, outcome.scope) == ("retry", "configuration")
