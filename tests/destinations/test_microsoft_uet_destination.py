"""Microsoft's UET API: translation of events, refusals, and the meaning of responses."""

from typing import Any

import orjson
import pytest

from destinations.base import Outcome, Request, Response, Unsendable
from destinations.microsoft_uet import MicrosoftUET, MicrosoftUETSettings
from destinations.microsoft_uet.destination import MAX_BYTES
from gateway.event import Event
from tests.destinations.conftest import Example
from tests.destinations.vectors import of_vendor
from tests.support.digests import digest

NOBODY = {"user_id": None, "user_data": None}
CLICK = {"click_ids": {"msclkid": "m-1"}}
DEVICE = "9f5e8a6c-0b1d-4f7e-8c2a-3d4b5e6f7a8b"
VISITOR = "6f1c2d3e4b5a69788796a5b4c3d2e1f0"
GRANTED = dict.fromkeys(("ad_storage", "ad_user_data", "ad_personalization"), "granted")


def microsoft(**settings: Any) -> MicrosoftUET:
    given = {"tag_id": "12345678", "api_token": "TOKEN", **settings}
    return MicrosoftUET(MicrosoftUETSettings.model_validate(given))


def made(event: Event, now: float, **settings: Any) -> Request | Unsendable:
    (result,) = microsoft(**settings).requests([event], now)
    return result


def sent(event: Event, now: float, **settings: Any) -> dict[str, Any]:
    request = made(event, now, **settings)
    assert isinstance(request, Request), request
    (translated,) = orjson.loads(request.body)["data"]
    return translated


# Events


def test_a_purchase_is_a_custom_event(example: Example, now: float) -> None:
    event = example("purchase", user_agent="UA", _uetvid=VISITOR, **CLICK)
    assert sent(event, now) == {
        "eventType": "custom",
        "eventName": "purchase",
        "eventTime": 1795219200,
        "eventId": "01-purchase",
        "adStorageConsent": "G",
        "eventSourceUrl": "https://shop.example/thanks",
        "referrerUrl": "https://shop.example/",
        "pageTitle": "Thank you",
        "userData": {
            "anonymousId": VISITOR,
            "externalId": "customer-17",
            "em": digest("janedoe@example.com"),
            "ph": digest("+49301234567"),
            "msclkid": "m-1",
            "clientIpAddress": "203.0.113.7",
            "clientUserAgent": "UA",
        },
        "customData": {
            "value": 59.8,
            "currency": "EUR",
            "transactionId": "T-1001",
            "pageType": "purchase",
            "itemIds": ["SKU-1", "SKU-2"],
            "items": [
                {"id": "SKU-1", "name": "Linen shirt", "price": 39.9, "quantity": 1},
                {"id": "SKU-2", "name": "Wool socks", "price": 9.95, "quantity": 2},
            ],
        },
    }


def test_a_page_view_is_a_page_load(example: Example, now: float) -> None:
    translated = sent(example("page_view", **CLICK), now)
    assert translated["eventType"] == "pageLoad"
    assert "eventName" not in translated


@pytest.mark.parametrize(
    ("name", "page_type"),
    [
        ("view_item", "product"),
        ("view_item_list", "category"),
        ("search", "searchresults"),
        ("add_to_cart", "cart"),
        ("view_cart", "cart"),
        ("begin_checkout", "cart"),
        ("add_payment_info", "other"),
        ("generate_lead", "other"),
        ("select_item", None),
    ],
)
def test_each_event_has_the_type_of_its_page(
    example: Example, now: float, name: str, page_type: str | None
) -> None:
    translated = sent(example(name, **CLICK), now)
    assert translated["eventName"] == name
    assert translated.get("customData", {}).get("pageType") == page_type


def test_a_mapping_names_the_action_of_a_goal(example: Example, now: float) -> None:
    mapping = {
        "events": {"generate_lead": "lead_sent"},
        "fields": {"customData.eventCategory": "forms"},
    }
    translated = sent(example("generate_lead", **CLICK), now, mapping=mapping)
    assert translated["eventName"] == "lead_sent"
    assert translated["customData"]["eventCategory"] == "forms"
    assert translated["customData"]["pageType"] == "other"


@pytest.mark.parametrize(
    ("consent", "flag"),
    [
        (GRANTED, "G"),
        ({"ad_storage": "granted"}, "G"),
        ({**GRANTED, "ad_storage": "denied"}, "D"),
        ({**GRANTED, "ad_user_data": "denied"}, "D"),
        ({**GRANTED, "ad_personalization": "denied"}, "D"),
        ({}, "D"),
        (None, "D"),
    ],
)
def test_what_a_visitor_does_not_allow_is_said(
    example: Example, now: float, consent: dict[str, str] | None, flag: str
) -> None:
    assert sent(example("purchase", consent=consent), now)["adStorageConsent"] == flag


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"opt_out": True}, "D"),
        ({"opt_out": False}, "G"),
        ({"data_processing_options": ["LDU"]}, "D"),
        ({"data_processing_options": []}, "G"),
    ],
)
def test_what_an_event_asks_for_is_said(
    example: Example, now: float, fields: dict[str, Any], flag: str
) -> None:
    event = example("purchase", consent=GRANTED, **fields)
    assert microsoft().unsendable(event) == ""
    assert sent(event, now)["adStorageConsent"] == flag


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (CLICK, {"msclkid": "m-1"}),
        ({"page_location": "https://a.example/?msclkid=m-2"}, {"msclkid": "m-2"}),
        ({"_uetvid": VISITOR}, {"anonymousId": VISITOR}),
        ({"_uetvid": DEVICE.upper()}, {"anonymousId": DEVICE.upper()}),
        ({"_uetvid": "6f1c", **CLICK}, {"msclkid": "m-1"}),
        ({"_uetvid": 7, **CLICK}, {"msclkid": "m-1"}),
        ({"user_id": "u-7"}, {"externalId": "u-7"}),
        ({"user_id": "ada@example.com", **CLICK}, {"msclkid": "m-1"}),
        ({"idfa": DEVICE}, {"idfa": DEVICE}),
        ({"aaid": DEVICE}, {"gaid": DEVICE}),
        ({"user_data": {"idfa": DEVICE}}, {"idfa": DEVICE}),
        ({"user_data": {"gaid": DEVICE}, "aaid": "x"}, {"gaid": DEVICE}),
        ({"user_data": {"madid": DEVICE}, "device": {"operating_system": "iOS"}}, {"idfa": DEVICE}),
        ({"user_data": {"madid": DEVICE}, **CLICK}, {"msclkid": "m-1"}),
        ({"idfa": "00000000-0000-0000-0000-000000000000", **CLICK}, {"msclkid": "m-1"}),
    ],
)
def test_each_identifier(
    example: Example, now: float, fields: dict[str, Any], found: dict[str, str]
) -> None:
    connection = {"ip_override": None, "user_agent": None}
    assert sent(example("purchase", **{**NOBODY, **connection, **fields}), now)["userData"] == found


OURS = {
    **dict.fromkeys(("email", "em"), ("email_address", "em")),
    **dict.fromkeys(("phone", "ph"), ("phone_number", "ph")),
}


@pytest.mark.parametrize("vector", of_vendor("microsoft_uet"), ids=lambda v: v["field"])
def test_personal_data_is_hashed_as_microsoft_has_it(
    example: Example, now: float, vector: dict[str, Any]
) -> None:
    ours, theirs = OURS[vector["field"]]
    event = example("purchase", user_data={ours: vector["input"]})
    assert sent(event, now)["userData"][theirs] == vector["sha256"]


@pytest.mark.parametrize(
    ("stated", "hashed"),
    [
        ("J.a.n.e+News@Example.com", "jane@example.com"),
        ("jane@mail.example.com", "jane@mail.example.com"),
        ("+news@example.com", None),
        ("none", None),
    ],
)
def test_e_mail_addresses_lose_dots_and_tag_in_all_domains(
    example: Example, now: float, stated: str, hashed: str | None
) -> None:
    event = example("purchase", user_data={"email_address": stated})
    expected = digest(hashed) if hashed else None
    assert sent(event, now)["userData"].get("em") == expected


def test_a_mapping_hashes_personal_data_to_one_hash(example: Example, now: float) -> None:
    mapping = {"fields": {"userData.em": {"field": "billing_email"}}}
    event = example("purchase", **NOBODY, billing_email="J.Doe@example.com")
    assert sent(event, now, mapping=mapping)["userData"]["em"] == digest("jdoe@example.com")


# Refusals


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("purchase", NOBODY, "no usable customer information"),
        ("purchase", {"value": -1}, "Microsoft does not support refunds"),
        ("refund", {}, "Microsoft does not support refunds"),
    ],
)
def test_what_microsoft_can_never_use_is_withheld(
    example: Example, now: float, name: str, fields: dict[str, Any], words: str
) -> None:
    event = example(name, **fields)
    assert words in microsoft().unsendable(event)
    result = made(event, now)
    assert isinstance(result, Unsendable)
    assert words in result.reason


@pytest.mark.parametrize(("stated", "words"), [(-1, "is negative"), ("much", "is not a number")])
def test_an_amount_of_a_mapping_that_cannot_be_sent(
    example: Example, now: float, stated: object, words: str
) -> None:
    mapping = {"fields": {"customData.value": {"field": "margin"}}}
    result = made(example("purchase", margin=stated), now, mapping=mapping)
    assert isinstance(result, Unsendable)
    assert result.reason.startswith(f"customData.value {words}")


@pytest.mark.parametrize(("stated", "value"), [("7.5", 7.5), (" 20 ", 20), (0, 0)])
def test_an_amount_of_a_mapping_is_a_number(
    example: Example, now: float, stated: object, value: float
) -> None:
    mapping = {"fields": {"customData.value": {"field": "margin"}}}
    data = sent(example("purchase", margin=stated), now, mapping=mapping)["customData"]
    assert data["value"] == value


def test_a_page_view_without_a_page_can_be_mended(example: Example, now: float) -> None:
    event = example("page_view", page_location=None, **CLICK)
    assert microsoft().unsendable(event) == ""
    reason = "page_location is missing: Microsoft requires it for the view of a page"
    assert made(event, now) == Unsendable(0, reason)


def test_requests_stay_within_the_bytes(example: Example, now: float) -> None:
    event = example("purchase", items=[{"item_id": f"{n:0100}"} for n in range(150)])
    results = list(microsoft().requests([event] * 100, now))
    requests = [each for each in results if isinstance(each, Request)]
    assert [place for each in requests for place in each.events] == list(range(100))
    assert len(requests) > 1
    assert all(len(request.body) <= MAX_BYTES for request in requests)
    assert len(requests[0].body) + len(requests[0].body) // len(requests[0].events) > MAX_BYTES


def test_an_event_that_is_too_long_harms_no_other(example: Example, now: float) -> None:
    event = example("purchase")
    long = {**event, "keywords": "x" * MAX_BYTES}
    results = list(microsoft().requests([event, long, event], now))
    assert [each.events for each in results if isinstance(each, Request)] == [(0, 2)]
    assert [each.event for each in results if isinstance(each, Unsendable)] == [1]


# Responses

TWO = Request("POST", "https://capi.uet.microsoft.com/v1/12345678/events", {}, b"", (0, 1))
DELIVERED = ("delivered", "event")
GUILTY = ("rejected", "event")
HALVED = ("rejected", "request")
LATER = ("retry", "destination")
MEND = ("retry", "configuration")


def detail(index: Any, **more: Any) -> dict[str, Any]:
    said = {"propertyName": "eventTime", "attemptedValue": "17", "errorMessage": "is too old"}
    return {"index": index, **said, "errorCode": "OutOfRange", **more}


def with_details(*details: Any) -> dict[str, Any]:
    error = {"code": "ValidationError", "message": "not valid", "details": list(details)}
    return {"eventsReceived": 2, "error": error, "traceId": "7f3c"}


def answered(status: int, body: Any = None) -> list[Outcome]:
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    return list(microsoft().outcomes(TWO, Response(status, {}, raw)))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"eventsReceived": 2}, [DELIVERED, DELIVERED]),
        (200, {"eventsReceived": 2, "error": None}, [DELIVERED, DELIVERED]),
        (200, {"eventsReceived": 2, "error": {}}, [DELIVERED, DELIVERED]),
        (200, {"eventsReceived": 1, "error": {}}, [HALVED, HALVED]),
        (200, with_details(detail(1)), [DELIVERED, GUILTY]),
        (200, with_details(detail(1), detail(0, isWarning=False)), [GUILTY, GUILTY]),
        (200, with_details(detail(1, isWarning=True)), [DELIVERED, DELIVERED]),
        (200, with_details(detail(0, isWarning=True), detail(0)), [GUILTY, DELIVERED]),
        (200, with_details(detail(2)), [HALVED, HALVED]),
        (200, with_details(detail(None, isWarning=True)), [DELIVERED, DELIVERED]),
        (200, with_details(detail(7, isWarning=True), detail(1)), [DELIVERED, GUILTY]),
        (200, {"eventsReceived": 1}, [HALVED, HALVED]),
        (200, {**with_details(detail(0)), "eventsReceived": 1}, [GUILTY, DELIVERED]),
        (200, {**with_details(detail(0)), "eventsReceived": 0}, [GUILTY, HALVED]),
        (200, {"eventsReceived": True}, [LATER, LATER]),
        (200, with_details(detail("1")), [HALVED, HALVED]),
        (200, with_details(), [HALVED, HALVED]),
        (200, b"<html>", [LATER, LATER]),
        (200, b'\xef\xbb\xbf{"eventsReceived":2}', [DELIVERED, DELIVERED]),
        (400, with_details(detail(0)), [GUILTY, HALVED]),
        (400, with_details(detail(0), detail(1)), [GUILTY, GUILTY]),
        (400, {"error": {"code": "BadRequest", "message": "not valid"}}, [HALVED, HALVED]),
        (400, {"error": {}}, [HALVED, HALVED]),
        (400, b"", [HALVED, HALVED]),
        (401, {"error": {"code": "Unauthorized"}}, [MEND, MEND]),
        (403, None, [MEND, MEND]),
        (404, None, [MEND, MEND]),
        (429, None, [LATER, LATER]),
        (500, None, [LATER, LATER]),
    ],
)
def test_what_an_answer_means(status: int, body: Any, expected: list[tuple[str, str]]) -> None:
    assert [(each.result, each.scope) for each in answered(status, body)] == expected


def test_a_reason_names_the_property_and_not_its_value() -> None:
    (_, refused) = answered(200, with_details(detail(1)))
    assert refused.reason == "OutOfRange: eventTime: is too old"


def test_warnings_go_to_the_event_that_they_are_about() -> None:
    first, second = answered(200, with_details(detail(0, isWarning=True)))
    assert first.warnings == ("OutOfRange: eventTime: is too old",)
    assert second.warnings == ()
