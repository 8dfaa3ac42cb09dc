"""What holds for every source, whatever it is sent."""

import re
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.event.bounds import SURPLUS
from gateway.sources.base import Answer, Batch, Inbound, Refused, Source
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.events import Events, EventsSettings
from gateway.sources.ga4.source import GA4, GA4Settings
from gateway.sources.measurement_protocol import MeasurementProtocol, MeasurementProtocolSettings
from gateway.sources.pixel import Pixel, PixelSettings
from gateway.sources.segment.source import Segment, SegmentSettings
from gateway.sources.snowplow.source import Snowplow, SnowplowSettings

KEY = "schlüssel"
AUTHORIZED = {"authorization": f"Bearer {KEY.encode().decode('latin-1')}", "x-write-key": "wk"}
MP_QUERY = "measurement_id=G-1&api_secret=s3cret"

SOURCES: list[Source[Any]] = [
    Collect(CollectSettings(type="collect")),
    Events(EventsSettings(type="events", keys=[KEY])),
    Pixel(PixelSettings(type="pixel")),
    GA4(GA4Settings(type="ga4")),
    MeasurementProtocol(
        MeasurementProtocolSettings(type="measurement_protocol", api_secrets={"G-1": "s3cret"})
    ),
    Segment(SegmentSettings(type="segment", write_keys=["wk"])),
    Snowplow(SnowplowSettings(type="snowplow")),
]
every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.type)

# Names that mean something in one protocol or another, so that random values reach the depths.
NAMES = re.findall(
    r"\S+",
    """
    event_name event_id client_id timestamp value currency items items.0.price user_data
    user_data.address user_data.email_address consent consent.ad_storage ip_override events
    consent[ad_storage] consent_categories gdpr gdpr_consent gpp_sid ep.consent ep.consent.a _uip p
    v tid en cid gcd gcs npa _et sct uafvl pr1 pr2 ep.value ep.items epn.value up.a upn.b
    name params timestamp_micros user_properties user_location region_id device
    type batch event messageId anonymousId userId properties traits context page screen width
    height campaign products price revenue address email categoryPreferences writeKey sentAt
    e eid duid dtm se_ac se_va ue_pr ue_px co cx data schema tr_id tr_tt ti_id ti_pr
    """,
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["2", "page_view", "track", "pv", "ue", "se", "tr", "ti", "granted", "EUR"]),
    st.sampled_from(["9" * 400, "inf", "nan", "-1e400", "12.5", "2026-01-02T03:04:05Z", "%00"]),
    st.sampled_from(["13q3r3q3q5l1", "G1-0", "id1~nm~~~pr2~ka~va~k0x", "a;b|c", "iglu:a/b/c/d"]),
    st.sampled_from(
        [
            '{"data":{"schema":"iglu:a/b/c/d","data":{"x":1}}}',
            "eyJkYXRhIjp7InNjaGVtYSI6ImlnbHU6YS9iL2MvZCIsImRhdGEiOnt9fX0",
        ]
    ),
)
NAME = st.one_of(st.sampled_from(NAMES), st.text(max_size=8))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), TEXTS),
    lambda children: st.one_of(
        st.lists(children, max_size=4), st.dictionaries(NAME, children, max_size=8)
    ),
    max_leaves=25,
)
FIELDS = st.lists(st.tuples(NAME, TEXTS), max_size=12)
MESSAGE = {"event_name": "a", "name": "a", "event": "a", "type": "track", "e": "se", "se_ac": "a"}
"""An event in the words of every protocol that sends JSON."""

QUERY = f"v=2&tid=G-1&en=a&e=se&se_ac=a&event_name=a&{MP_QUERY}"


def in_every_envelope(message: object) -> bytes:
    return orjson.dumps({"events": [message], "batch": [message], "data": [message]})


NEARLY_RIGHT_BODIES = st.one_of(
    st.just(b""),
    st.dictionaries(NAME, JSON, max_size=3).map(lambda some: in_every_envelope(MESSAGE | some)),
    st.dictionaries(NAME, st.dictionaries(NAME, JSON, max_size=2), max_size=2).map(
        lambda some: in_every_envelope(MESSAGE | some)
    ),
)
BODIES = st.one_of(
    NEARLY_RIGHT_BODIES,
    st.binary(max_size=80),
    JSON.map(orjson.dumps),
    FIELDS.map(lambda fields: urlencode(fields).encode()),
    st.binary(max_size=60).map(
        lambda part: (
            b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + part + b"\r\n--B--"
        )
    ),
)
NEARLY_RIGHT_QUERIES = FIELDS.map(lambda fields: f"{QUERY}&{urlencode(fields[:3])}")
QUERIES = st.one_of(
    NEARLY_RIGHT_QUERIES,
    st.text(st.characters(max_codepoint=255), max_size=40),
    FIELDS.map(urlencode),
)
CONTENT_TYPES = st.one_of(
    st.sampled_from(["", "text/plain;charset=UTF-8", "application/json", "image/png"]),
    st.sampled_from(["multipart/form-data; boundary=B", "application/x-www-form-urlencoded"]),
    st.text(max_size=30),
)
HEADERS = st.fixed_dictionaries(
    {"content-type": CONTENT_TYPES},
    optional={
        "authorization": st.one_of(
            st.just(AUTHORIZED["authorization"]),
            st.text(max_size=20),
            st.binary(max_size=12).map(lambda raw: f"Basic {b64encode(raw).decode()}"),
            st.text(max_size=12).map(lambda text: f"Basic {text}"),
        ),
        "x-write-key": st.one_of(st.just("wk"), st.text(max_size=8)),
        "referer": st.text(max_size=30),
    },
)


def check(source: Source[Any], request: Inbound) -> None:
    """A batch of sound events with an answer, or a refusal; nothing else."""
    try:
        batch = source.read(request)
    except Refused as refusal:
        answer = refusal.answer()
        assert 400 <= answer.status < 500
        return
    assert isinstance(batch, Batch)
    for event in batch.events:
        assert event["event_name"]
        assert orjson.loads(orjson.dumps(event)) == event
    answer = source.answer(batch)
    assert isinstance(answer, Answer)
    assert answer.status == 400 if batch.refused and not batch.events else answer.status < 300


fuzzed = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@every_source
@fuzzed
@given(data=st.data())
def test_whatever_comes_is_read_or_refused(source: Source[Any], data: st.DataObject) -> None:
    request = Inbound(
        method=data.draw(st.sampled_from(source.methods)),
        path=data.draw(st.sampled_from([*source.paths, "", "/", "/x/t"])),
        query=data.draw(QUERIES),
        headers=data.draw(HEADERS),
        body=data.draw(BODIES),
    )
    check(source, request)


@every_source
@fuzzed
@given(data=st.data())
def test_what_is_nearly_right_is_read_or_refused(source: Source[Any], data: st.DataObject) -> None:
    request = Inbound(
        method=data.draw(st.sampled_from(source.methods)),
        path=data.draw(st.sampled_from(source.paths)),
        query=data.draw(NEARLY_RIGHT_QUERIES),
        headers=AUTHORIZED,
        body=data.draw(NEARLY_RIGHT_BODIES),
    )
    check(source, request)


@every_source
def test_what_is_quite_right_is_read(source: Source[Any]) -> None:
    body = in_every_envelope(MESSAGE) if source.type != "ga4" else b""
    batch = source.read(Inbound(source.methods[0], source.paths[0], QUERY, AUTHORIZED, body))
    assert [event["event_name"] for event in batch.events] == ["a"]
    assert not batch.refused
    assert batch.trusted == (source.type in ("events", "measurement_protocol"))
    assert batch.backend == batch.trusted
    assert not batch.anonymous


HOSTILE = {
    "endless arrays": b"[" * 100_000,
    "endless objects": b'{"a":' * 100_000,
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "cut off": b'{"event_name":"page_vi',
    "two values": b'{"event_name":"a"}{"event_name":"b"}',
    "a number": b"1",
    "null": b"null",
    "a text": b'"page_view"',
    "an empty array": b"[]",
    "spaces": b"   ",
}
json_sources = pytest.mark.parametrize(
    "source",
    [source for source in SOURCES if "POST" in source.methods and source.type != "ga4"],
    ids=lambda source: source.type,
)


@json_sources
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_body_that_is_no_event_is_a_clean_400(source: Source[Any], body: bytes) -> None:
    request = Inbound("POST", source.paths[0], MP_QUERY, AUTHORIZED, body)
    with pytest.raises(Refused) as refused:
        source.read(request)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@json_sources
@pytest.mark.parametrize(
    "odd", [b"\0", rb"\u0000", b"\xff", rb"\ud83d", rb"\ude00", b"\xf0\x9f\x94"], ids=repr
)
def test_one_bad_character_costs_one_character(source: Source[Any], odd: bytes) -> None:
    body = in_every_envelope(
        MESSAGE | {"event_name": "a#", "event": "a#", "name": "a#", "se_ac": "a#"}
    )
    request = Inbound("POST", source.paths[0], MP_QUERY, AUTHORIZED, body.replace(b"#", odd))
    batch = source.read(request)
    assert [event["event_name"] for event in batch.events] == ["a\ufffd"]


@json_sources
def test_what_is_nested_too_deep_is_cut_off_and_named(source: Source[Any]) -> None:
    deep: object = 1
    for _ in range(100):
        deep = {"a": deep}
    nested = {"properties": {"x": deep}, "params": {"x": deep}, "se_la": deep, "x": deep}
    body = in_every_envelope(MESSAGE | nested)
    batch = source.read(Inbound("POST", source.paths[0], MP_QUERY, AUTHORIZED, body))
    assert not batch.refused
    (event,) = batch.events
    assert event[SURPLUS]
    orjson.dumps(event)  # which nothing deeper could be


@json_sources
def test_more_than_a_thousand_events_are_refused_as_a_whole(source: Source[Any]) -> None:
    events = [{}] * 1001
    body = orjson.dumps({"events": events, "batch": events, "data": events})
    with pytest.raises(Refused) as refused:
        source.read(Inbound("POST", source.paths[0], MP_QUERY, AUTHORIZED, body))
    assert (refused.value.status, refused.value.reason) == (413, "too_many_events")


@every_source
def test_reasons_never_repeat_what_was_sent(source: Source[Any]) -> None:
    secret = "person@example.com"
    event = {"value": secret, "currency": secret, "consent": secret, "event_name": [secret]}
    message = {"type": "track", "event": [secret], "properties": event, "e": "ue", "ue_pr": secret}
    body = orjson.dumps(
        {
            "batch": [message],
            "data": [message],
            "events": [{**event, "name": [secret], "params": event}],
        }
    )
    name = f"&event_name={secret * 20}&en={secret * 20}"
    query = f"{MP_QUERY}&v=2&tid=G-1{name}&e=ue&ue_px={secret}&value={secret}&sct={secret}"
    for method in source.methods:
        batch = source.read(
            Inbound(method, source.paths[0], query, AUTHORIZED, body * (method == "POST"))
        )
        assert batch.refused or method == "HEAD"
        for refusal in batch.refused:
            assert secret not in refusal.message
            assert secret not in repr(refusal.shape)
        assert secret.encode() not in source.answer(batch).body


@every_source
def test_settings_say_what_they_are(source: Source[Any]) -> None:
    fields = type(source).Settings.model_fields
    assert fields["type"].annotation.__args__ == (source.type,)  # type: ignore[union-attr]
    assert all(field.description for field in fields.values())
    with pytest.raises(ValidationError):
        type(source).Settings.model_validate({**source.settings.model_dump(), "unknown": 1})


@pytest.mark.parametrize(
    ("settings_class", "values"),
    [
        (EventsSettings, {"type": "events", "keys": []}),
        (EventsSettings, {"type": "events", "keys": [""]}),
        (SegmentSettings, {"type": "segment", "write_keys": []}),
        (SegmentSettings, {"type": "segment", "write_keys": [""]}),
        (MeasurementProtocolSettings, {"type": "measurement_protocol", "api_secrets": {}}),
        (MeasurementProtocolSettings, {"type": "measurement_protocol", "api_secrets": {"G": ""}}),
    ],
)
def test_a_lock_needs_a_key(settings_class: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings_class.model_validate(values)
