"""GA4 through the Data Manager API: requests, responses, and results that follow later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from destinations.base import Request, Response, Unsendable
from destinations.ga4 import GA4, GA4Settings
from gateway.event import Event, read_event
from gateway.stages.anonymise import compile_anonymise
from gateway.testing.events import FIELDS, NOW, SAMPLES, readable
from tests.vendors.google_data_manager import GoogleDataManager as Vendor

WEB = {"measurement_id": "G-TEST000001"}
APP = {"firebase_app_id": "1:12345:ios:321abc"}
NORMALISATION = Path(__file__).parents[1] / "normalisation.json"
VECTORS = [
    vector
    for vector in json.loads(NORMALISATION.read_bytes())
    if vector["destination"] == "google_data_manager"
]
DIGEST = "9b" * 32
OF_ADDRESS = {
    "given_name": "first_name",
    "family_name": "last_name",
    "address_line": "street",
    "region_code": "country",
    "postal_code": "postal_code",
    "city": "city",
    "administrative_area": "region",
}


def ga4(**changes: Any) -> GA4:
    settings = {"transport": "data_manager", "property_id": "123", "credential": "google"}
    stream = {} if "firebase_app_id" in changes else WEB
    return GA4(GA4Settings(**{**settings, **stream, **changes}))


def event(name: str = "contact", **fields: Any) -> Event:
    raw = {"event_name": name, "event_id": "e-1", "client_id": "1.2", "timestamp": NOW - 60}
    return read_event({**raw, **fields})


def request_of(*events: Event, **changes: Any) -> Request:
    (request,) = ga4(**changes).requests(events, NOW)
    assert isinstance(request, Request)
    return request


def sent(raw: Event, **changes: Any) -> dict[str, Any]:
    first: dict[str, Any] = json.loads(request_of(raw, **changes).body)["events"][0]
    return first


def named(values: list[dict[str, str]], key: str = "parameterName") -> dict[str, str]:
    return {each[key]: each["value"] for each in values}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"eventName": "contact", "clientId": "1.2", "eventSource": "WEB"}),
        ({"timestamp": NOW - 60.25}, {"eventTimestamp": "2026-11-20T23:59:59.750Z"}),
        ({"user_id": "u-7"}, {"userId": "u-7"}),
        ({"client_id": None, "user_id": "u-7"}, {"userId": "u-7"}),
        ({}, {"transactionId": None, "userData": None, "consent": None, "cartData": None}),
        ({"transaction_id": "o-1"}, {"transactionId": "o-1"}),
        ({"value": 9.5, "currency": "EUR"}, {"conversionValue": 9.5, "currency": "EUR"}),
        ({"params": {"value": "high", "currency": "euros"}}, {"conversionValue": None}),
        ({"params": {"currency": "euros"}}, {"currency": None}),
        ({"coupon": "SALE"}, {"cartData": {"couponCodes": ["SALE"]}}),
        (
            {"items": [{"item_id": "A", "price": 5, "quantity": 2, "discount": 0.5}]},
            {
                "cartData": {
                    "items": [
                        {
                            "itemId": "A",
                            "unitPrice": 5,
                            "quantity": 2,
                            "additionalItemParameters": [
                                {"parameterName": "discount", "value": "0.5"}
                            ],
                        }
                    ]
                }
            },
        ),
        (
            {"items": [{"item_id": "A", "quantity": 1.5}]},
            {"cartData": {"items": [{"itemId": "A"}]}},
        ),
        ({"customer_type": "new"}, {"userProperties": {"customerType": "NEW"}}),
        (
            {"user_properties": {"tier": "gold", "age": 7}},
            {
                "userProperties": {
                    "additionalUserProperties": [
                        {"propertyName": "tier", "value": "gold"},
                        {"propertyName": "age", "value": "7"},
                    ]
                }
            },
        ),
        (
            {"consent": {"ad_user_data": "granted", "ad_personalization": "denied"}},
            {"consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"}},
        ),
        (
            {"event_location": {"country": "US", "region": "CA", "city": "Fresno"}},
            {
                "eventLocation": {
                    "regionCode": "US",
                    "subdivisionCode": "US-CA",
                    "city": "Fresno",
                }
            },
        ),
        (
            {"ip_override": "203.0.113.7", "user_agent": "Mozilla/5.0"},
            {"eventDeviceInfo": {"userAgent": "Mozilla/5.0", "ipAddress": "203.0.113.7"}},
        ),
        (
            {"screen_resolution": "1280x720", "language": "de", "device": {"category": "tablet"}},
            {
                "eventDeviceInfo": {
                    "category": "tablet",
                    "languageCode": "de",
                    "screenWidth": 1280,
                    "screenHeight": 720,
                }
            },
        ),
        ({"user_data": {"email_address": "a@x.example"}}, {"eventDeviceInfo": None}),
    ],
    ids=str,
)
def test_an_event_in_data_managers_format(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = sent(event(**given))
    assert {key: found.get(key) for key in expected} == expected


def test_parameters_are_texts_and_none_has_a_field_of_its_own_elsewhere() -> None:
    raw = event(ga_session_id="77", score=2.0, flag=True, value=1, currency="EUR", coupon="C")
    assert named(sent(raw)["additionalEventParameters"]) == {
        "event_id": "e-1",
        "session_id": "77",
        "score": "2",
        "flag": "true",
        "engagement_time_msec": "1",
    }


def test_a_request_goes_to_the_stream() -> None:
    request = request_of(event(), event())
    account = {"accountType": "GOOGLE_ANALYTICS_PROPERTY", "accountId": "123"}
    assert request.url == "https://datamanager.googleapis.com/v1/events:ingest"
    assert request.credential == "google"
    assert request.events == (0, 1)
    assert not request.test
    assert json.loads(request.body)["destinations"] == [
        {
            "operatingAccount": account,
            "loginAccount": account,
            "productDestinationId": "G-TEST000001",
        }
    ]


def test_an_app_stream_has_app_instances() -> None:
    found = sent(event(app_instance_id="f00"), **APP)
    assert (found["appInstanceId"], found["eventSource"]) == ("f00", "APP")
    assert "clientId" not in found


def test_events_for_debug_view_go_in_requests_of_their_own() -> None:
    events = [event(debug_mode=debug) for debug in (None, True, True, None)]
    requests = [each for each in ga4().requests(events, NOW) if isinstance(each, Request)]
    assert [(each.events, each.test) for each in requests] == [((0, 3), False), ((1, 2), True)]
    shown = json.loads(requests[1].body)["events"][0]["additionalEventParameters"]
    assert named(shown)["debug_mode"] == "true"


def test_events_for_debug_view_are_counted_and_so_submitted() -> None:
    vendor = Vendor(now=lambda: NOW)
    for checked, result in ((False, "submitted"), (True, "delivered")):
        request = request_of(event(debug_mode=True), validate_only=checked)
        assert request.test
        outcomes = ga4(validate_only=checked).outcomes(request, answered(vendor, request))
        assert [each.result for each in outcomes] == [result]
    assert len(vendor.kept) == 1


def test_an_anonymous_event_tells_nothing_of_the_visitor() -> None:
    raw = event(user_data={"email_address": "a@x.example"}, ip_override="203.0.113.7", user_id="u")
    found = sent(compile_anonymise()(raw))
    assert found["consent"] == {
        "adUserData": "CONSENT_DENIED",
        "adPersonalization": "CONSENT_DENIED",
    }
    assert found["clientId"] != "1.2"
    assert not {"userId", "userData", "eventLocation"} & found.keys()


def test_personal_data_is_not_sent_without_consent() -> None:
    raw = event(user_data={"email_address": "a@x.example"}, consent={"ad_user_data": "denied"})
    assert "userData" not in sent(raw)


@pytest.mark.parametrize(
    ("name", "stream", "reason"),
    [
        ("session_start", WEB, "event_name is reserved"),
        ("screen_view", APP, "event_name is reserved"),
        ("ä", WEB, "event_name must start"),
        ("contact", APP, "app_instance_id is missing"),
    ],
)
def test_what_google_refuses_is_unsendable(name: str, stream: dict[str, Any], reason: str) -> None:
    refused = event(name)
    destination = ga4(**stream)
    assert destination.unsendable(refused).startswith(reason)
    (result,) = destination.requests([refused], NOW)
    assert isinstance(result, Unsendable)


def test_the_time_of_user_engagement_counts_under_another_name() -> None:
    assert sent(event("user_engagement", engagement_time_msec=5))["eventName"] == "engagement"


def test_a_late_event_keeps_its_time_or_gets_one_of_72_hours_ago() -> None:
    late = event(timestamp=NOW - 80 * 3600)
    assert sent(late)["eventTimestamp"] == "2026-11-17T16:01:00.000Z"
    assert sent(late, too_old="clamp")["eventTimestamp"] == "2026-11-18T00:02:00.000Z"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"property_id": None}, "needs property_id and credential"),
        ({"credential": None}, "needs property_id and credential"),
        ({"property_id": "shop"}, "property_id"),
        ({"too_old": "send_without_time"}, "needs a time"),
        ({"validate_share": 0.1}, "validate_share"),
        ({"transport": "gtag"}, "property_id: only transport: data_manager uses it"),
        ({"transport": "measurement_protocol", "api_secret": "s"}, "only transport: data_manager"),
    ],
    ids=str,
)
def test_settings_that_cannot_work(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ga4(**changes)


def test_the_url_and_the_credential_follow_from_the_transport() -> None:
    assert list(ga4().hosts()) == ["datamanager.googleapis.com"]
    assert list(ga4().settings.credential_names()) == ["google"]
    assert list(ga4(base_url="http://localhost:1").hosts()) == ["localhost"]
    assert list(GA4Settings(**WEB, api_secret="s").credential_names()) == []


def test_only_a_purchase_with_a_transaction_is_recognised() -> None:
    assert ga4().recognises(event("purchase", transaction_id="o-1"), 60)
    assert not ga4().recognises(event(), 60)


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda vector: f"{vector['field']}-{vector['input']}"
)
def test_vector(vector: dict[str, Any]) -> None:
    field, text = vector["field"], vector["input"]
    person: dict[str, Any]
    if field in OF_ADDRESS:
        whole = {"first_name": "a", "last_name": "b", "country": "DE", "postal_code": "1"}
        person = {"address": whole | {OF_ADDRESS[field]: text}}
    else:
        person = {"email_address" if "email" in field else "phone_number": text}
    identifiers = sent(event(user_data=person)).get("userData", {"userIdentifiers": []})
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


def test_an_address_is_complete_or_left_out() -> None:
    address = {"first_name": "a", "last_name": "b", "city": "Berlin", "country": "DE"}
    assert "userData" not in sent(event(user_data={"address": address}))


def test_a_mapping_sets_parameters_properties_and_hashes() -> None:
    fields: dict[str, Any] = {
        "params.plan": {"field": "user_properties.tier"},
        "params.coupon": None,
        "user_data.sha256_email_address": {"field": "user_data.email_address"},
    }
    raw = event(
        coupon="C",
        user_properties={"tier": "gold"},
        user_data={"email_address": "Jane.Doe+News@gmail.com"},
    )
    found = sent(raw, mapping={"fields": fields})
    assert named(found["additionalEventParameters"])["plan"] == "gold"
    assert "cartData" not in found
    expected = next(each["sha256"] for each in VECTORS if each["field"] == "email")
    assert found["userData"]["userIdentifiers"] == [{"emailAddress": expected}]


@pytest.mark.parametrize(
    "fields",
    [
        {"user_data": "x"},
        {"user_data.address": "x"},
        {"user_data.address": {"literal": [{"city": "Berlin"}]}},
        {"user_properties": "x"},
        {"params": "x"},
    ],
    ids=str,
)
def test_a_mapping_that_makes_nonsense_harms_no_event(fields: dict[str, Any]) -> None:
    assert "userData" not in sent(event(), mapping={"fields": fields})


def answered(vendor: Vendor, request: Request) -> Response:
    url = urlsplit(request.url)
    answer = vendor.answer(request.method, url.path, url.query, request.body)
    return Response(answer.status, answer.headers, answer.body)


def test_a_request_and_its_verdicts_as_the_strict_vendor_has_them() -> None:
    vendor = Vendor(reasons={"o-2": "EVENT_TOO_OLD"}, processing=1, now=lambda: NOW)
    destination = ga4()
    request = request_of(*(event("purchase", transaction_id=order) for order in ("o-1", "o-2")))
    outcome = next(iter(destination.outcomes(request, answered(vendor, request))))
    assert (outcome.result, outcome.ticket) == ("submitted", "request/0")
    question = destination.poll(outcome.ticket)
    assert question is not None
    assert [*destination.verdicts(outcome.ticket, 2, answered(vendor, question))] == [None] * 2
    verdicts = [*destination.verdicts(outcome.ticket, 2, answered(vendor, question))]
    assert [each and each.result for each in verdicts] == ["delivered", "expired"]


@pytest.mark.parametrize(
    ("reason", "scope", "words"),
    [
        ("INVALID_STREAM_TYPE", "configuration", "type of the stream"),
        ("INVALID_PROPERTY_TYPE", "configuration", "type of the property"),
        (
            "GOOGLE_ANALYTICS_SUBPROPERTY_OR_ROLLUP_PROPERTY_NOT_ALLOWED",
            "configuration",
            "property_id",
        ),
        ("INVALID_ARGUMENT", "configuration", "`property_id`, `measurement_id`"),
    ],
)
def test_a_wrong_stream_loses_no_event(reason: str, scope: str, words: str) -> None:
    violation = {"field": "destinations[0].product_destination_id", "reason": reason}
    details = [{"fieldViolations": [violation]}]
    error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "no", "details": details}
    response = Response(400, {}, json.dumps({"error": error}).encode())
    for outcome in ga4().outcomes(request_of(event(), event()), response):
        assert (outcome.result, outcome.scope) == ("retry", scope)
        assert words in outcome.reason


@pytest.mark.parametrize("stream", [WEB, APP], ids=["web", "app"])
@given(data=st.data())
def test_google_takes_all_that_we_send(stream: dict[str, Any], data: st.DataObject) -> None:
    drawn = st.builds(lambda a, b: {**a, **b}, st.sampled_from([{}, *SAMPLES]), FIELDS)
    events = readable(data.draw(st.lists(drawn, max_size=4)))
    recent = [each for each in events if NOW - each.get("timestamp", NOW) < 72 * 3600]
    vendor = Vendor(now=lambda: NOW)
    destination = ga4(**stream)
    given = [{**each, "app_instance_id": "f00"} for each in recent]
    for request in destination.requests(given, NOW):
        if isinstance(request, Request):
            outcomes = list(destination.outcomes(request, answered(vendor, request)))
            assert {each.result for each in outcomes} == {"submitted"}, outcomes


WHOLE: dict[str, Any] = {
    "eventName": "contact",
    "eventTimestamp": "2026-11-21T00:00:00.000Z",
    "eventSource": "WEB",
    "clientId": "1.2",
}


@pytest.mark.parametrize(
    "change",
    [
        {"eventName": "session_start"},
        {"eventName": "a b"},
        {"eventName": None},
        {"clientId": ""},
        {"appInstanceId": "f00"},
        {"eventSource": "APP"},
        {"eventTimestamp": "2026-11-17T00:00:00.000Z"},
        {"adIdentifiers": {"gclid": "g"}},
        {"currency": "Euro"},
        {"conversionValue": "9"},
        {"cartData": {"couponCodes": ["A", "B"]}},
        {"cartData": {"items": [{"itemId": "A", "item_name": "B"}]}},
        {"additionalEventParameters": [{"parameterName": "value", "value": "9"}]},
        {"additionalEventParameters": [{"parameterName": "ga_x", "value": "9"}]},
        {"additionalEventParameters": [{"parameterName": "level", "value": 9}]},
        {"additionalEventParameters": [{"parameterName": "a", "value": "9"}] * 26},
        {
            "userProperties": {
                "additionalUserProperties": [{"propertyName": "user_id", "value": ""}]
            }
        },
        {"eventDeviceInfo": {"category": "fridge"}},
        {"eventLocation": {"regionCode": "Germany"}},
        {"eventLocation": {"subdivisionCode": "Berlin"}},
        {"userData": {"userIdentifiers": [{"emailAddress": "a@x.example"}]}},
        {"userData": {"userIdentifiers": [{"address": {"givenName": DIGEST}}]}},
    ],
    ids=str,
)
def test_the_strict_vendor_refuses_the_request_for_one_event(change: dict[str, Any]) -> None:
    vendor = Vendor(now=lambda: NOW)
    body = json.loads(request_of(event()).body)
    body["events"] = [WHOLE, {**WHOLE, **change}]
    answer = vendor.answer("POST", "/v1/events:ingest", "", json.dumps(body).encode())
    assert answer.status == 400
    violations = json.loads(answer.body)["error"]["details"][1]["fieldViolations"]
    assert violations
    assert all(each["field"].startswith("events[1]") for each in violations)
    assert vendor.kept == []
