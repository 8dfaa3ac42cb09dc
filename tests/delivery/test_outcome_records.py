"""The demo shop shows outcomes completely and without secrets."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from destinations.base import DELIVERED, Destination, Outcome, Request, Response
from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.delivery.exchange import request_record
from gateway.delivery.outcome_records import outcome_records
from gateway.delivery.send import Attempt
from gateway.queue.entry import Entry

NOW = 1_795_000_000.0
SECRET = "s3cr3t/1"
SETTINGS = parse_settings(
    """
sources: {site: {type: collect}}
destinations: {ga4: {type: ga4, measurement_id: G-1, api_secret: s3cr3t/1}}
""",
    environment={},
)


def entries(*browsers: str) -> list[Entry]:
    """An entry for each of `browsers`."""
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
    """browsers: one for each event; by default all events are from the same one."""
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
    """A request with two events, and the response to it, may quote either of them."""
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
