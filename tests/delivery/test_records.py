"""Records: what was decided and what became of it, complete, and without a secret in them."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from destinations.base import DELIVERED, Destination, Outcome, Request, Response
from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.delivery.records import decision_record, outcome_records, request_record
from gateway.delivery.send import Attempt
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.queue.entry import Entry

NOW = 1_795_000_000.0
SECRET = "s3cr3t/1"
SETTINGS = parse_settings(
    """
sources: {site: {type: collect}}
enrichment: []
consent:
  default: {ad_storage: granted, analytics_storage: granted}
  regions: [{in: [DE], default: {ad_storage: denied}}]
rules: [{name: mark, set: {marked: true}}]
destinations:
  ga4: {type: ga4, measurement_id: G-1, api_secret: s3cr3t/1}
  web:
    type: webhook
    url: https://shop.example/
    headers: {x-key: s3cr3t/1}
    when: {event_name: purchase}
    rules: [{name: trim, remove: [page_title]}]
""",
    environment={},
)


def test_a_decision() -> None:
    event = {
        "event_name": "purchase",
        "event_id": "e-1",
        "consent": {"analytics_storage": "denied"},
        "user_data": {"email_address": "jo@example.com"},
    }
    record = decision_record(compile_pipeline(SETTINGS)(event, Received("site", NOW)))

    withheld = {
        "decision": "withheld",
        "stage": "consent",
        "reason": "no consent for analytics_storage",
        "rules": (),
    }
    assert record == {
        "kind": "decision",
        "browser": "",
        "at": NOW,
        "event_id": "e-1",
        "event_name": "purchase",
        "source": "site",
        "version": SETTINGS.version,
        "rules": ("mark",),
        "consent": {
            "states": {"ad_storage": "denied", "analytics_storage": "denied"},
            "defaults": ["default for an unknown place"],
            "place_unknown": "the event has no address",
        },
        "destinations": {"ga4": withheld, "web": withheld},
    }
    assert b"jo@example.com" not in orjson.dumps(record)


def test_a_decision_to_send() -> None:
    event = {"event_name": "purchase", "consent": {"analytics_storage": "granted"}}
    record = decision_record(compile_pipeline(SETTINGS)(event, Received("site", NOW)))
    sent = {"decision": "send", "stage": "", "reason": ""}
    assert record["destinations"] == {
        "ga4": {**sent, "rules": ()},
        "web": {**sent, "rules": ("trim",)},
    }
    assert len(record["event_id"]) == 32


def entries(*browsers: str) -> list[Entry]:
    """An event for each of `browsers`."""
    return [
        Entry(
            b"%d-0" % number,
            number + 1,
            {"event_name": "purchase", "event_id": f"e-{number}", "client_id": "c"},
            "site",
            NOW,
            "version",
            ["mark"],
            demo_browser=browser,
        )
        for number, browser in enumerate(browsers)
    ]


def attempt(
    outcomes: Sequence[Outcome], response: Response | None, browsers: Sequence[str] = ()
) -> tuple[Any, Attempt]:
    """browsers: of each event; by default one and the same."""
    destination: Destination[Any] = build_destination(SETTINGS.destinations["ga4"])
    waiting = entries(*(browsers or ["b1"] * len(outcomes)))
    (request,) = destination.requests([entry.event for entry in waiting], NOW)
    assert isinstance(request, Request)
    return destination, Attempt(waiting, request, response, outcomes, NOW)


def test_outcomes_one_for_each_event() -> None:
    outcomes = [DELIVERED, Outcome("rejected", f"a wrong key: {SECRET}")]
    destination, tried = attempt(outcomes, Response(200, {}, b"no key " + SECRET.encode()))

    first, second = outcome_records("ga4", destination, False, tried)

    assert first == {
        "kind": "outcome",
        "browser": "b1",
        "at": NOW,
        "event_id": "e-0",
        "event_name": "purchase",
        "destination": "ga4",
        "result": "delivered",
        "reason": "",
        "dry_run": False,
        "attempt": 1,
        "version": "version",
        "request": request_record(destination, tried.request),
        "response": {"status": 200, "body": "no key ***"},
    }
    assert second == {
        **first,
        "event_id": "e-1",
        "result": "rejected",
        "reason": "a wrong key: ***",
        "attempt": 2,
    }
    assert b"s3cr3t" not in orjson.dumps([first, second])


def test_events_that_no_browser_of_the_demo_sent_have_no_records() -> None:
    destination, tried = attempt([DELIVERED, DELIVERED], Response(200, {}, b""), ["", ""])
    assert outcome_records("ga4", destination, False, tried) == []


@pytest.mark.parametrize("browsers", [("b1", "b2"), ("b1", "")], ids=["two browsers", "others"])
def test_what_a_request_has_for_several_is_shown_to_none(browsers: tuple[str, str]) -> None:
    """A request with two events, and the vendor's words about it, may quote either of them."""
    outcomes = [Outcome("rejected", "not e-1"), Outcome("rejected", "not e-0")]
    destination, tried = attempt(outcomes, Response(400, {}, b"e-0 and e-1"), browsers)
    records = outcome_records("ga4", destination, False, tried)
    assert [record["browser"] for record in records] == [name for name in browsers if name]
    for record, other in zip(records, ("e-1", "e-0"), strict=False):
        assert record["result"] == "rejected"
        assert other.encode() not in orjson.dumps(record)
        assert "other visitors" in record["request"]["body"]


def test_an_outcome_without_an_answer() -> None:
    destination, tried = attempt([Outcome("retry", "could not connect")], None)
    (record,) = outcome_records("ga4", destination, True, tried)
    assert record["response"] is None
    assert record["dry_run"] is True


def test_a_long_or_binary_answer_is_cut_and_readable() -> None:
    destination, tried = attempt([DELIVERED], Response(200, {}, b"\xff" + b"x" * 5000))
    (record,) = outcome_records("ga4", destination, False, tried)
    assert record["response"]["body"] == "�" + "x" * 1999


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a": [1, "s3cr3t/1"]}', {"a": [1, "***"]}),
        (b"a=1&k=s3cr3t%2F1", "a=1&k=***"),
        (b"\xff{", "�{"),
        (b"", ""),
    ],
)
def test_a_request_as_it_may_be_shown(body: bytes, shown: Any) -> None:
    destination: Destination[Any] = build_destination(SETTINGS.destinations["ga4"])
    request = Request("POST", f"https://x.example/?k={SECRET}", {"x-key": SECRET}, body, (0,))
    assert request_record(destination, request) == {
        "method": "POST",
        "url": "https://x.example/?k=***",
        "headers": {"x-key": "***"},
        "body": shown,
    }


def test_an_access_token_that_is_added_later_is_shown_as_one() -> None:
    destination: Destination[Any] = build_destination(SETTINGS.destinations["ga4"])
    request = Request("POST", "https://x.example/", {}, b"", (0,), credential="crm")
    assert request_record(destination, request)["headers"] == {"authorization": "Bearer ***"}
