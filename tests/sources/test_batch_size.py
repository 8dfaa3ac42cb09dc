"""Fields that the events of a request share count toward its size once for each event."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.configuration.kinds import source_types
from gateway.configuration.load import parse_settings
from gateway.sources import batch_size
from gateway.sources.base import Inbound, Refused, Source, read_events
from gateway.sources.batch_size import FEW_EVENTS, MAX_SIZE, MAX_TRUSTED_SIZE
from tests.benchmarks.bodies import purchase

SETTINGS = parse_settings(
    """
sources:
  collect: {type: collect}
  events: {type: events, keys: [a-secret-of-the-shop]}
  ga4: {type: ga4}
  segment: {type: segment, write_keys: [k]}
destinations: {d: {type: webhook, url: "https://a.example/"}}
"""
)
NESTED = "&".join(f"ep.{number}.a.b.c.d.e.f.g.h.i.j.k.l.m.n=1" for number in range(190))
LONG = {"network": {"a": "x" * 100_000}}
CALL = {"type": "track", "event": "a", "anonymousId": "v"}
AMPLIFIED = {
    "ga4": Inbound("POST", "/g/collect", f"v=2&tid=G&{NESTED}", body=b"\n".join([b"en=a"] * 1000)),
    "segment": Inbound(
        "POST",
        "/v1/batch",
        body=orjson.dumps({"writeKey": "k", "context": LONG, "batch": [CALL] * 1000}),
    ),
    "collect": Inbound(
        "POST",
        "/collect",
        body=orjson.dumps({"events": [{"event_name": "a"}] * 1000, "tc_string": "C" * 16_000}),
    ),
}


def source(kind: str) -> Source[Any]:
    return source_types()[kind](SETTINGS.sources[kind])


@pytest.mark.parametrize("kind", AMPLIFIED)
def test_shared_fields_of_a_thousand_events_are_refused(kind: str) -> None:
    with pytest.raises(Refused, match="too large together") as refused:
        source(kind).read(AMPLIFIED[kind])
    assert (refused.value.status, refused.value.reason) == (413, "grows_too_much")


def test_a_thousand_usual_events_are_taken() -> None:
    batch = read_events([orjson.loads(purchase())] * 1000)
    assert len(batch.events) == 1000
    assert batch.size == len(orjson.dumps(batch.events[0])) * 1000


def test_the_senders_with_a_key_may_send_more(monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"event_name": "a", "text": "x" * 100_000}
    number = MAX_SIZE // 100_000 + 1
    with pytest.raises(Refused):
        read_events([event] * number)
    assert len(read_events([event] * number, trusted=True).events) == number
    monkeypatch.setattr(batch_size, "MAX_TRUSTED_SIZE", MAX_SIZE)
    with pytest.raises(Refused):
        read_events([event] * number, trusted=True)
    assert MAX_TRUSTED_SIZE > MAX_SIZE


def test_a_few_are_not_measured() -> None:
    event = {"event_name": "a", "text": "x" * MAX_SIZE}
    assert len(read_events([event] * FEW_EVENTS).events) == FEW_EVENTS


def test_what_is_no_json_is_refused_later() -> None:
    events = [{"event_name": "a", "text": "\ud800"}] * 20
    assert len(read_events(events).events) == 20
