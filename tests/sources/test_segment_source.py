"""`segment`: the SDKs of Segment and RudderStack."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import Inbound, Refused
from gateway.sources.segment.source import Segment, SegmentSettings
from tests.sources.recorded_events import SEGMENT

Capture = Callable[..., list[Inbound]]

KEY = "WRITEKEY123"
SOURCE = Segment(SegmentSettings(type="segment", write_keys=["other", KEY]))


def post(path: str, body: Any, headers: dict[str, str] | None = None, query: str = "") -> Inbound:
    return Inbound("POST", path, query, headers or {}, orjson.dumps(body))


def one(message: dict[str, Any], path: str = "/v1/batch") -> Event:
    """The event in `message`."""
    batch = SOURCE.read(post(path, {"writeKey": KEY, "batch": [message]}))
    assert not batch.refused
    (event,) = batch.events
    return event


def captured(requests: list[Inbound]) -> list[Event]:
    events = []
    for request in requests:
        assert request.path in SOURCE.paths
        batch = SOURCE.read(request)
        assert not batch.refused
        assert not batch.trusted
        answer = SOURCE.answer(batch)
        assert (answer.status, answer.body) == (200, b'{"success":true}')
        events += batch.events
    return events


DENIED = {"consent": {"ad_storage": "denied"}}


@pytest.mark.parametrize(
    ("stated", "event"),
    [
        ({"consent.ad_storage": "denied"}, DENIED),
        ({"consent[ad_storage]": "denied"}, DENIED),
        ({"consent.ad_storage": ""}, DENIED),
        ({"gcs": "G100"}, {"gcs": "G100"}),
        ({"us_privacy": "1YYN", "gpp": "D"}, {"us_privacy": "1YYN", "gpp": "D"}),
        ({"gdpr": "1", "gdpr_consent": "?"}, {"gdpr": "1", "gdpr_consent": "?"}),
        ({"gcs": ""}, {}),
    ],
)
@pytest.mark.parametrize("place", ["properties", "context", "message", "batch"])
def test_consent_is_heard_wherever_it_stands(place: str, stated: Event, event: Event) -> None:
    named = {"type": "track", "event": "a"}
    message = {**named, **(stated if place == "message" else {place: stated})}
    if place == "batch":
        read = SOURCE.read(post("/v1/batch", {"writeKey": KEY, "batch": [named], **stated})).events
    else:
        read = [one(message)]
    assert read == [{"event_name": "a", **event}]


def test_two_statements_in_different_places_are_both_kept() -> None:
    message = {"type": "track", "event": "a", "gcs": "G100", "properties": {"gcs": "G111"}}
    assert one(message)["gcs"] == ["G100", "G111"]


@pytest.mark.parametrize("name", SEGMENT)
def test_recordings_field_by_field(capture: Capture, name: str) -> None:
    events = captured(capture(name))
    in_order = sorted(SEGMENT[name], key=lambda event: position(events, event["event_id"]))
    assert events == in_order


def position(events: list[Event], event_id: str) -> int:
    """The index of an event; browsers send in no particular order."""
    return [event["event_id"] for event in events].index(event_id)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            {
                "type": "page",
                "name": "Home",
                "category": "Docs",
                "properties": {
                    "url": "https://a.example/p?q=1",
                    "path": "/p",
                    "title": "T",
                    "referrer": "https://r.example/",
                    "search": "?q=1",
                    "color": "red",
                },
            },
            {
                "event_name": "page_view",
                "page_name": "Home",
                "category": "Docs",
                "page_location": "https://a.example/p?q=1",
                "page_path": "/p",
                "page_title": "T",
                "page_referrer": "https://r.example/",
                "color": "red",
            },
        ),
        (
            {
                "type": "identify",
                "traits": {
                    "email": "a@example.com",
                    "phone": 4366012345,
                    "firstName": "Ada",
                    "lastName": "L",
                    "name": "Ada L",
                    "birthday": "1815-12-10",
                    "gender": "female",
                    "plan": "pro",
                    "address": {
                        "street": "1 Rd",
                        "city": "Linz",
                        "state": "OÖ",
                        "postalCode": "4020",
                        "country": "AT",
                    },
                },
            },
            {
                "event_name": "identify",
                "user_properties": {"plan": "pro"},
                "user_data": {
                    "email_address": "a@example.com",
                    "phone_number": "4366012345",
                    "date_of_birth": "1815-12-10",
                    "gender": "female",
                    "address": {
                        "first_name": "Ada",
                        "last_name": "L",
                        "street": "1 Rd",
                        "city": "Linz",
                        "region": "OÖ",
                        "postal_code": "4020",
                        "country": "AT",
                    },
                },
            },
        ),
        (
            {"type": "group", "traits": {"email": "office@acme.example"}},
            {"event_name": "group", "group_traits": {"email": "office@acme.example"}},
        ),
        (
            {
                "type": "track",
                "event": "A",
                "context": {
                    "ip": "203.0.113.9",
                    "screen": {"width": 800, "height": 600, "innerWidth": 700},
                    "consent": {
                        "categoryPreferences": {
                            "ad_storage": True,
                            "analytics_storage": False,
                            "Advertising": True,
                            "ad_user_data": "yes",
                        }
                    },
                },
            },
            {
                "event_name": "A",
                "screen_resolution": "800x600",
                "ip_override": "203.0.113.9",
                "consent": {
                    "ad_storage": "granted",
                    "analytics_storage": "denied",
                    "ad_user_data": "granted",
                },
                "consent_categories": {"Advertising": True},
            },
        ),
        (
            {"type": "track", "event": "A", "context": "x", "properties": [1], "traits": 7},
            {"event_name": "A"},
        ),
        (
            {
                "type": "track",
                "event": "A",
                "userId": 17,
                "properties": {"event_name": "B", "user_id": "x", "ip_override": "203.0.113.9"},
                "originalTimestamp": "2026-01-02T03:04:05Z",
                "sentAt": "2026-01-02T03:04:06Z",
            },
            {
                "event_name": "A",
                "user_id": "17",
                "timestamp": 1767323045,
                "ip_override": "203.0.113.9",  # a claim, which the pipeline judges
            },
        ),
    ],
)
def test_messages(message: dict[str, Any], event: Event) -> None:
    assert one(message) == event


@pytest.mark.parametrize("nothing", ["", None])
def test_a_batch_that_does_not_say_when_it_was_sent_leaves_it_to_its_messages(nothing: Any) -> None:
    sent = "2026-01-02T03:04:06Z"
    messages = [{"type": "track", "event": "A", "sentAt": sent}, {"type": "track", "event": "B"}]
    body = {"writeKey": KEY, "batch": messages, "sentAt": nothing}
    assert SOURCE.read(post("/v1/batch", body)).sent == [sent]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/track", "A"),
        ("/v1/t", "A"),
        ("/v1/page", "page_view"),
        ("/v1/p", "page_view"),
        ("/v1/screen", "screen_view"),
        ("/v1/s", "screen_view"),
        ("/v1/identify", "identify"),
        ("/v1/i", "identify"),
        ("/v1/group", "group"),
        ("/v1/g", "group"),
        ("/v1/alias", "alias"),
        ("/v1/a", "alias"),
        ("/custom/base/t", "A"),
    ],
)
def test_the_path_says_what_a_call_without_a_type_is(path: str, name: str) -> None:
    batch = SOURCE.read(post(path, {"writeKey": KEY, "event": "A", "userId": "u"}))
    assert batch.events == [{"event_name": name, "user_id": "u"}]


@pytest.mark.parametrize("kind", ["Track", " track ", "TRACK"])
def test_the_type_of_a_call_in_any_case(kind: str) -> None:
    assert one({"type": kind, "event": "A"}) == {"event_name": "A"}


def basic(credentials: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(credentials.encode()).decode()}"}


@pytest.mark.parametrize(
    ("headers", "key", "query"),
    [
        (basic(f"{KEY}:"), None, ""),
        (basic(f"{KEY}:password"), None, ""),
        ({}, KEY, ""),
        (basic("wrong:"), KEY, ""),
        (basic(f"{KEY}:"), "wrong", ""),
        ({"x-write-key": KEY}, None, ""),
        ({}, None, f"writeKey={KEY}"),
        ({"authorization": f"Bearer {KEY}"}, None, ""),
        ({"authorization": f"bearer   {KEY} "}, None, ""),
        ({"authorization": "Bearer of-another-service"}, KEY, ""),
    ],
)
def test_the_key_may_stand_in_five_places(
    headers: dict[str, str], key: str | None, query: str
) -> None:
    body = {"type": "track", "event": "A", "writeKey": key}
    batch = SOURCE.read(post("/beacon/v1/batch", body, headers, query))
    assert [event["event_name"] for event in batch.events] == ["A"]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({}, ""),
        ({}, "wrong"),
        ({}, 123),
        ({}, [KEY]),
        (basic("wrong:"), "wrong"),
        (basic(""), None),
        ({"authorization": "Basic !!!"}, None),
        ({"authorization": "Basic ключ"}, None),
        ({"authorization": f"Token {KEY}"}, None),
        ({"authorization": "Bearer"}, None),
        ({"authorization": "Bearer ключ"}, None),
        ({"x-write-key": ""}, None),
    ],
)
def test_without_a_key_nothing_is_read(headers: dict[str, str], key: Any) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(post("/v1/track", {"event": "A", "writeKey": key}, headers))
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


def test_refused_messages_are_reported() -> None:
    batch = [{"type": "track", "event": "A"}, {"type": "track"}, {"type": "import"}, 7]
    read = SOURCE.read(post("/v1/batch", {"writeKey": KEY, "batch": batch}))
    answer = SOURCE.answer(read)
    report = orjson.loads(answer.body)
    assert (answer.status, report["success"], report["accepted"]) == (200, True, 1)
    assert [refusal["index"] for refusal in report["refused"]] == [1, 2, 3]
    read = SOURCE.read(post("/v1/batch", {"writeKey": KEY, "batch": batch[1:]}))
    answer = SOURCE.answer(read)
    assert (answer.status, orjson.loads(answer.body)["success"]) == (400, False)


def test_the_sdks_own_measurements_are_answered_and_not_recorded() -> None:
    read = SOURCE.read(post("/v1/m", {"writeKey": KEY, "series": [{"type": "Counter"}]}))
    assert not read.events
    assert not read.refused
    assert SOURCE.answer(read).status == 200
