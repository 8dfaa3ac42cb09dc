"""The pure parts of the Python client: how an event is written, what an answer means, what is sent
again and when."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest
from gateway_client.answers import MAX_RETRY_AFTER, Reading, read_answer
from gateway_client.entries import make_entry
from gateway_client.requests import request_body, request_headers
from gateway_client.sender import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_PAUSE,
    MAX_QUEUED_BYTES,
    Response,
    Sender,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.base import Inbound
from gateway.sources.events import Events, EventsSettings


class Colour(Enum):
    RED = "red"


def written(**fields: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(make_entry({"event_name": "purchase", **fields}).body)
    return event


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        (Decimal("59.80"), 59.8),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00+00:00"),
        (date(2026, 3, 1), "2026-03-01"),
        (uuid.UUID(int=17), "00000000-0000-0000-0000-000000000011"),
        (Colour.RED, "red"),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (OrderedDict(a=Decimal(1)), {"a": 1.0}),
        ((1, 2), [1, 2]),
        (frozenset(["a"]), ["a"]),
        (range(2), [0, 1]),
        ("caf\u00e9 \u2028", "caf\u00e9 \u2028"),
        (b"bytes", None),
        (object(), None),
    ],
)
def test_a_value_is_written_as_json_or_left_out(value: object, json_value: object) -> None:
    assert written(field=value)["field"] == json_value


def test_a_value_that_is_left_out_is_named_by_its_type_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    written(field=b"ada@example.com")
    assert "type bytes was left out" in caplog.text
    assert "ada@" not in caplog.text


def test_an_event_gets_an_id_and_a_time_unless_it_has_them() -> None:
    made = written()
    assert uuid.UUID(made["event_id"])
    assert made["timestamp"] > 1.7e9
    assert written()["event_id"] != made["event_id"]
    own = {"event_name": "purchase", "event_id": "0", "timestamp": 5}
    assert written(event_id=0, timestamp=5) == own
    assert written(event_id="", timestamp=None, user_id=None)["event_id"]


def test_a_later_change_of_the_fields_does_not_change_the_event() -> None:
    items = [{"item_id": "MUG"}]
    entry = make_entry({"event_name": "purchase", "items": items})
    items[0]["item_id"] = "CUP"
    assert json.loads(entry.body)["items"] == [{"item_id": "MUG"}]


def test_an_event_that_contains_itself_is_refused_without_repeating_it() -> None:
    loop: dict[str, Any] = {"email": "ada@example.com"}
    loop["self"] = loop
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (loop, deep):
        with pytest.raises(ValueError, match="nested too deep") as raised:
            written(field=value)
        assert "ada@" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["metrics.shop.example/events", "", "ftp://shop.example", "/events", "http://[::1"]
)
def test_a_url_that_cannot_work_is_a_mistake(url: str) -> None:
    with pytest.raises(ValueError, match="like https://"):
        request_headers(url, "key")


@pytest.mark.parametrize("key", ["", "a b", "k\u00e9y", "key\n"])
def test_a_key_that_cannot_work_is_a_mistake_that_does_not_repeat_it(key: str) -> None:
    with pytest.raises(ValueError, match="must be one of the `keys`") as raised:
        request_headers("https://metrics.shop.example/events", key)
    assert not key or key not in str(raised.value)


def test_the_source_reads_what_the_client_writes() -> None:
    names = ["a", "\ud83d", "\x00", 'quote "', "x" * 100]
    body = request_body([make_entry({"event_name": "n", "field": name}) for name in names])
    headers = request_headers("http://gateway/events", "k" * 16)
    source = Events(EventsSettings(type="events", keys=["k" * 16]))
    batch = source.read(Inbound("POST", "/events", "", headers, body))
    assert [event["field"] for event in batch.events] == [
        "a",
        "\ufffd",
        "\ufffd",
        'quote "',
        "x" * 100,
    ]
    assert batch.trusted


REPORT = {"accepted": 2, "event_ids": ["0", "2"], "refused": [{"index": 1, "reason": "no name"}]}
EVERYTHING = frozenset(range(3))
KEY = "check the key"
URL = "check the URL"


@pytest.mark.parametrize(
    ("status", "content", "reading"),
    [
        (200, {"accepted": 3, "refused": [], "event_ids": ["0", "1", "2"]}, Reading()),
        (204, None, Reading()),
        (200, REPORT, Reading({1: "no name"})),
        (
            400,
            {"accepted": 0, "refused": [{"index": n, "reason": "bad"} for n in range(3)]},
            Reading({0: "bad", 1: "bad", 2: "bad"}, problem="*"),
        ),
        (400, {"error": "no events"}, Reading({}, EVERYTHING, "no events", is_too_much=True)),
        (413, None, Reading({}, EVERYTHING, "the answer was 413", is_too_much=True)),
        (503, {"error": "away"}, Reading({}, EVERYTHING, "away")),
        (503, {"error": "full", "events": [{"index": 2}]}, Reading({}, frozenset([2]), "full")),
        (503, {"error": "full", "events": [{"index": 9}]}, Reading({}, EVERYTHING, "full")),
        (429, None, Reading({}, EVERYTHING, "the answer was 429")),
        (401, {"error": "no"}, Reading({}, EVERYTHING, KEY)),
        (403, None, Reading({}, EVERYTHING, KEY)),
        (404, None, Reading({}, EVERYTHING, URL)),
        (301, None, Reading({}, EVERYTHING, URL)),
        (200, "<html>", Reading({}, EVERYTHING, URL)),
        (200, [1], Reading({}, EVERYTHING, URL)),
        (502, "<html>", Reading({}, EVERYTHING, "the answer was 502")),
        (503, {"error": "a\nb" * 200}, Reading({}, EVERYTHING, "a\\nb")),
        (200, {"accepted": 3, "refused": [7, {"index": "1"}, {"index": True}]}, Reading({1: "*"})),
        (200, {"accepted": 3, "refused": {"index": 1}}, Reading()),
    ],
)
def test_what_an_answer_says(status: int, content: object, reading: Reading) -> None:
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    found = read_answer(3, status, {}, body)
    assert found.refused.keys() == reading.refused.keys()
    assert all(reason in ("*", found.refused[n]) for n, reason in reading.refused.items())
    assert (found.again, found.is_too_much) == (reading.again, reading.is_too_much)
    assert reading.problem == "*" or reading.problem in found.problem
    assert "\n" not in found.problem
    assert len(found.problem) < 500


def test_a_single_event_is_refused_for_good_by_what_no_repetition_can_help() -> None:
    assert read_answer(1, 413, {}, b"") == Reading({0: "the answer was 413"})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0),
        ("7", 7),
        ("-7", 0),
        ("nan", 0),
        ("1e9", MAX_RETRY_AFTER),
        ("soon", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2215 07:28:00 GMT", MAX_RETRY_AFTER),
    ],
)
def test_retry_after(header: str, seconds: float) -> None:
    assert read_answer(1, 503, {"retry-after": header}, b"").retry_after == seconds


def response(status: int, content: object = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, json.dumps(content).encode())


def filled(count: int, size: int = 0) -> Sender:
    sender = Sender(max_events=10_000)
    for number in range(count):
        assert sender.put(make_entry({"event_id": number, "x": "x" * size})) is None
    return sender


def ids(sender: Sender) -> list[int]:
    return [int(entry.event_id) for entry in sender.batch()]


def test_a_batch_has_a_limited_number_of_events_and_bytes() -> None:
    assert len(ids(filled(MAX_BATCH_EVENTS + 1))) == MAX_BATCH_EVENTS
    assert len(ids(filled(5, size=MAX_BATCH_BYTES // 2))) == 1
    assert len(ids(filled(2, size=MAX_BATCH_BYTES))) == 1


def test_the_queue_has_a_limited_number_of_events_and_bytes() -> None:
    sender = Sender(max_events=2)
    results = [sender.put(make_entry({"event_id": number})) for number in range(3)]
    assert [failure and failure.refused for failure in results] == [None, None, False]
    assert results[2] is not None
    assert "queue is full" in results[2].reason

    sender = filled(1, size=MAX_QUEUED_BYTES)
    assert sender.put(make_entry({})) is not None
    sender.settle(sender.batch(), response(204))
    assert sender.put(make_entry({})) is None


def test_pauses_grow_to_a_limit_and_end_with_the_first_success() -> None:
    sender = filled(150)
    pauses = [sender.settle(sender.batch(), "no connection").pause for _ in range(12)]
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(pauses[:6]))
    assert all(MAX_PAUSE / 2 <= pause <= MAX_PAUSE for pause in pauses[6:])
    assert sender.settle(sender.batch(), response(204)).pause == 0
    assert sender.settle(sender.batch(), "no connection").pause <= 1


def test_the_gateway_may_ask_for_a_longer_pause() -> None:
    sender = filled(1)
    settled = sender.settle(sender.batch(), response(503, {}, retry_after="20"))
    assert (settled.pause, settled.is_asked) == (20, True)


def test_what_the_gateway_names_is_sent_again_in_order_before_later_events() -> None:
    sender = filled(3)
    batch = sender.batch()
    sender.put(make_entry({"event_id": 3}))
    full = {"events": [{"index": 2}, {"index": 0}]}
    sender.settle(batch, response(503, full))
    assert ids(sender) == [0, 2, 3]


def test_a_request_that_is_refused_as_a_whole_is_halved_until_the_guilty_event_stands_alone() -> (
    None
):
    sender, failures, sizes = filled(200), [], []
    while sender:
        batch = sender.batch()
        sizes.append(len(batch))
        is_bad = any(entry.event_id == "130" for entry in batch)
        failures += sender.settle(batch, response(413 if is_bad else 204)).failures
    assert [failure.event_id for failure in failures] == ["130"]
    assert failures[0].refused
    assert len(sizes) < 30


@st.composite
def answers(draw: st.DrawFn) -> Response | str:
    rows = st.lists(st.fixed_dictionaries({"index": st.integers(-1, 5), "reason": st.just("r")}))
    content = draw(
        st.fixed_dictionaries(
            {}, optional={"accepted": st.integers(0, 5), "refused": rows, "events": rows}
        )
    )
    status = draw(st.sampled_from([200, 204, 301, 400, 401, 408, 413, 418, 429, 500, 503]))
    return draw(st.one_of(st.just("no connection"), st.just(response(status, content))))


def may_have_accepted(reply: Response | str) -> bool:
    """Whether `reply` says that the gateway has some of the events."""
    if isinstance(reply, str):
        return False
    content = json.loads(reply.body)
    if reply.status in (429, 500, 503):
        return bool(content.get("events"))
    return reply.status == 204 or (reply.status == 200 and "accepted" in content)


@given(st.lists(answers(), max_size=20))
def test_every_event_waits_failed_or_was_accepted_and_only_once(
    replies: list[Response | str],
) -> None:
    sender, ended = filled(8), []
    for reply in replies:
        if not (batch := [entry.event_id for entry in sender.batch()]):
            break
        failed = {each.event_id for each in sender.settle(sender.batch(), reply).failures}
        waiting = {entry.event_id for entry in sender._waiting}
        gone = [event_id for event_id in batch if event_id not in waiting]
        assert failed <= set(gone)
        assert failed == set(gone) or may_have_accepted(reply)
        ended += gone
    left = [failure.event_id for failure in sender.give_up("the end")]
    assert sorted(ended + left) == [str(number) for number in range(8)]
    assert (len(sender), sender._bytes) == (0, 0)
