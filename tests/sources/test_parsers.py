"""Each parser by itself: whatever it gets, it reads or refuses."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.event import EventError, read_event
from gateway.sources.base import BROWSER_BODY_BYTES, Inbound, Refused
from gateway.sources.form import expand, form_fields, query_fields
from gateway.sources.ga4.items import read_item
from gateway.sources.ga4.source import GA4, GA4Settings
from gateway.sources.jitsu.message import to_event as event_of_jitsu
from gateway.sources.matomo.event import to_event as event_of_hit
from gateway.sources.matomo.hits import read_hits
from gateway.sources.multipart import multipart_fields
from gateway.sources.plausible.event import to_event as event_of_plausible
from gateway.sources.posthog.body import payload as payload_of_posthog
from gateway.sources.posthog.event import is_from_backend
from gateway.sources.posthog.event import to_event as event_of_posthog
from gateway.sources.posthog.person import is_cookieless
from gateway.sources.reading import decode_body
from gateway.sources.segment.commerce import _KINDS, _OF_PROMOTIONS, _PRODUCT
from gateway.sources.segment.context import _PARTS, _TEXTS
from gateway.sources.segment.message import KINDS
from gateway.sources.segment.message import to_event as event_of_message
from gateway.sources.segment.source import Segment, SegmentSettings
from gateway.sources.snowplow.commerce import _CART_EVENTS, _ITEM, _PLUG_INS
from gateway.sources.snowplow.entities import CLIENT_HINTS, USER
from gateway.sources.snowplow.event import to_event as event_of_payload
from gateway.sources.snowplow.source import Snowplow, SnowplowSettings
from gateway.sources.stape_data.event import to_event as event_of_data
from gateway.sources.umami.event import to_event as event_of_umami
from tests.sources.test_every_source import AUTHORIZED, SUITES, WORDS

MP_QUERY = "measurement_id=G-1&api_secret=s3cret"
QUERY = f"v=2&tid=G-1&en=a&e=se&se_ac=a&event_name=a&{MP_QUERY}"
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
NAME = st.sampled_from(" ".join(WORDS.values()).split()) | st.text(max_size=8)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), TEXTS),
    lambda children: st.one_of(
        st.lists(children, max_size=4), st.dictionaries(NAME, children, max_size=8)
    ),
    max_leaves=25,
)
FIELDS = st.lists(st.tuples(NAME, TEXTS), max_size=12)

SEGMENT = Segment(SegmentSettings(type="segment", write_keys=["wk"]))
SNOWPLOW = Snowplow(SnowplowSettings(type="snowplow"))
PAID = ("products", "revenue", "subtotal", "total", "tax", "shipping", "coupon_id", "share_via")
CONTEXT = ("page", "device", "os", "app", "library", "traits", "referrer", "sessionStart")

MULTIPART = "multipart/form-data; boundary=B"
PART = (
    b'--B\r\nContent-Disposition: form-data; name="event_name"\r\n\r\npage_view\r\n'
    b'--B\r\ncontent-disposition: form-data; name="f"; filename="a.bin"\r\nX: y\r\n\r\n\xff\0\r\n'
    b"--B--\r\n"
)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Sound data in which a few bytes are removed, replaced or added."""
    data = draw(whole)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 4))
        data = data[:start] + draw(st.binary(max_size=4)) + data[end:]
    return data


@given(damaged(JSON.map(orjson.dumps)))
def test_damaged_json(body: bytes) -> None:
    with contextlib.suppress(Refused):
        decode_body(body)


@given(damaged(st.just(PART)), st.just(MULTIPART) | st.text(max_size=20).map(MULTIPART.__add__))
@example(PART, MULTIPART)
@example(PART, "multipart/form-data")
@example(PART, "multipart/form-data; boundary=")
@example(PART, f"multipart/form-data; boundary={'B' * 300}")
def test_damaged_multipart(body: bytes, content_type: str) -> None:
    with contextlib.suppress(Refused):
        check_fields(multipart_fields(body, content_type))


def test_whole_multipart() -> None:
    assert multipart_fields(PART, MULTIPART) == [
        ("event_name", "page_view"),
        ("f", "\ufffd\ufffd"),
    ]


@given(st.binary(max_size=60) | st.text("=&%.+[]0123456789abconsent ", max_size=60).map(str.encode))
def test_forms_and_queries(body: bytes) -> None:
    check_fields(form_fields(body))
    check_fields(query_fields(body.decode("latin-1")))


def check_fields(fields: list[tuple[str, str]]) -> None:
    """Fails if `fields` make an event that cannot be written as JSON."""
    assert "\0" not in "".join(name + value for name, value in fields)
    with contextlib.suppress(EventError):
        orjson.dumps(read_event(expand(fields)))


STATEMENTS = [
    "consent",
    "consent.ad_storage",
    "gdpr_consent",
    "gpp",
    "_uip",
    "npa",
    "gcs",
    "us_privacy",
]
NAMES_OF_HITS = st.sampled_from(STATEMENTS) | NAME
PREFIXES = st.sampled_from(["", "ep.", "epn.", "up.", "upn.", "pr1", "ep.items."])
HITS = st.lists(st.tuples(st.builds(str.__add__, PREFIXES, NAMES_OF_HITS), TEXTS), max_size=8)
"""Parameters of a hit, which may be repeated."""


@given(HITS, HITS)
def test_hits_of_ga4(query: list[tuple[str, str]], line: list[tuple[str, str]]) -> None:
    source = GA4(GA4Settings(type="ga4"))
    text = urlencode([*query, *query[:2], ("v", "2"), ("tid", "G-1")])
    hit = Inbound("POST", "/g/collect", text, {}, urlencode([*line, *line[:2]]).encode())
    orjson.dumps(source.read(hit).events)


@given(TEXTS | st.text("~idnmprqavk01.", max_size=30))
def test_items_of_ga4(text: str) -> None:
    orjson.dumps(read_item(text))


@given(JSON | st.dictionaries(NAME, JSON))
def test_payloads_of_snowplow(payload: Any) -> None:
    with contextlib.suppress(EventError):
        orjson.dumps(read_event(event_of_payload(payload)))


@given(JSON | st.dictionaries(NAME, JSON), st.sampled_from(KINDS) | st.text(), FIELDS.map(dict))
def test_messages_of_segment(message: Any, kind: str, envelope: dict[str, Any]) -> None:
    with contextlib.suppress(EventError):
        orjson.dumps(read_event(event_of_message(message, kind, envelope)))


@given(JSON | st.dictionaries(NAME, JSON), st.sampled_from(KINDS) | st.text(), FIELDS.map(dict))
def test_messages_of_jitsu(message: Any, kind: str, envelope: dict[str, Any]) -> None:
    with contextlib.suppress(EventError):
        orjson.dumps(read_event(event_of_jitsu(message, kind, envelope)))


@given(
    JSON | st.fixed_dictionaries({"event": TEXTS, "properties": st.dictionaries(NAME, JSON)}),
    st.booleans(),
)
def test_messages_of_posthog(message: Any, flag: bool) -> None:
    assert isinstance(is_from_backend(message), bool)
    denies = is_cookieless(message)
    with contextlib.suppress(EventError):
        event = read_event(event_of_posthog(message, {}, flag, not flag, 1.8e9))
        orjson.dumps(event)
        assert not denies or set(event["consent"].values()) == {"denied"}
        assert "$ip" not in event


@given(damaged(st.sampled_from([b"data=eyJhIjoxfQ%3D%3D", b'{"a":1}', b"eyJhIjoxfQ=="])), FIELDS)
def test_payloads_of_posthog(body: bytes, query: list[tuple[str, str]]) -> None:
    with contextlib.suppress(Refused):
        assert payload_of_posthog(Inbound("POST", "/e", "", {}, body), dict(query))


@given(JSON | st.dictionaries(NAME, JSON), TEXTS)
def test_objects_of_stape(data: Any, client_id: str) -> None:
    with contextlib.suppress(EventError):
        orjson.dumps(read_event(event_of_data(data, client_id)))


CALLS = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "identify"]), "event": st.sampled_from([*_KINDS])},
    optional={
        "properties": st.dictionaries(st.sampled_from([*_PRODUCT, *_OF_PROMOTIONS, *PAID]), JSON),
        "context": st.dictionaries(st.sampled_from([*_PARTS, *_TEXTS, *CONTEXT]), JSON),
        "traits": JSON,
    },
)
"""Calls with names from the commerce spec and the context."""


@given(CALLS)
def test_commerce_of_segment(call: dict[str, Any]) -> None:
    body = orjson.dumps({"writeKey": "wk", **call}, default=str, option=orjson.OPT_NON_STR_KEYS)
    batch = SEGMENT.read(Inbound("POST", "/v1/batch", body=body))
    assert len(batch.events) == 1
    orjson.dumps(batch.events)


SCHEMAS = st.sampled_from(
    [
        *_PLUG_INS,
        *_CART_EVENTS,
        *(schema for plug_in in _PLUG_INS.values() for schema in plug_in.entities),
        *(schema for plug_in in _PLUG_INS.values() for schema in plug_in.products),
        USER,
        CLIENT_HINTS,
        "a/b",
    ]
).map(lambda schema: f"iglu:{schema}/jsonschema/1-0-0")
MEMBERS = st.sampled_from([*_ITEM, "type", "action", "product_ids", "email", "billing_postcode"])
ACTIONS = st.sampled_from([name for plug_in in _PLUG_INS.values() for name in plug_in.names])
DESCRIBED = st.fixed_dictionaries(
    {"schema": SCHEMAS, "data": JSON | st.dictionaries(MEMBERS, JSON | ACTIONS, max_size=5)}
)


@given(DESCRIBED, st.lists(DESCRIBED | JSON, max_size=4))
def test_commerce_of_snowplow(told: Any, entities: list[Any]) -> None:
    described = {"ue_pr": json.dumps({"data": told}), "co": json.dumps({"data": entities})}
    batch = SNOWPLOW.read(posted([{"e": "ue", **described}, {"e": "tr", "co": described["co"]}]))
    assert len(batch.events) + len(batch.refused) == 2
    orjson.dumps(batch.events)


ORDERS = st.fixed_dictionaries(
    {"e": st.sampled_from(["tr", "ti", "pv"])},
    optional=dict.fromkeys(("tr_id", "ti_id", "tr_cu", "ti_cu", "ti_ca", "ti_pr", "gcs"), JSON)
    | {"consent": JSON},
)


@given(st.lists(ORDERS | JSON, min_size=1, max_size=6))
def test_orders_of_snowplow(payloads: list[Any]) -> None:
    batch = SNOWPLOW.read(posted(payloads))
    orjson.dumps(batch.events)
    orders = [each for each in payloads if isinstance(each, dict) and each.get("e") == "tr"]
    assert [event["event_name"] for event in batch.events].count("purchase") == len(orders)
    assert all(refusal.index < len(payloads) for refusal in batch.refused)


def posted(payloads: list[Any]) -> Inbound:
    return Inbound("POST", SNOWPLOW.paths[0], body=json.dumps({"data": payloads}).encode())


@given(JSON | st.dictionaries(NAME, JSON), FIELDS, st.booleans())
def test_hits_of_matomo(hit: Any, query: list[tuple[str, str]], trusted: bool) -> None:
    body = orjson.dumps({"requests": [hit, f"?{urlencode(query)}"]})
    for each in read_hits(Inbound("POST", "/matomo.php", urlencode(query), {}, body)).hits:
        with contextlib.suppress(EventError):
            whole = each if each is None else {**each, "idsite": "1", "rec": "1"}
            orjson.dumps(read_event(event_of_hit(whole, trusted, 1_795_289_577.0, ()), True))


@given(st.dictionaries(NAME, JSON), st.sampled_from([(), ("a",)]))
def test_events_of_plausible(message: dict[str, Any], domains: tuple[str, ...]) -> None:
    with contextlib.suppress(EventError):
        orjson.dumps(read_event(event_of_plausible({"n": "a", **message}, domains), True))


@given(JSON | st.dictionaries(NAME, JSON), st.dictionaries(NAME, JSON))
def test_messages_of_umami(message: Any, payload: dict[str, Any]) -> None:
    for each in (message, {"payload": {"website": "a", **payload}}):
        with contextlib.suppress(EventError):
            orjson.dumps(read_event(event_of_umami(each, ()), True))


def filled(piece: str) -> bytes:
    """`piece` repeated up to the largest size of a body from a browser."""
    return (piece * (BROWSER_BODY_BYTES // len(piece))).encode()


SHOWN = {**AUTHORIZED, "x-write-key": "wk"}
"""Headers with the keys that the sources know."""

PIECES = ["a.", "a=b&", "items.0.a=b&", "consent[", "consent.", "%", "%00", "&", "a=1~", "\r\n"]
PIECES += [
    "data=",
    "&data=a",
    "a+",
    "dtdc=a&",
    "eyJ",
    "=|",
    "pr1=id1~",
    "ep.a=b&",
    "\n",
    "a\n",
    "--B\r\n",
    "--B",
    "-",
    "{",
    "[",
    '"',
    "\\",
]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    "source", [suite.source for suite in SUITES], ids=lambda source: source.type
)
def test_what_is_large_and_repeats_itself_is_read_in_linear_time(source: Any, piece: str) -> None:
    """Only the time limit of a test stops a parser that takes much longer."""
    text = filled(piece)
    for kind in ("application/json", "application/x-www-form-urlencoded", MULTIPART):
        headers = {**SHOWN, "content-type": kind}
        with contextlib.suppress(Refused):
            source.read(Inbound("POST", source.paths[0], f"{QUERY}&{MP_QUERY}", headers, text))
    query = f"{QUERY}&{text.decode()[: BROWSER_BODY_BYTES // 2]}"
    with contextlib.suppress(Refused):
        source.read(Inbound(source.methods[0], source.paths[0], query, SHOWN))
