"""Webhook formats: CloudEvents that their SDK can read, and batches within their limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from destinations.base import Request, Response, Unsendable
from destinations.webhook import Webhook, WebhookSettings
from gateway.event import Event
from gateway.testing.events import FIELDS, NOW, SAMPLES, readable
from gateway.testing.values import fuzzed

SOURCE = "https://shop.example"
BATCHES = ("json_array", "ndjson", "cloudevents_batch")


def webhook(form: str, **settings: Any) -> Webhook:
    if form.startswith("cloudevents"):
        settings = {"cloudevents": {"source": SOURCE}, **settings}
    given = {"url": "https://receiver.example/", "format": form, **settings}
    return Webhook(WebhookSettings(**given))


def requests_for(
    events: Sequence[Event], form: str, now: float = NOW, **settings: Any
) -> list[Request]:
    made = webhook(form, **settings).requests(events, now)
    return [request for request in made if isinstance(request, Request)]


def events_in(request: Request, form: str) -> list[Any]:
    """The events that a receiver reads in `request`."""
    if form == "ndjson":
        assert request.body.endswith(b"\n")
        return [orjson.loads(line) for line in request.body.splitlines()]
    return list(orjson.loads(request.body))


# CloudEvents


@fuzzed
@given(raw=FIELDS, form=st.sampled_from(["cloudevents", "cloudevents_binary"]))
def test_the_sdk_of_cloudevents_reads_every_event(raw: Any, form: str) -> None:
    for event in readable([raw]):
        for request in requests_for([event], form):
            read = from_http_event(HTTPMessage(dict(request.headers), request.body))
            assert read.get_id() == request.headers["webhook-id"]
            assert read.get_source() == SOURCE
            assert read.get_specversion() == "1.0"
            assert read.get_datacontenttype() == "application/json"
            assert read.get_data() == orjson.loads(orjson.dumps(event))
            assert read.get_type()


@fuzzed
@given(raw=st.lists(FIELDS, min_size=1, max_size=4))
def test_the_sdk_of_cloudevents_reads_every_event_of_a_batch(raw: Any) -> None:
    """The SDK reads no batches, so each event is read alone."""
    events = readable(raw)
    for request in requests_for(events, "cloudevents_batch"):
        content_type = request.headers["content-type"]
        assert content_type == "application/cloudevents-batch+json; charset=UTF-8"
        alone = {"content-type": content_type.replace("-batch", "")}
        read = [
            from_http_event(HTTPMessage(alone, orjson.dumps(each)))
            for each in orjson.loads(request.body)
        ]
        sent = [events[position] for position in request.events]
        assert [each.get_data() for each in read] == orjson.loads(orjson.dumps(sent))


def test_a_structured_cloudevent_in_full() -> None:
    (request,) = requests_for(
        [SAMPLES[3]],
        "cloudevents",
        cloudevents={"source": SOURCE, "type": "example.shop.{event_name}"},
        body={"score": "{score}"},
    )
    assert request.headers["content-type"] == "application/cloudevents+json; charset=UTF-8"
    assert orjson.loads(request.body) == {
        "specversion": "1.0",
        "id": "quiz-1",
        "source": SOURCE,
        "type": "example.shop.quiz_finished",
        "time": "2026-11-21T00:00:00Z",
        "datacontenttype": "application/json",
        "data": {"score": 7},
    }


def test_a_binary_cloudevent_in_full() -> None:
    event = {"event_name": "Käse 100 %", "event_id": "quiz-1", "timestamp": NOW - 60}
    (request,) = requests_for([event], "cloudevents_binary")
    assert request.headers == {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "quiz-1",
        "ce-source": SOURCE,
        "ce-type": "K%C3%A4se%20100%20%25",
        "ce-time": "2026-11-21T00:00:00Z",
        "webhook-id": "quiz-1",
        "webhook-timestamp": "1795219260",
    }
    assert orjson.loads(request.body) == event


def test_control_characters_in_a_type_are_replaced() -> None:
    (request,) = requests_for([{**SAMPLES[3], "event_name": "a\x00b\nc"}], "cloudevents")
    assert orjson.loads(request.body)["type"] == "a\ufffdb\ufffdc"


# Batches


@fuzzed
@given(
    raw=st.lists(FIELDS, max_size=12),
    form=st.sampled_from(BATCHES),
    most=st.integers(1, 4),
    size=st.integers(1000, 2500),
)
def test_a_batch_is_within_its_bounds_and_no_smaller_than_it_must(
    raw: Any, form: str, most: int, size: int
) -> None:
    events = readable(raw)
    destination = webhook(form, batch={"max_events": most, "max_bytes": size})
    made = list(destination.requests(events, NOW))
    requests = [each for each in made if isinstance(each, Request)]
    for request in requests:
        assert len(request.events) <= most
        assert len(request.body) <= size
        assert len(events_in(request, form)) == len(request.events)
    for request, following in pairwise(requests):
        first = next(iter(webhook(form).requests([events[following.events[0]]], NOW)))
        assert isinstance(first, Request)
        is_full = len(request.events) == most
        assert is_full or len(request.body) + len(first.body) > size
    for each in made:
        if isinstance(each, Unsendable):
            (alone,) = webhook(form).requests([events[each.event]], NOW)
            assert isinstance(alone, Unsendable) or len(alone.body) > size


@pytest.mark.parametrize("form", BATCHES)
def test_an_event_that_is_too_large_alone_says_which_setting_to_change(form: str) -> None:
    large = {**SAMPLES[0], "note": "x" * 2000}
    destination = webhook(form, batch={"max_bytes": 1500})
    made = list(destination.requests([SAMPLES[0], large, SAMPLES[0]], NOW))
    (unsendable,) = [each for each in made if isinstance(each, Unsendable)]
    assert unsendable.event == 1
    assert "`batch.max_bytes`" in unsendable.reason


@pytest.mark.parametrize(
    ("form", "content_type", "body"),
    [
        ("ndjson", "application/x-ndjson", b'{"a":"view-1"}\n{"a":"order-1001"}\n'),
        ("json_array", "application/json", b'[{"a":"view-1"},{"a":"order-1001"}]'),
    ],
)
def test_a_batch_in_full(form: str, content_type: str, body: bytes) -> None:
    (request,) = requests_for(SAMPLES[:2], form, body={"a": "{event_id}"})
    assert request.body == body
    assert request.headers["content-type"] == content_type
    assert request.headers["webhook-id"] == sha256(body).hexdigest()


@pytest.mark.parametrize("form", BATCHES)
def test_a_refused_batch_is_a_refused_request_and_a_refused_event_stands_alone(form: str) -> None:
    destination = webhook(form)
    for count, scope in ((3, "request"), (1, "event")):
        (request,) = requests_for(SAMPLES[:count], form)
        outcomes = list(destination.outcomes(request, Response(422)))
        assert [(each.result, each.scope) for each in outcomes] == [("rejected", scope)] * count


@pytest.mark.parametrize("form", BATCHES)
def test_a_batch_has_an_id_of_its_own_so_an_event_in_another_batch_is_not_recognised(
    form: str,
) -> None:
    assert not webhook(form).recognises(SAMPLES[0], 1)
    assert webhook("json").recognises(SAMPLES[0], 1)


# The mapping


def test_a_mapped_name_is_the_type_and_the_name_of_the_event() -> None:
    mapping = {"events": {"quiz_finished": "Quiz"}, "fields": {"level": {"field": "score"}}}
    bodies = {
        form: orjson.loads(requests_for([SAMPLES[3]], form, mapping=mapping)[0].body)
        for form in ("json", "json_array", "cloudevents")
    }
    message, (event,), cloudevent = bodies["json"], bodies["json_array"], bodies["cloudevents"]
    assert (message["type"], message["level"]) == ("Quiz", 7)
    assert message["data"] == SAMPLES[3], "the event itself keeps its name"
    assert event == SAMPLES[3] | {"event_name": "Quiz", "level": 7}
    assert cloudevent["type"] == "Quiz"
    assert cloudevent["data"] == event


@pytest.mark.parametrize("form", BATCHES)
def test_events_wait_for_their_batch_but_not_alone(form: str) -> None:
    assert webhook(form).limits.linger > webhook("json").limits.linger == timedelta(0)


# Every attempt is the same message


@pytest.mark.parametrize("form", ["json", *BATCHES, "cloudevents", "cloudevents_binary"])
@pytest.mark.parametrize("seconds", [NOW - 60, NOW + 1_000_000, 1e300, None])
def test_every_attempt_has_the_same_id_and_body(form: str, seconds: float | None) -> None:
    """Even if the event has no id or no time, or a time in the future."""
    event: Event = {"event_name": "login", "method": "email"}
    if seconds is not None:
        event["timestamp"] = seconds
    (first,), (second,) = (requests_for([event], form, now) for now in (NOW, NOW + 300))
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_an_events_time_is_its_own() -> None:
    (request,) = requests_for([{**SAMPLES[0], "timestamp": 1e300}], "json")
    latest = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    assert orjson.loads(request.body)["timestamp"] == latest


@pytest.mark.parametrize(("seconds", "sent"), [(-1, 0), (0, 0), (0.5, 0.5)])
def test_no_event_is_older_than_1970(seconds: float, sent: float) -> None:
    (request,) = requests_for([{**SAMPLES[0], "timestamp": seconds}], "json")
    at = datetime.fromisoformat(orjson.loads(request.body)["timestamp"])
    assert at.timestamp() == sent


# Success


@pytest.mark.parametrize(
    ("success", "status", "result"),
    [
        (["2xx"], 202, "delivered"),
        (["2xx"], 409, "rejected"),
        (["2xx", 409], 409, "delivered"),
        (["2xx", 409], 200, "delivered"),
        ([200], 200, "delivered"),
        ([200], 204, "retry"),
        ([200, "409"], 409, "delivered"),
        (["2xx", 302], 302, "delivered"),
        (["2xx", 302], 301, "retry"),
    ],
)
def test_statuses_that_count_as_delivered(success: list[object], status: int, result: str) -> None:
    destination = webhook("json", success=success)
    (request,) = destination.requests([SAMPLES[0]], NOW)
    assert isinstance(request, Request)
    (outcome,) = destination.outcomes(request, Response(status))
    assert outcome.result == result
    if result == "retry":
        assert outcome.scope == "configuration"
        assert "`success`" in outcome.reason


# Settings that do not fit together


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"format": "xml"}, "format"),
        ({"format": "cloudevents"}, "cloudevents: needs `source`"),
        ({"format": "cloudevents", "cloudevents": {"source": "a b"}}, "source"),
        ({"format": "cloudevents", "cloudevents": {"source": "", "type": "x"}}, "source"),
        (
            {"format": "cloudevents", "cloudevents": {"source": "/", "type": "{x"}},
            "needs a path between",
        ),
        ({"cloudevents": {"source": "/"}}, "cloudevents: has no effect with `format: json`"),
        ({"batch": {"max_events": 2}}, "batch: has no effect with `format: json`"),
        ({"format": "ndjson", "batch": {"max_events": 1001}}, "max_events"),
        ({"format": "ndjson", "batch": {"max_bytes": 10}}, "max_bytes"),
        (
            {"format": "ndjson", "headers": {"x": {"template": "{value}"}}},
            "a template needs one event per request; `ndjson` has several",
        ),
        (
            {
                "format": "cloudevents_binary",
                "cloudevents": {"source": "/"},
                "headers": {"CE-Id": "1"},
            },
            "must not start with ce-",
        ),
        ({"success": []}, "success"),
        ({"success": ["3xx"]}, "success"),
        ({"success": [503]}, "success"),
    ],
)
def test_settings_that_do_not_fit_together(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        WebhookSettings(**{"url": "https://receiver.example/", **settings})
    assert said in str(raised.value)
