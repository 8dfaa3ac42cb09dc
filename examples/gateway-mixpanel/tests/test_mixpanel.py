"""The destination `mixpanel`."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gateway_mixpanel import Mixpanel, MixpanelSettings

from gateway.plugins import DELIVERED, Event, Outcome, Request, Response, Unsendable
from gateway.testing import DestinationSuite, check_example, example_files, load_example

NOW = 1795219260.0
SETTINGS = {"project_id": "1234567", "username": "gateway.mp", "secret": "s3cret/t+ken="}
FAILED: dict[str, Any] = {
    "code": 400,
    "error": "some data points in the request failed validation",
    "status": "Bad Request",
    "num_records_imported": 1,
    "failed_records": [
        {
            "index": 1,
            "insert_id": "order-1001",
            "field": "properties.time",
            "message": "'properties.time' is invalid",
        }
    ],
}
BUSY = {"code": 429, "error": "Project exceeded rate limits.", "status": "Too Many Requests"}


class TestEveryDestination(DestinationSuite):
    destination = Mixpanel(MixpanelSettings.model_validate(SETTINGS))
    mapped_field = "properties.mapped"
    answers = (FAILED, BUSY, {"code": 200, "num_records_imported": 2, "status": "OK"})


@pytest.mark.parametrize("file", example_files(Mixpanel), ids=lambda file: file.stem)
def test_an_example_is_what_it_does(file: Path) -> None:
    check_example(Mixpanel, load_example(file))


def mixpanel(**changes: object) -> Mixpanel:
    return Mixpanel(MixpanelSettings.model_validate({**SETTINGS, **changes}))


def imported(event: Event) -> dict[str, Any]:
    """What Mixpanel gets of `event`."""
    (request,) = mixpanel().requests([event], NOW)
    assert isinstance(request, Request)
    (sent,) = json.loads(request.body)
    return dict(sent)


VISITOR = {"client_id": "1.1", "timestamp": NOW - 60}


def test_the_request_of_a_purchase() -> None:
    purchase = {
        "event_name": "purchase",
        "event_id": "order-1001",
        **VISITOR,
        "user_id": "u-7",
        "ip_override": "203.0.113.0",
        "page_location": "https://shop.example/done",
        "currency": "EUR",
        "items": [{"item_id": "shoe", "price": 89.9, "quantity": 1}],
        "user_data": {"email_address": "ada@example.com"},
        "consent": {"analytics_storage": "granted"},
    }
    (request,) = mixpanel(region="eu").requests([purchase], NOW)
    assert isinstance(request, Request)
    assert request.method == "POST"
    assert request.url == "https://api-eu.mixpanel.com/import?strict=1&project_id=1234567"
    assert request.headers == {
        "content-type": "application/json",
        "authorization": f"Basic {b64encode(b'gateway.mp:s3cret/t+ken=').decode()}",
    }
    assert json.loads(request.body) == [
        {
            "event": "purchase",
            "properties": {
                "time": 1795219200000,
                "distinct_id": "u-7",
                "$insert_id": "order-1001",
                "$user_id": "u-7",
                "$device_id": "1.1",
                "value": 89.9,
                "ip": "203.0.113.0",
                "$current_url": "https://shop.example/done",
                "currency": "EUR",
                "items": [{"item_id": "shoe", "price": 89.9, "quantity": 1}],
            },
        }
    ]


@pytest.mark.parametrize(
    ("visitor", "distinct_id"),
    [
        ({"client_id": "1.1"}, "1.1"),
        ({"user_id": "u-7"}, "u-7"),
        ({"client_id": "1.1", "user_id": "u-7"}, "u-7"),
        ({"client_id": "1.1", "user_id": "Anonymous"}, "1.1"),
    ],
)
def test_who_it_is(visitor: Mapping[str, str], distinct_id: str) -> None:
    sent = imported({"event_name": "a", **visitor})
    assert sent["properties"]["distinct_id"] == distinct_id


@pytest.mark.parametrize("visitor", [{}, {"user_id": "null"}, {"client_id": "n/a"}])
def test_an_event_of_no_visitor_is_withheld(visitor: Mapping[str, str]) -> None:
    event = {"event_name": "a", **visitor}
    reason = mixpanel().unsendable(event)
    assert reason.startswith("user_id or client_id is needed")
    assert list(mixpanel().requests([event], NOW)) == [Unsendable(0, reason)]


@pytest.mark.parametrize("event_id", ["", "order/1001", "a" * 37, "ä"])
def test_every_attempt_has_the_same_short_id(event_id: str) -> None:
    event = {"event_name": "a", **VISITOR, "event_id": event_id}
    sent = imported(event)["properties"]["$insert_id"]
    assert len(sent) == 36
    assert sent.isalnum()
    assert imported(event)["properties"]["$insert_id"] == sent
    assert (
        imported({**event, "event_name": "b", "event_id": "b"})["properties"]["$insert_id"] == "b"
    )


def test_fields_beyond_the_limit_are_cut_and_the_own_ones_are_not() -> None:
    many = {f"field_{number}": number for number in range(300)}
    properties = imported({"event_name": "a", **VISITOR, "event_id": "e-1", **many})["properties"]
    assert len(properties) == 255
    assert {"time", "distinct_id", "$insert_id", "$device_id", "field_0"} <= properties.keys()


def test_requests_are_cut_by_their_bytes() -> None:
    events = [{"event_name": "a", **VISITOR, "text": "x" * 900_000}] * 5
    requests = [each for each in mixpanel().requests(events, NOW) if isinstance(each, Request)]
    assert [request.events for request in requests] == [(0, 1), (2, 3), (4,)]
    assert all(len(request.body) <= 2_000_000 for request in requests)
    huge = {**events[0], "text": "x" * 1_000_000}
    (unsendable,) = mixpanel().requests([huge], NOW)
    assert unsendable == Unsendable(0, "the event has more than 1000000 bytes")


REFUSED = Outcome(
    "rejected",
    "Mixpanel refused the event: properties.time: 'properties.time' is invalid",
)
SAID = "some data points in the request failed validation"
UNCLEAR = Outcome("rejected", f"HTTP 400: {SAID}", "request")


@pytest.mark.parametrize(
    ("status", "answer", "outcomes"),
    [
        (200, {"code": 200, "num_records_imported": 2, "status": "OK"}, [DELIVERED] * 2),
        (400, FAILED, [DELIVERED, REFUSED]),
        (400, {**FAILED, "num_records_imported": 2}, [UNCLEAR] * 2),
        (400, {**FAILED, "failed_records": [{"index": 7}]}, [UNCLEAR] * 2),
        (400, {**FAILED, "failed_records": []}, [UNCLEAR] * 2),
        (
            401,
            {"error": "Invalid credentials"},
            [Outcome("retry", "HTTP 401: Invalid credentials", "configuration")] * 2,
        ),
        (
            413,
            {"error": "request exceeds max limit"},
            [Outcome("rejected", "HTTP 413: request exceeds max limit", "request")] * 2,
        ),
        (
            429,
            BUSY,
            [Outcome("retry", "HTTP 429: Project exceeded rate limits.", "destination", 1.0)] * 2,
        ),
    ],
)
def test_answers(status: int, answer: object, outcomes: list[Outcome]) -> None:
    request = Request("POST", "https://api.mixpanel.com/import", {}, b"[]", (0, 1))
    response = Response(status, body=json.dumps(answer).encode())
    assert list(mixpanel().outcomes(request, response)) == outcomes
