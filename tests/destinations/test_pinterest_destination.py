"""Pinterest's API: translation of events, refusals, and the meaning of responses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import DELIVERED, Outcome, Request, Response, Unsendable
from destinations.pinterest import Pinterest, PinterestSettings
from destinations.pinterest.built_in import EVENTS
from destinations.pinterest.person import gender, postal_digits, state_code
from destinations.remarks import collect_remarks
from gateway.event import Event, read_event
from tests.support.digests import digest
from tests.vendors.pinterest import Pinterest as Vendor

NOW = 1795219260.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
VISITOR = {"event_id": "e-1", "ip_override": "203.0.113.7", "user_agent": AGENT}
IDFA = "EA7583CD-A667-48BC-B806-42ECB2B48606"


def pinterest(**settings: Any) -> Pinterest:
    return Pinterest(
        PinterestSettings.model_validate({"ad_account_id": "549", "access_token": "T", **settings})
    )


def event(name: str = "purchase", **fields: Any) -> Event:
    return read_event({"event_name": name, **VISITOR, **fields})


def request_of(*events: Event, **settings: Any) -> Request:
    (request,) = pinterest(**settings).requests(events, NOW)
    assert isinstance(request, Request), request
    return request


def sent(one: Event, **settings: Any) -> dict[str, Any]:
    (data,) = orjson.loads(request_of(one, **settings).body)["data"]
    return data


def refused(one: Event, **settings: Any) -> str:
    (unsendable,) = pinterest(**settings).requests([one], NOW)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


def test_the_request_has_the_token_in_a_header() -> None:
    request = request_of(event())
    assert request.url == "https://api.pinterest.com/v5/ad_accounts/549/events"
    assert request.headers["authorization"] == "Bearer T"
    assert not request.test


def test_a_test_has_a_parameter_and_twenty_events() -> None:
    requests = list(pinterest(test=True).requests([event()] * 45, NOW))
    assert [len(each.events) for each in requests if isinstance(each, Request)] == [20, 20, 5]
    assert all(
        isinstance(each, Request) and each.test and each.url.endswith("/events?test=true")
        for each in requests
    )


@pytest.mark.parametrize(("name", "theirs"), [*EVENTS.items(), ("login", "custom")])
def test_names(name: str, theirs: str) -> None:
    assert sent(event(name))["event_name"] == theirs


@pytest.mark.parametrize(
    ("fields", "mapping", "theirs"),
    [
        ({"transaction_id": "T-1"}, {}, "checkout"),
        ({}, {}, "custom"),
        ({}, {"events": {"checkout": "checkout"}}, "checkout"),
        ({}, {"events": {"checkout": "initiate_checkout"}}, "initiate_checkout"),
    ],
)
def test_a_checkout_is_a_purchase_if_it_names_an_order(
    fields: dict[str, Any], mapping: dict[str, Any], theirs: str
) -> None:
    assert sent(event("checkout", **fields), mapping=mapping)["event_name"] == theirs


@pytest.mark.parametrize(
    ("mapping", "name"),
    [
        ({"events": {"login": "user_login"}}, "user_login"),
        ({"events": {"login": "login"}}, "login"),
        ({"events": {"subscribe": "custom"}}, "subscribe"),
        ({"events": {"login": None}}, "custom"),
    ],
)
def test_a_mapping_names_events(mapping: dict[str, Any], name: str) -> None:
    raw = "subscribe" if "subscribe" in mapping["events"] else "login"
    theirs = "custom" if raw == "subscribe" else name
    assert sent(event(raw), mapping=mapping)["event_name"] == theirs


def test_amounts_are_texts_and_quantities_integers() -> None:
    items = [
        {"item_id": "A1", "item_name": "Cup", "item_brand": "Fjord", "price": 29.95, "quantity": 2},
        {"item_id": "A2", "item_category": "Home", "price": 5, "quantity": 2.0},
    ]
    found = sent(event(value=69.9, currency="EUR", transaction_id="o-1", items=items))
    assert found["custom_data"] == {
        "value": "69.90",
        "currency": "EUR",
        "order_id": "o-1",
        "num_items": 4,
        "content_ids": ["A1", "A2"],
        "contents": [
            {
                "id": "A1",
                "item_name": "Cup",
                "item_brand": "Fjord",
                "item_price": "29.95",
                "quantity": 2,
            },
            {"id": "A2", "item_category": "Home", "item_price": "5.00", "quantity": 2},
        ],
    }


def test_a_fraction_is_no_quantity() -> None:
    items = [{"item_id": "cheese", "price": 10, "quantity": 1.5}]
    with collect_remarks() as remarks:
        data = sent(event(items=items))["custom_data"]
    assert data["contents"] == [{"id": "cheese", "item_price": "10.00"}]
    assert "num_items" not in data
    assert remarks == ["items: removed a quantity that is not a whole number"]


@pytest.mark.parametrize("value", [0, -0.0, -1e-9])
def test_zero_has_no_sign(value: float) -> None:
    items = [{"item_id": "A", "price": value, "quantity": 0}]
    data = sent(event("add_to_cart", value=abs(value), items=items))["custom_data"]
    assert data == {
        "value": "0.00",
        "content_ids": ["A"],
        "contents": [{"id": "A", "item_price": "0.00"}],
    }


@pytest.mark.parametrize(("value", "text"), [(12, "12.00"), (12.5, "12.50"), ("12.50", "12.50")])
def test_a_value_that_a_mapping_sets_is_a_text(value: object, text: str) -> None:
    mapping = {"fields": {"custom_data.value": {"field": "margin"}}}
    data = sent(event(margin=value), mapping=mapping)["custom_data"]
    assert data["value"] == text


@pytest.mark.parametrize(
    ("fields", "settings", "source"),
    [
        ({"page_location": "https://s.example/"}, {"action_source": "offline"}, "web"),
        ({}, {}, "web"),
        ({}, {"action_source": "offline"}, "offline"),
        ({"action_source": "physical_store"}, {}, "offline"),
        ({"action_source": "app_ios"}, {}, "app_ios"),
        ({"action_source": "app", "device": {"operating_system": "Android"}}, {}, "app_android"),
        ({"app": {"name": "Shop"}, "device": {"operating_system": "iPadOS"}}, {}, "app_ios"),
        ({"app": {"name": "Shop"}, "device": {"operating_system": "Windows"}}, {}, "web"),
        ({"action_source": "app"}, {"action_source": "app_ios"}, "app_ios"),
        ({"action_source": ["web"], "app": 7, "device": "x"}, {}, "web"),
    ],
)
def test_action_source(fields: dict[str, Any], settings: dict[str, Any], source: str) -> None:
    assert sent(event(**fields), **settings)["action_source"] == source


def test_the_app_and_its_device() -> None:
    found = sent(
        event(
            app={"namespace": "example.shop", "name": "Shop", "version": "4.2"},
            device={
                "brand": "Apple",
                "model": "iPhone17,1",
                "category": "mobile",
                "operating_system": "iOS",
                "operating_system_version": "26.1",
            },
            language="pt-BR",
        ),
        partner_name="ss-shop",
    )
    assert (
        found.items()
        >= {
            "app_id": "example.shop",
            "app_name": "Shop",
            "app_version": "4.2",
            "device_brand": "Apple",
            "device_model": "iPhone17,1",
            "device_type": "mobile",
            "os_version": "26.1",
            "language": "pt",
            "partner_name": "ss-shop",
        }.items()
    )


def test_a_person() -> None:
    person = {
        "email_address": [" Jane. Doe@Example.com", "j@example.com"],
        "phone_number": "+1 (650) 555-1212",
        "gender": "non-binary",
        "date_of_birth": "1997-02-16",
        "madid": IDFA,
        "gaid": "00000000-0000-0000-0000-000000000000",
        "partner_id": 17,
        "address": {
            "first_name": "Mary Ann",
            "last_name": "Doe",
            "city": "New York",
            "region": "New York",
            "postal_code": "10001-1234",
            "country": "USA",
        },
    }
    found = sent(
        event(
            user_id="U 1", client_id="1.2", user_data=person, click_ids={"epik": "dj0yJnU9b2JhcHl"}
        )
    )
    assert found["user_data"] == {
        "em": [digest("jane.doe@example.com"), digest("j@example.com")],
        "ph": [digest("16505551212")],
        "ge": [digest("n")],
        "db": [digest("19970216")],
        "hashed_maids": [digest(IDFA.lower())],
        "fn": [digest("maryann"), digest("mary ann")],
        "ln": [digest("doe")],
        "ct": [digest("newyork")],
        "st": [digest("ny")],
        "zp": [digest("10001")],
        "country": [digest("us")],
        "external_id": [digest("u1"), digest("1.2")],
        "partner_id": "17",
        "client_ip_address": "203.0.113.7",
        "client_user_agent": AGENT,
        "click_id": "dj0yJnU9b2JhcHl",
    }


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (gender("Non-binary"), "n"),
        (gender("Female"), "f"),
        (gender("none"), ""),
        (state_code("Bavaria"), ""),
        (state_code("US-CA"), "ca"),
        (postal_digits("SW1A 1AA"), ""),
        (postal_digits("D-10115"), "10115"),
    ],
)
def test_forms(form: str, expected: str) -> None:
    assert form == expected


@pytest.mark.parametrize(
    ("consent", "fields", "expected"),
    [
        ({}, {}, {}),
        ({"ad_personalization": "granted", "ad_user_data": "granted"}, {}, {}),
        ({"ad_personalization": "denied"}, {}, {"opt_out": True, "type": "LDP"}),
        ({"ad_user_data": "denied"}, {}, {"type": "LDP"}),
        ({}, {"opt_out": "yes"}, {"opt_out": True}),
        ({}, {"opt_out": {"a": 1}}, {"opt_out": True}),
        ({}, {"opt_out": False}, {}),
        ({}, {"data_processing_options": ["LDU"]}, {"type": "LDP"}),
    ],
)
def test_a_refusal_is_told(
    consent: dict[str, str], fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    mapping = {"fields": {"custom_data.opt_out_type": None}}
    found = sent(event("login", consent=consent, **fields), mapping=mapping)
    told = {
        "opt_out": found.get("opt_out"),
        "type": found.get("custom_data", {}).get("opt_out_type"),
    }
    assert {key: value for key, value in told.items() if value} == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (event("refund", value=5), "does not support refunds"),
        (event(value=-5), "value is negative"),
        (event(ip_override="10.0.0.1"), "no usable customer information"),
        (event(user_agent=""), "no usable customer information"),
        (
            event(user_agent="", user_data={"phone_number": "+1 650 555 1212"}),
            "no usable customer information",
        ),
        (event(user_agent="", user_data={"email_address": "none"}), "no usable customer"),
    ],
)
def test_what_is_refused_on_arrival_and_later(raw: Event, reason: str) -> None:
    assert reason in pinterest().unsendable(raw)
    assert reason in refused(raw)


@pytest.mark.parametrize(
    ("mapping", "raw", "reason"),
    [
        ({"event_id": None}, event(), "event_id is missing"),
        ({"custom_data.value": "cheap"}, event(), "custom_data.value is not an amount"),
        ({"custom_data.value": {"field": "margin"}}, event(margin=1e300), "is not an amount"),
        ({"custom_data.value": True}, event(), "custom_data.value is not an amount"),
        ({"custom_data.value": {"field": "margin"}}, event(margin=-1), "value is negative"),
        ({"user_data": "nobody"}, event(), "no usable customer information"),
    ],
)
def test_what_a_mapping_can_mend_is_refused_later(
    mapping: dict[str, Any], raw: Event, reason: str
) -> None:
    destination = {"mapping": {"fields": mapping}}
    assert pinterest(**destination).unsendable(raw) == ""
    assert reason in refused(raw, **destination)


def test_a_mapped_refund_and_a_smaller_cart_are_sent_without_a_negative_value() -> None:
    mapping = {"events": {"refund": "order_returned"}}
    assert sent(event("refund", value=5), mapping=mapping)["event_name"] == "order_returned"
    assert "custom_data" not in sent(event("remove_from_cart", value=-5))


@pytest.mark.parametrize(
    "settings",
    [
        {"ad_account_id": "abc"},
        {"partner_name": "shop"},
        {"access_token": "a b"},
        {"action_source": "website"},
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        pinterest(**settings)


PROCESSED = {"status": "processed", "error_message": "", "warning_message": ""}
FAILED = {"status": "failed", "error_message": "too old", "warning_message": ""}
STRANGER = "the answer is not from Pinterest's API"


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, {"events": [PROCESSED, PROCESSED]}, DELIVERED),
        (200, {"num_events_processed": 2}, DELIVERED),
        (
            422,
            {"events": [PROCESSED, FAILED], "num_events_processed": 1},
            [DELIVERED, Outcome("rejected", "too old")],
        ),
        (
            200,
            {"events": [PROCESSED, {**PROCESSED, "warning_message": "no em"}]},
            [DELIVERED, Outcome("delivered", warnings=("no em",))],
        ),
        (
            200,
            {"events": [PROCESSED, "?"]},
            [
                DELIVERED,
                Outcome("rejected", "Pinterest did not process the event and did not say why"),
            ],
        ),
        (
            422,
            {"num_events_processed": 1, "events": [FAILED]},
            Outcome(
                "rejected", "Pinterest processed 1 of 2 events and did not say which", "request"
            ),
        ),
        (
            400,
            {"code": 4196, "message": "Bad"},
            Outcome("rejected", "HTTP 400: Bad (4196)", "request"),
        ),
        (
            503,
            {"code": 4196, "message": "Bad"},
            Outcome("retry", "HTTP 503: Bad (4196)", "destination"),
        ),
        (413, {}, Outcome("rejected", f"HTTP 413: {STRANGER}: {{}}", "request")),
        (
            401,
            {"code": 2, "message": "No"},
            Outcome(
                "retry",
                "access_token is wrong or was revoked; set a new one: No (2)",
                "configuration",
            ),
        ),
        (
            403,
            {"code": 29, "message": "No"},
            Outcome(
                "retry",
                "access_token lacks the permission to send events to ad_account_id: No (29)",
                "configuration",
            ),
        ),
        (
            404,
            {"code": 50, "message": "No"},
            Outcome("retry", "ad_account_id or base_url is wrong: No (50)", "configuration"),
        ),
        (429, {"code": 8, "message": "Slow"}, Outcome("retry", "Slow (8)", "destination", 1.0)),
        (503, {"code": 4197, "message": "Down"}, Outcome("retry", "Down (4197)", "destination")),
        (200, b"<html>", Outcome("retry", f"HTTP 200, {STRANGER}: <html>", "destination")),
        (200, {"code": 2, "message": "No"}, Outcome("retry", "No (2)", "destination")),
    ],
)
def test_answers(status: int, answer: Any, expected: Outcome | list[Outcome]) -> None:
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    request = request_of(event(), event())
    outcomes = list(pinterest().outcomes(request, Response(status, {}, body)))
    assert outcomes == (expected if isinstance(expected, list) else [expected] * 2)


def test_a_strict_vendor_takes_the_good_ones_of_a_batch() -> None:
    vendor = Vendor(token="T", now=lambda: NOW)
    events = [event(timestamp=NOW - 60), event(timestamp=NOW - 30 * 86_400), event("page_view")]
    request = request_of(*events)
    answer = vendor.answer("POST", urlsplit(request.url).path, request.headers, request.body)
    response = Response(answer.status, answer.headers, answer.body)
    results = [each.result for each in pinterest().outcomes(request, response)]
    assert results == ["delivered", "rejected", "delivered"]
    assert [each["event_name"] for each in vendor.events] == ["checkout", "page_visit"]


def test_a_wrong_token_and_a_busy_vendor_lose_nothing() -> None:
    vendor = Vendor(token="other")
    request = request_of(event())
    path = urlsplit(request.url).path
    for error, scope in ((None, "configuration"), (8, "destination"), (29, "configuration")):
        vendor.error = error
        answer = vendor.answer("POST", path, request.headers, request.body)
        response = Response(answer.status, answer.headers, answer.body)
        (outcome,) = pinterest().outcomes(request, response)
        assert (outcome.result, outcome.scope) == ("retry", scope)
