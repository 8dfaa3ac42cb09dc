"""Fields that the events of a request share count toward its size once for each event."""

from __future__ import annotations

import tracemalloc
from time import thread_time
from typing import Any

import orjson
import pytest

from gateway.configuration.kinds import source_types
from gateway.configuration.load import parse_settings
from gateway.sources import batch_size
from gateway.sources.base import Inbound, Refused, Source, check_shared, read_events
from gateway.sources.batch_size import FEW_EVENTS, MAX_SIZE, MAX_TRUSTED_SIZE
from tests.benchmarks.bodies import purchase

SETTINGS = parse_settings(
    """
sources:
  collect: {type: collect}
  events: {type: events, keys: [a-secret-of-the-shop]}
  ga4: {type: ga4}
  jitsu: {type: jitsu, write_keys: [k]}
  matomo: {type: matomo}
  measurement_protocol: {type: measurement_protocol, api_secrets: {G-1: a-secret-of-the-shop}}
  posthog: {type: posthog, write_keys: [k]}
  segment: {type: segment, write_keys: [k]}
  snowplow: {type: snowplow}
  stape_data: {type: stape_data}
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

MANY = {f"consent{number}": 1 for number in range(4_000)}
QUERY = "&".join(f"{name}=1" for name in MANY)


def around(path: str, query: str = "", **body: Any) -> Inbound:
    return Inbound("POST", path, query, body=orjson.dumps(body))


CUT_OFF = {
    "collect": around("/collect", **MANY, events=[{"event_name": "a"}] * 1000),
    "ga4": Inbound("POST", "/g/collect", f"v=2&tid=G&{QUERY}", body=b"en=a\n" * 1000),
    "jitsu": around("/api/s/batch", writeKey="k", context=MANY, batch=[CALL] * 1000),
    "matomo": around("/matomo.php", **MANY, requests=["?rec=1"] * 1000),
    "matomo, in the query": around("/matomo.php", QUERY, requests=["?rec=1"] * 1000),
    "measurement_protocol": around(
        "/mp/collect",
        "measurement_id=G-1&api_secret=a-secret-of-the-shop",
        **MANY,
        events=[{"name": "a"}] * 1000,
    ),
    "posthog": around(
        "/batch", api_key="k", **MANY, batch=[{"event": "a", "distinct_id": "v"}] * 1000
    ),
    "segment": around("/v1/batch", writeKey="k", context=MANY, batch=[CALL] * 1000),
    "segment, next to the batch": around("/v1/batch", writeKey="k", **MANY, batch=[CALL] * 1000),
    "snowplow": around("/i", **MANY, data=[{"e": "pv"}] * 1000),
    "stape_data": Inbound("POST", "/data", QUERY, body=orjson.dumps([{"event_name": "a"}] * 1000)),
}
"""Requests whose events share fields of which most are cut off or not read."""


def source(kind: str) -> Source[Any]:
    return source_types()[kind](SETTINGS.sources[kind])


@pytest.mark.parametrize("kind", AMPLIFIED)
def test_shared_fields_of_a_thousand_events_are_refused(kind: str) -> None:
    with pytest.raises(Refused, match="too large together") as refused:
        source(kind).read(AMPLIFIED[kind])
    assert (refused.value.status, refused.value.reason) == (413, "grows_too_much")


@pytest.mark.parametrize("name", CUT_OFF)
def test_shared_fields_that_are_cut_off_count_too(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a request of 450 KB took 50 seconds to read."""
    monkeypatch.setattr(batch_size, "MAX_TRUSTED_SIZE", MAX_SIZE)
    before = thread_time()
    with pytest.raises(Refused, match="too large together") as refused:
        source(name.partition(",")[0]).read(CUT_OFF[name])
    assert refused.value.reason == "grows_too_much"
    assert thread_time() - before < 1


def test_lines_of_a_hit_are_counted_before_they_get_the_query() -> None:
    """Otherwise a hit of 190 KB took gigabytes of memory."""
    lines = Inbound("POST", "/g/collect", f"v=2&tid=G&{QUERY}", body=b"a\n" * 5_000)
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="more than 1000 events"):
            source("ga4").read(lines)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_shared_fields_that_are_nested_too_deeply_are_refused() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    with pytest.raises(Refused, match="too large together"):
        check_shared({"consent": deep}, range(1000))
    check_shared({"consent": deep}, range(FEW_EVENTS))


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
