"""Google's Data Manager: requests, responses, and results that follow later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from destinations.base import Outcome, Request, Response, Unsendable
from destinations.google_data_manager import GoogleDataManager, GoogleDataManagerSettings
from destinations.google_data_manager.answers import POLL_AFTER
from gateway.event import read_event
from gateway.testing.events import NOW
from tests.vendors.google_data_manager import GoogleDataManager as Vendor

SETTINGS: dict[str, Any] = {
    "credential": "google",
    "account_id": "123-456-7890",
    "phone_region": "US",
    "mapping": {"events": {"purchase": "987", "generate_lead": 654}},
}
CLICK = {"click_ids": {"gclid": "Cj0-abc"}}
VECTORS = [
    vector
    for vector in json.loads(Path(__file__).with_name("normalisation.json").read_bytes())
    if vector["destination"] == "google_data_manager"
]
FIELDS = {
    **dict.fromkeys(("email", "email_address"), "email_address"),
    **dict.fromkeys(("phone", "phone_number"), "phone_number"),
    "given_name": "first_name",
    "family_name": "last_name",
    "region_code": "country",
    "postal_code": "postal_code",
}
"""Our field for each field of the vectors; Google Ads accepts no street, city or region."""


def made(**settings: Any) -> GoogleDataManager:
    return GoogleDataManager(GoogleDataManagerSettings.model_validate({**SETTINGS, **settings}))


def event(name: str = "purchase", **fields: Any) -> dict[str, Any]:
    raw = {"event_name": name, "event_id": "event-1", "timestamp": NOW - 60, **fields}
    return dict(read_event(raw))


def request_of(*events: dict[str, Any], **settings: Any) -> Request:
    (request,) = made(**settings).requests(events, NOW)
    assert isinstance(request, Request)
    return request


def sent(raw: dict[str, Any], **settings: Any) -> dict[str, Any]:
    first: dict[str, Any] = json.loads(request_of(raw, **settings).body)["events"][0]
    return first


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"timestamp": NOW - 60.25}, {"eventTimestamp": "2026-11-20T23:59:59.750Z"}),
        ({"transaction_id": "o-1"}, {"transactionId": "o-1"}),
        ({}, {"transactionId": "event-1"}),
        ({"transaction_id": "7"}, {"transactionId": "event-1"}),
        ({"transaction_id": "123"}, {"transactionId": "event-1"}),
        ({"transaction_id": "undefined"}, {"transactionId": "event-1"}),
        ({"value": 9.5, "currency": "EUR"}, {"conversionValue": 9.5, "currency": "EUR"}),
        ({"value": 9.5}, {"conversionValue": None, "currency": None}),
        ({"customer_type": "new"}, {"userProperties": {"customerType": "NEW"}}),
        ({"customer_type": "odd"}, {"userProperties": None}),
        ({"user_agent": "Mozilla/5.0"}, {"eventDeviceInfo": {"userAgent": "Mozilla/5.0"}}),
        (
            {"click_ids": {"gclid": "g-1", "wbraid": "w-1", "dclid": "d-1"}},
            {"adIdentifiers": {"gclid": "g-1", "dclid": "d-1"}},
        ),
        (
            {"click_ids": {"gbraid": "b-1", "wbraid": "w-1"}},
            {"adIdentifiers": {"gbraid": "b-1"}},
        ),
        (
            {"click_ids": {}, "page_location": "https://s.example/?wbraid=w-2"},
            {"adIdentifiers": {"wbraid": "w-2"}},
        ),
        (
            {"consent": {"ad_user_data": "granted", "ad_personalization": "denied"}},
            {"consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"}},
        ),
        ({"consent": {"ad_storage": "granted"}}, {"consent": None}),
        (
            {"items": [{"item_id": "A1", "price": 29.95, "quantity": 2}], "coupon": "SALE"},
            {
                "cartData": {
                    "couponCodes": ["SALE"],
                    "items": [{"itemId": "A1", "quantity": 2, "unitPrice": 29.95}],
                }
            },
        ),
        (
            {"items": [{"item_id": "A1", "quantity": 1.5}]},
            {"cartData": {"items": [{"itemId": "A1"}]}},
        ),
    ],
    ids=str,
)
def test_an_event_in_googles_format(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = sent(event(**{**CLICK, **given}))
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"opt_out": True}, ("GRANTED", "DENIED")),
        ({"opt_out": "perhaps"}, ("GRANTED", "DENIED")),
        ({"data_processing_options": ["LDU"]}, ("DENIED", "DENIED")),
        ({"opt_out": True, "data_processing_options": ["LDU"]}, ("DENIED", "DENIED")),
        ({"opt_out": False, "data_processing_options": []}, ("GRANTED", "GRANTED")),
    ],
    ids=str,
)
def test_what_an_event_asks_for_is_denied(asked: dict[str, Any], expected: tuple[str, str]) -> None:
    granted = {"ad_user_data": "granted", "ad_personalization": "granted"}
    user_data, personalisation = (f"CONSENT_{state}" for state in expected)
    stated = {"adUserData": user_data, "adPersonalization": personalisation}
    asking = event(consent=granted, **asked, **CLICK)
    assert made().unsendable(asking) == ""
    assert sent(asking)["consent"] == stated
    without_consent = sent(event(**asked, **CLICK)).get("consent", {})
    assert set(without_consent.values()) <= {"CONSENT_DENIED"}, "nothing is granted by a field"
    assert without_consent.keys() == {key for key in stated if stated[key] == "CONSENT_DENIED"}


@pytest.mark.parametrize(
    ("stated", "source"),
    [
        ("website", "WEB"),
        ("app", "APP"),
        ("physical_store", "IN_STORE"),
        (" Phone_Call", "PHONE"),
        ("chat", "MESSAGE"),
        ("business_messaging", "MESSAGE"),
        ("email", "OTHER"),
        ("moon", "APP"),
        (["website"], "APP"),
        (None, "APP"),
    ],
)
def test_an_event_may_say_where_it_happened(stated: Any, source: str) -> None:
    raw = event(action_source=stated, **CLICK)
    assert sent(raw, event_source="APP")["eventSource"] == source
    mapping = {**SETTINGS["mapping"], "fields": {"eventSource": "IN_STORE"}}
    assert sent(raw, mapping=mapping)["eventSource"] == "IN_STORE"


def test_the_items_of_a_merchant() -> None:
    items = [{"item_id": "A1", "price": 5, "quantity": 1}]
    cart = sent(
        event(items=items, **CLICK),
        merchant_id="55",
        merchant_feed_label="DE",
        merchant_feed_language="de",
    )["cartData"]
    assert cart == {
        "merchantId": "55",
        "merchantFeedLabel": "DE",
        "merchantFeedLanguageCode": "de",
        "items": [{"itemId": "A1", "quantity": 1, "unitPrice": 5, "merchantProductId": "A1"}],
    }


def test_a_request_has_events_of_several_conversion_actions() -> None:
    events = [event(**CLICK), event("generate_lead", **CLICK), event(**CLICK)]
    request = request_of(*events)
    assert request.events == (0, 1, 2)
    assert request.url == "https://datamanager.googleapis.com/v1/events:ingest"
    assert request.credential == "google"
    body = json.loads(request.body)
    account = {"accountType": "GOOGLE_ADS", "accountId": "1234567890"}
    assert body["destinations"] == [
        {"reference": action, "operatingAccount": account, "productDestinationId": action}
        for action in ("987", "654")
    ]
    named = [each["destinationReferences"] for each in body["events"]]
    assert named == [["987"], ["654"], ["987"]]


def test_a_request_goes_to_ten_conversion_actions_at_most_and_names_only_those_it_needs() -> None:
    names = [f"event_{number}" for number in range(12)]
    mapping = {"events": {name: str(100 + place) for place, name in enumerate(names)}}
    events = [event(name, **CLICK) for name in names if name != "event_4"]
    told = [
        (len(each.events), [one["reference"] for one in json.loads(each.body)["destinations"]])
        for each in made(mapping=mapping).requests(events, NOW)
        if isinstance(each, Request)
    ]
    assert told == [
        (9, ["100", "101", "102", "103", "105", "106", "107", "108", "109"]),
        (2, ["110", "111"]),
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"event_name": "refund", **CLICK}, "Data Manager does not support refunds"),
        ({"value": -1, **CLICK}, "value is negative"),
        ({"client_id": "1.1", "user_id": "u"}, "nothing to attribute it by"),
        ({"user_data": {"address": {"first_name": "A", "last_name": "B"}}}, "nothing to attribute"),
        (
            {
                "user_data": {
                    "address": {
                        "first_name": "A",
                        "last_name": "B",
                        "country": "DE",
                        "postal_code": "0123456789abcdef" * 4,
                    }
                }
            },
            "nothing to attribute",
        ),
    ],
    ids=str,
)
def test_what_google_never_counts_is_unsendable(given: dict[str, Any], reason: str) -> None:
    refused = event(**{"name": given.get("event_name", "purchase"), **given})
    destination = made(mapping={"events": {"purchase": "1", "refund": "2"}})
    assert destination.unsendable(refused).startswith(reason)
    (result,) = destination.requests([refused], NOW)
    assert isinstance(result, Unsendable)
    assert result.reason.startswith(reason)


@pytest.mark.parametrize(
    ("given", "mapped", "reason"),
    [
        ({"items": [{"price": 10}, {"price": -25}]}, None, "negative"),
        ({"value": 5}, -1, "negative: Data Manager does not support refunds"),
        ({"value": 5}, "-0.01", "negative"),
        ({"value": 5}, "much", "not a number"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_sent_is_a_dead_letter(
    given: dict[str, Any], mapped: Any, reason: str
) -> None:
    fields = {} if mapped is None else {"conversionValue": mapped}
    destination = made(mapping={**SETTINGS["mapping"], "fields": fields})
    raw = event(currency="EUR", **given, **CLICK)
    assert destination.unsendable(raw) == "", "an operator can mend it"
    (result,) = destination.requests([raw], NOW)
    assert isinstance(result, Unsendable)
    assert result.reason.startswith(f"conversionValue is {reason}")


@pytest.mark.parametrize(
    ("more", "currency"),
    [({}, "EUR"), ({"currency": "CHF"}, "CHF"), ({"currency": None}, None)],
    ids=str,
)
def test_a_value_of_a_mapping_is_in_the_currency_of_the_event(
    more: dict[str, Any], currency: str | None
) -> None:
    mapping = {**SETTINGS["mapping"], "fields": {"conversionValue": 50, **more}}
    conversion = sent(event("generate_lead", currency="EUR", **CLICK), mapping=mapping)
    assert (conversion["conversionValue"], conversion.get("currency")) == (50, currency)


def test_a_mapping_can_mend_a_negative_value() -> None:
    mapping = {**SETTINGS["mapping"], "fields": {"conversionValue": 0}}
    raw = event(currency="EUR", items=[{"item_id": "A", "price": -1}], **CLICK)
    assert sent(raw, mapping=mapping)["conversionValue"] == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"mapping": {}}, "`mapping.events` names no event"),
        ({"mapping": {"events": {"purchase": "Purchase"}}}, "events.purchase: is not an id"),
        ({"account_id": "shop"}, "must be digits"),
        ({"credential": ""}, "at least 1 character"),
    ],
    ids=str,
)
def test_mistakes_in_the_settings(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        made(**changed)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["field"] in FIELDS], ids=str)
def test_vector(vector: dict[str, Any]) -> None:
    field, text = FIELDS[vector["field"]], vector["input"]
    address = {"first_name": "a", "last_name": "b", "country": "DE", "postal_code": "1"}
    person = {"address": address | {field: text}} if field in address else {field: text}
    identifiers = sent(event(user_data=person, **CLICK)).get("userData", {"userIdentifiers": []})
    values = [
        value
        for each in identifiers["userIdentifiers"]
        for told in each.values()
        for value in (told.values() if isinstance(told, dict) else [told])
    ]
    if vector["sha256"] is None and vector["normalised"] is None:
        assert values == []
    else:
        assert (vector["sha256"] or vector["normalised"]) in values


def error(status: int, code: str, *details: dict[str, Any]) -> Response:
    told = {"code": status, "status": code, "message": "no", "details": list(details)}
    return Response(status, {}, json.dumps({"error": told}).encode())


def violation(field: str, reason: str = "INVALID_ARGUMENT") -> dict[str, Any]:
    return {"fieldViolations": [{"field": field, "description": "is bad", "reason": reason}]}


def reason(name: str) -> dict[str, Any]:
    return {"reason": name, "domain": "datamanager.googleapis.com"}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(200, {}, b'{"requestId":"r-1"}'), ["submitted/event"] * 2),
        (Response(200, {}, b"<html>"), ["retry/destination"] * 2),
        (Response(200, {}, b'{"requestId":7}'), ["retry/destination"] * 2),
        (
            error(400, "INVALID_ARGUMENT", violation("events[1].currency")),
            ["rejected/request", "rejected/event"],
        ),
        (
            error(400, "INVALID_ARGUMENT", violation("events[0]"), violation("events[1].x")),
            ["rejected/event"] * 2,
        ),
        (error(400, "INVALID_ARGUMENT", violation("events[9]")), ["rejected/request"] * 2),
        (error(400, "INVALID_ARGUMENT"), ["rejected/request"] * 2),
        (
            error(400, "INVALID_ARGUMENT", violation("destinations[0].product_destination_id")),
            ["retry/configuration"] * 2,
        ),
        (
            error(400, "INVALID_ARGUMENT", reason("TERMS_AND_CONDITIONS_NOT_SIGNED")),
            ["retry/configuration"] * 2,
        ),
        (
            error(400, "INVALID_ARGUMENT", reason("CONVERSION_ACTION_TOO_RECENTLY_CREATED")),
            ["retry/event"] * 2,
        ),
        (error(401, "UNAUTHENTICATED"), ["retry/configuration"] * 2),
        (error(403, "PERMISSION_DENIED"), ["retry/configuration"] * 2),
        (error(429, "RESOURCE_EXHAUSTED"), ["retry/destination"] * 2),
        (error(500, "INTERNAL"), ["retry/destination"] * 2),
        (error(503, "UNAVAILABLE"), ["retry/destination"] * 2),
        (error(504, "DEADLINE_EXCEEDED"), ["retry/destination"] * 2),
        (Response(413, {}, b"too large"), ["rejected/request"] * 2),
    ],
)
def test_what_an_answer_means(response: Response, expected: list[str]) -> None:
    request = request_of(event(**CLICK), event(**CLICK))
    outcomes = list(made().outcomes(request, response))
    assert [f"{each.result}/{each.scope}" for each in outcomes] == expected
    if outcomes[0].result == "submitted":
        assert (outcomes[0].ticket, outcomes[0].poll_after) == ("r-1 987", POLL_AFTER)


def test_field_warnings_are_kept() -> None:
    warning = {"field": "events[0].x", "reason": "UNKNOWN", "description": "ignored"}
    body = json.dumps({"requestId": "r", "fieldWarnings": [warning]}).encode()
    (outcome,) = made().outcomes(request_of(event(**CLICK)), Response(200, {}, body))
    assert outcome.warnings == ("events[0].x: UNKNOWN: ignored",)


def status(name: str, *counts: tuple[str, list[Any] | None], **more: Any) -> dict[str, Any]:
    listed = [
        {
            "recordCount": "1",
            "reason": f"PROCESSING_ERROR_REASON_{reason}",
            **({} if rows is None else {"recordIndices": rows}),
        }
        for reason, rows in counts
    ]
    return {"requestStatus": name, "errorInfo": {"errorCounts": listed}, **more}


def told(verdict: Outcome | None) -> str:
    if verdict is None:
        return "none"
    about = f"/{verdict.scope}" if verdict.result == "retry" else ""
    return f"{verdict.result}{about}{' warned' if verdict.warnings else ''}"


OK = "delivered"


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([status("SUCCESS")], [OK, OK, OK]),
        ([status("PROCESSING")], ["none"] * 3),
        ([status("PROCESSING", ("INVALID_GCLID", [0]))], ["none"] * 3),
        ([status("NEWLY_INVENTED")], ["none"] * 3),
        ([], ["none"] * 3),
        ([status("PARTIAL_SUCCESS", ("INVALID_GCLID", [1]))], [OK, "rejected", OK]),
        ([status("PARTIAL_SUCCESS", ("INVALID_GCLID", ["1"]))], [OK, "rejected", OK]),
        ([status("PARTIAL_SUCCESS", ("DUPLICATE_TRANSACTION_ID", [0, 2]))], [OK, OK, OK]),
        ([status("PARTIAL_SUCCESS", ("DUPLICATE_GCLID", [0]))], [OK, OK, OK]),
        ([status("PARTIAL_SUCCESS", ("TOO_RECENT_CLICK", [2]))], [OK, OK, "retry/event"]),
        ([status("PARTIAL_SUCCESS", ("INTERNAL_ERROR", [2]))], [OK, OK, "retry/event"]),
        ([status("PARTIAL_SUCCESS", ("EVENT_TOO_OLD", [0]))], ["expired", OK, OK]),
        ([status("PARTIAL_SUCCESS", ("NO_CONSENT", [0]))], ["rejected", OK, OK]),
        ([status("PARTIAL_SUCCESS", ("A_NEW_REASON", [0]))], ["rejected", OK, OK]),
        (
            [status("FAILED", ("OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER", [0, 1, 2]))],
            ["rejected"] * 3,
        ),
        (
            [
                status(
                    "FAILED",
                    ("DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED", [0, 1, 2]),
                )
            ],
            ["retry/configuration"] * 3,
        ),
        ([status("FAILED", ("INVALID_GCLID", None))], ["rejected"] * 3),
        ([status("FAILED")], ["rejected"] * 3),
        ([status("FAILED", ("DUPLICATE_GCLID", None))], [OK] * 3),
        (
            [status("FAILED", ("DUPLICATE_GCLID", None), ("INVALID_GCLID", None))],
            ["rejected"] * 3,
        ),
        ([status("PARTIAL_SUCCESS", ("DUPLICATE_GCLID", None))], [OK] * 3),
        ([status("PARTIAL_SUCCESS", ("INVALID_GCLID", None))], ["delivered warned"] * 3),
        ([status("PARTIAL_SUCCESS", ("INVALID_GCLID", [7, -1, True, "x"]))], [OK] * 3),
        (
            [
                {
                    "requestStatus": "SUCCESS",
                    "warningInfo": {
                        "warningCounts": [
                            {"reason": "PROCESSING_WARNING_REASON_ODD", "recordIndices": [1]}
                        ]
                    },
                }
            ],
            [OK, "delivered warned", OK],
        ),
    ],
    ids=str,
)
def test_what_google_says_later(statuses: list[dict[str, Any]], expected: list[str]) -> None:
    body = json.dumps({"requestStatusPerDestination": statuses}).encode()
    assert [told(each) for each in made().verdicts("r-1", 3, Response(200, {}, body))] == expected


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500])
def test_a_question_that_fails_is_no_verdict(code: int) -> None:
    body = json.dumps({"requestStatusPerDestination": [status("FAILED")]}).encode()
    assert list(made().verdicts("r-1", 2, Response(code, {}, body))) == [None, None]


def answered(vendor: Vendor, request: Request) -> Response:
    url = urlsplit(request.url)
    answer = vendor.answer(request.method, url.path, url.query, request.body)
    return Response(answer.status, answer.headers, answer.body)


def test_a_request_and_its_verdicts_as_the_strict_vendor_has_them() -> None:
    vendor = Vendor(actions={"987"}, reasons={"o-2": "INVALID_GCLID"}, processing=1)
    destination = made()
    events = [event(transaction_id=order, **CLICK) for order in ("o-1", "o-2", "o-1")]
    request = request_of(*events)
    outcome = next(iter(destination.outcomes(request, answered(vendor, request))))

    question = destination.poll(outcome.ticket)
    assert [*destination.verdicts(outcome.ticket, 3, answered(vendor, question))] == [None] * 3
    said = destination.verdicts(outcome.ticket, 3, answered(vendor, question))
    verdicts = [told(each) for each in said]

    assert verdicts == ["delivered", "rejected", "delivered"]
    assert vendor.conversions == {("987", "o-1"): 1}


def test_validate_only_counts_nothing_and_waits_for_nothing() -> None:
    vendor = Vendor()
    request = request_of(event(**CLICK), validate_only=True)
    (outcome,) = made(validate_only=True).outcomes(request, answered(vendor, request))
    assert (outcome.result, request.test) == ("delivered", True)
    assert vendor.conversions == {}


MIXED = (event(**CLICK), event("generate_lead", **CLICK), event(**CLICK))


def test_each_conversion_action_has_a_ticket_of_its_own() -> None:
    response = Response(200, {}, b'{"requestId":"r-1"}')
    outcomes = made().outcomes(request_of(*MIXED), response)
    assert [each.ticket for each in outcomes] == ["r-1 987", "r-1 654", "r-1 987"]
    asked = made().poll("r-1 987")
    assert asked == made().poll("r-1"), "a ticket of an earlier version has no conversion action"
    assert asked.url.endswith("requestId=r-1")


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (
            violation("destinations[1].product_destination_id", "INVALID_CONVERSION_ACTION_ID"),
            ["rejected/request", "retry/configuration", "rejected/request"],
        ),
        (
            violation("destinations[0]", "CONVERSION_ACTION_TOO_RECENTLY_CREATED"),
            ["retry/event", "rejected/request", "retry/event"],
        ),
        (
            violation("destinations[0].x"),
            ["retry/configuration", "rejected/request", "retry/configuration"],
        ),
        (violation("destinations[7].x"), ["retry/configuration"] * 3),
        (reason("INVALID_CONVERSION_ACTION_ID"), ["retry/configuration"] * 3),
        (
            violation("events[1].x"),
            ["rejected/request", "rejected/event", "rejected/request"],
        ),
    ],
    ids=str,
)
def test_only_events_of_the_conversion_action_that_is_named_wait(
    detail: dict[str, Any], expected: list[str]
) -> None:
    outcomes = made().outcomes(request_of(*MIXED), error(400, "INVALID_ARGUMENT", detail))
    assert [f"{each.result}/{each.scope}" for each in outcomes] == expected


def of(action: str, told: dict[str, Any]) -> dict[str, Any]:
    return {"destination": {"reference": action, "productDestinationId": action}, **told}


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [("r-1 987", [OK, "rejected", OK]), ("r-1 654", ["none"] * 3), ("r-1 321", ["none"] * 3)],
)
def test_each_conversion_action_is_decided_on_its_own(ticket: str, expected: list[str]) -> None:
    statuses = [
        of("987", status("PARTIAL_SUCCESS", ("INVALID_GCLID", [1]))),
        of("654", status("PROCESSING")),
    ]
    body = json.dumps({"requestStatusPerDestination": statuses}).encode()
    verdicts = made().verdicts(ticket, 3, Response(200, {}, body))
    assert [told(each) for each in verdicts] == expected


def test_a_conversion_action_that_failed_as_a_whole_does_not_touch_the_others() -> None:
    statuses = [of("987", status("SUCCESS")), of("654", status("FAILED", ("INVALID_EVENT", None)))]
    body = json.dumps({"requestStatusPerDestination": statuses}).encode()
    response = Response(200, {}, body)
    assert [told(each) for each in made().verdicts("r-1 987", 2, response)] == [OK, OK]
    assert [told(each) for each in made().verdicts("r-1 654", 2, response)] == ["rejected"] * 2
