"""OpenAI's Conversions API: translation of events, refusals, and the meaning of responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import DELIVERED, Outcome, Request, Response, Unsendable
from destinations.openai_ads import OpenAIAds, OpenAIAdsSettings
from destinations.openai_ads.built_in import DATA_TYPES, EVENTS
from destinations.openai_ads.person import external_id, name, place, postal_code
from destinations.remarks import collect_remarks
from gateway.event import Event, read_event
from tests.support.digests import digest
from tests.vendors.openai_ads import OpenAIAds as Vendor

HAPPENED = 1795219200.25
NOW = 1795219260.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
PAGE = "https://s.example/thanks"
DEVICE = "38400000-8CF0-11BD-B23E-10B96E40000D"


def openai(**settings: Any) -> OpenAIAds:
    given = {"pixel_id": "px_1", "api_key": "K", **settings}
    return OpenAIAds(OpenAIAdsSettings.model_validate(given))


def event(event_name: str = "purchase", **fields: Any) -> Event:
    known = {"event_id": "e-1", "user_id": "u-7", "timestamp": HAPPENED, "page_location": PAGE}
    return read_event({"event_name": event_name, **known, **fields})


def request_of(*events: Event, **settings: Any) -> Request:
    (request,) = openai(**settings).requests(events, NOW)
    assert isinstance(request, Request), request
    return request


def sent(one: Event, **settings: Any) -> dict[str, Any]:
    (data,) = orjson.loads(request_of(one, **settings).body)["events"]
    return data


def refused(one: Event, **settings: Any) -> str:
    (unsendable,) = openai(**settings).requests([one], NOW)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


def test_the_request_has_the_key_in_a_header_and_milliseconds() -> None:
    request = request_of(event())
    assert request.url == "https://bzr.openai.com/v1/events?pid=px_1"
    assert request.headers["authorization"] == "Bearer K"
    assert sent(event())["timestamp_ms"] == 1795219200250
    assert not request.test


def test_with_validate_only_a_request_is_a_test() -> None:
    request = request_of(event(), validate_only=True)
    assert request.test
    assert orjson.loads(request.body)["validate_only"] is True


@pytest.mark.parametrize(("ours", "theirs"), EVENTS.items())
def test_names(ours: str, theirs: str) -> None:
    found = sent(event(ours))
    assert found["type"] == theirs
    assert found["data"]["type"] == DATA_TYPES[theirs]
    assert "custom_event_name" not in found


@pytest.mark.parametrize(
    ("ours", "mapping", "theirs"),
    [
        ("login", {}, "login"),
        ("quiz.finished", {}, "quiz_finished"),
        ("_Quiz Finished!", {}, "quiz_finished"),
        ("login", {"login": "Log-In"}, "log-in"),
        ("login", {"login": "custom"}, "login"),
        ("n" * 70, {}, "n" * 64),
        ("n" * 63 + "-x", {}, "n" * 63),
    ],
)
def test_custom_names(ours: str, mapping: dict[str, str], theirs: str) -> None:
    found = sent(event(ours), mapping={"events": mapping})
    assert (found["type"], found["custom_event_name"]) == ("custom", theirs)
    assert found["data"]["type"] == "custom"


@pytest.mark.parametrize("ours", ["order_created", "Order_Created", "order created"])
def test_a_custom_event_has_no_standard_name(ours: str) -> None:
    assert sent(event(ours))["type"] == "order_created"


ITEMS = [
    {"item_id": "A1", "item_name": "Cup", "price": 29.95, "quantity": 2},
    {"item_name": "Plate", "price": 10, "currency": "USD"},
]
CONTENTS = [
    {"id": "A1", "content_type": "product", "name": "Cup", "quantity": 2, "amount": 2995},
    {
        "id": "Plate",
        "content_type": "product",
        "name": "Plate",
        "quantity": 1,
        "amount": 1000,
        "currency": "USD",
    },
]


@pytest.mark.parametrize(
    ("ours", "has_contents"),
    [("purchase", True), ("subscribe", True), ("login", True), ("generate_lead", False)],
)
def test_data(ours: str, has_contents: bool) -> None:
    found = sent(event(ours, currency="EUR", value=59.9, items=ITEMS))["data"]
    contents = {"contents": CONTENTS} if has_contents else {}
    assert found == {"type": found["type"], "amount": 5990, "currency": "EUR", **contents}


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        (59.9, "EUR", 5990),
        (19.99, "usd", 1999),
        (1.005, "EUR", 100),
        (500, "JPY", 500),
        (1.234, "KWD", 1234),
        (0, "EUR", 0),
    ],
)
def test_amounts_are_in_the_smallest_unit(value: float, currency: str, amount: int) -> None:
    data = sent(event(value=value, currency=currency))["data"]
    assert (data["amount"], data["currency"]) == (amount, currency.upper())


@pytest.mark.parametrize(
    ("ours", "fields", "remark"),
    [
        ("purchase", {"value": 5}, "value: removed because OpenAI takes none without a currency"),
        ("login", {"value": -5, "currency": "EUR"}, "value: removed because it is negative"),
        ("purchase", {"value": 9e15, "currency": "EUR"}, "value: removed because it is too large"),
    ],
)
def test_a_value_that_cannot_be_told_is_left_out(
    ours: str, fields: dict[str, Any], remark: str
) -> None:
    with collect_remarks() as remarks:
        data = sent(event(ours, **fields))["data"]
    assert data.keys() == {"type"}
    assert remarks == [remark]


def test_prices_in_another_currency_make_no_amount() -> None:
    data = sent(event(currency="EUR", items=ITEMS))["data"]
    assert data == {"type": "contents", "contents": CONTENTS}


@pytest.mark.parametrize(
    ("item", "content"),
    [
        ({"price": -1}, {"quantity": 1}),
        ({"quantity": 0.5, "price": 2}, {"amount": 200}),
        ({"quantity": 0}, {}),
    ],
)
def test_what_does_not_fit_is_left_out_of_an_item(
    item: dict[str, Any], content: dict[str, Any]
) -> None:
    data = sent(event(value=1, currency="EUR", items=[{"item_id": "A", **item}]))["data"]
    assert data["contents"] == [{"id": "A", "content_type": "product", **content}]


@pytest.mark.parametrize(
    ("ours", "fields", "source"),
    [
        ("purchase", {}, "web"),
        ("purchase", {"action_source": "app"}, "mobile_app"),
        ("purchase", {"action_source": "phone_call"}, "phone_call"),
        ("purchase", {"action_source": "physical_store"}, "physical_store"),
        ("purchase", {"action_source": "chat"}, "other"),
        ("purchase", {"page_location": ""}, "email"),
        ("app_installed", {}, "mobile_app"),
    ],
)
def test_action_source(ours: str, fields: dict[str, Any], source: str) -> None:
    assert sent(event(ours, **fields), action_source="email")["action_source"] == source


@pytest.mark.parametrize("page", ["", "/thanks", "https:///thanks"])
def test_an_event_of_the_web_without_an_address_is_one_of_elsewhere(page: str) -> None:
    with collect_remarks() as remarks:
        found = sent(event(page_location=page))
    assert found["action_source"] == "other"
    assert "source_url" not in found
    assert any(each.startswith("action_source: other") for each in remarks)


def test_a_person() -> None:
    found = sent(
        event(
            user_id=" U 1 ",
            ip_override="203.0.113.7",
            user_agent=AGENT,
            click_ids={"oppref": "op+1/="},
            obref="123e4567-e89b-42d3-a456-426614174000",
            user_data={
                "email_address": [" Jane@Example.com", "b@example.com"],
                "phone_number": "+1 (415) 555-2671",
                "gaid": DEVICE,
                "address": {
                    "first_name": "Mary Jane",
                    "last_name": "O'Connor",
                    "city": " San Francisco ",
                    "region": "California",
                    "postal_code": "94107",
                    "country": "USA",
                },
            },
        )
    )
    assert found["oppref"] == "op+1/="
    assert found["user"] == {
        "emails_sha256": [digest("jane@example.com"), digest("b@example.com")],
        "phone_numbers_sha256": [
            "758fbf68945f21c416814c539ab578876c8d98fb69e6da692def92cd52417fe0"
        ],
        "external_ids_sha256": [digest("U 1")],
        "first_names_sha256": [digest("maryjane")],
        "last_names_sha256": [digest("oconnor")],
        "regions": ["California"],
        "postal_codes": ["94107"],
        "cities": ["San Francisco"],
        "countries": ["US"],
        "android_advertising_id": DEVICE.lower(),
        "obref": "123e4567-e89b-42d3-a456-426614174000",
        "ip_address": "203.0.113.7",
        "user_agent": AGENT,
    }


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (name, "Mary Jane", "maryjane"),
        (name, "O'Connor", "oconnor"),
        (name, "José", "josé"),
        (name, "Jean\u00a0Luc", "jeanluc"),
        (name, "-", ""),
        (external_id, " Ab 1 ", "Ab 1"),
        (place, " Łódź ", "Łódź"),
        (place, "x" * 200, "x" * 128),
        (place, digest("rome"), ""),
        (postal_code, " SW1A 1AA ", "SW1A 1AA"),
        (postal_code, "〒100", ""),
        (postal_code, "1" * 33, ""),
    ],
)
def test_normalisation(form: Callable[[str], str], text: str, expected: str) -> None:
    assert form(text) == expected


@pytest.mark.parametrize(
    ("person", "system", "expected"),
    [
        ({"madid": DEVICE}, "Android", DEVICE.lower()),
        ({"madid": DEVICE}, "iOS", None),
        ({"idfa": DEVICE}, "iOS", None),
        ({"aaid": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, "Android", None),
        ({"gaid": 7}, "Android", None),
    ],
)
def test_advertising_ids_of_android_alone(
    person: dict[str, Any], system: str, expected: str | None
) -> None:
    found = sent(event(user_data=person, device={"operating_system": system}))["user"]
    assert found.get("android_advertising_id") == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"consent": {"ad_personalization": "denied"}},
        {"consent": {"ad_user_data": "denied"}},
        {"opt_out": True},
        {"opt_out": "yes"},
        {"data_processing_options": ["LDU"]},
    ],
)
def test_a_refusal_is_told(fields: dict[str, Any]) -> None:
    assert sent(event(**fields))["opt_out"] is True


@pytest.mark.parametrize(
    "fields", [{}, {"opt_out": False}, {"consent": {"ad_personalization": "granted"}}]
)
def test_without_a_refusal_there_is_no_opt_out(fields: dict[str, Any]) -> None:
    assert "opt_out" not in sent(event(**fields))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (event("refund", value=5), "does not support refunds"),
        (event(value=-5), "value is negative"),
        (event("Order Created", value=-5), "value is negative"),
        (event(user_id=""), "no usable customer information"),
        (event(user_id="", user_agent=AGENT), "no usable customer information"),
        (event(user_id="", click_ids={"oppref": "null"}), "no usable customer information"),
    ],
)
def test_what_is_refused_on_arrival_and_later(raw: Event, reason: str) -> None:
    assert reason in openai().unsendable(raw)
    assert reason in refused(raw)


@pytest.mark.parametrize(
    ("mapping", "raw", "reason"),
    [
        ({}, event(event_id=""), "event_id is missing"),
        ({}, event("登録"), "event_name has no letter"),
        ({"data.amount": 12.5, "data.currency": "EUR"}, event(), "data.amount is not a whole"),
        ({"data.amount": 12}, event(), "data.amount is not a whole"),
        (
            {"data.amount": {"field": "margin"}, "data.currency": "EUR"},
            event(margin=-1),
            "negative",
        ),
        ({"data": "x"}, event(), "data is not an object"),
        ({"user": "nobody"}, event(), "no usable customer information"),
        ({}, event(items=[{"item_id": "A", "price": -3}]), "value is negative"),
    ],
)
def test_what_an_operator_can_mend_is_refused_later(
    mapping: dict[str, Any], raw: Event, reason: str
) -> None:
    settings = {"mapping": {"fields": mapping}}
    assert openai(**settings).unsendable(raw) == ""
    assert reason in refused(raw, **settings)


@pytest.mark.parametrize(
    "fields",
    [
        {"click_ids": {"oppref": "op-1"}},
        {"page_location": f"{PAGE}?oppref=op-1"},
        {"obref": "ob-1"},
        {"client_id": "1.2"},
        {"user_data": {"phone_number": "+1 650 555 1212"}},
        {"user_data": {"gaid": DEVICE}},
        {"ip_override": "203.0.113.7", "user_agent": AGENT},
    ],
)
def test_one_identifier_is_enough(fields: dict[str, Any]) -> None:
    raw = event(user_id="", **fields)
    assert openai().unsendable(raw) == ""
    assert sent(raw)


def test_the_order_s_id_can_be_that_of_the_event() -> None:
    mapping = {"fields": {"id": {"field": "transaction_id", "as": "text"}}}
    assert sent(event(transaction_id="o-1"), mapping=mapping)["id"] == "o-1"


def test_an_amount_of_a_mapping_is_an_integer() -> None:
    fields = {"data.amount": {"field": "cents"}, "data.currency": "EUR"}
    request = request_of(event(cents=1200.0), mapping={"fields": fields})
    assert b'"amount":1200,' in request.body


def test_mapped_personal_data_has_openais_form() -> None:
    fields = {
        "user.emails_sha256": {"field": "user_data.work"},
        "user.cities": {"field": "user_data.town"},
    }
    raw = event(user_data={"work": " Jane@Example.com", "town": " Rome "})
    user = sent(raw, mapping={"fields": fields})["user"]
    assert user["emails_sha256"] == [digest("jane@example.com")]
    assert user["cities"] == ["Rome"]


@pytest.mark.parametrize(
    "settings", [{"pixel_id": "a&b=c"}, {"pixel_id": ""}, {"action_source": "tv"}]
)
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        openai(**settings)


def error(message: str) -> dict[str, Any]:
    return {"error": {"message": message}}


STRANGER = "the answer is not from OpenAI's API"


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, {}, DELIVERED),
        (202, b"", DELIVERED),
        (204, b"", DELIVERED),
        (200, {"events_received": 2}, DELIVERED),
        (200, error("later"), Outcome("retry", "HTTP 200: later", "destination")),
        (200, b" <html>", Outcome("retry", f"HTTP 200, {STRANGER}: <html>", "destination")),
        (400, error("bad"), Outcome("rejected", "HTTP 400: bad", "request")),
        (422, {"error": "bad"}, Outcome("rejected", "HTTP 422: bad", "request")),
        (
            401,
            error("no"),
            Outcome("retry", "api_key is wrong or was deleted; set a new one: no", "configuration"),
        ),
        (
            403,
            error("no"),
            Outcome("retry", "api_key may not send events to pixel_id: no", "configuration"),
        ),
        (404, error("no"), Outcome("retry", "pixel_id or base_url is wrong: no", "configuration")),
        (429, error("slow"), Outcome("retry", "HTTP 429: slow", "destination", 1.0)),
        (500, error("down"), Outcome("retry", "HTTP 500: down", "destination")),
        (502, b"<html>", Outcome("retry", "HTTP 502: <html>", "destination")),
    ],
)
def test_answers(status: int, answer: Any, expected: Outcome) -> None:
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    request = request_of(event(), event())
    outcomes = list(openai().outcomes(request, Response(status, {}, body)))
    assert outcomes == [expected] * 2


def answered(vendor: Vendor, request: Request) -> list[Outcome]:
    answer = vendor.answer("POST", urlsplit(request.url).path, request.headers, request.body)
    response = Response(answer.status, answer.headers, answer.body)
    return list(openai().outcomes(request, response))


def test_a_strict_vendor_refuses_a_batch_with_one_old_event() -> None:
    vendor = Vendor(token="K", now=lambda: NOW)
    good, old = event(), event(timestamp=NOW - 30 * 86_400)
    for events, result in (([good, old], "rejected"), ([good, good], "delivered")):
        assert [each.result for each in answered(vendor, request_of(*events))] == [result] * 2
    assert [each["type"] for each in vendor.events] == ["order_created"] * 2


def test_a_test_saves_nothing() -> None:
    vendor = Vendor(now=lambda: NOW)
    assert answered(vendor, request_of(event(), validate_only=True)) == [DELIVERED]
    assert vendor.events == []


def test_a_wrong_key_loses_nothing() -> None:
    (outcome,) = answered(Vendor(token="other"), request_of(event()))
    assert (outcome.result, outcome.scope) == ("retry", "configuration")
