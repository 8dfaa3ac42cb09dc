"""Laws that the pipeline keeps for any event, tested with two rich configurations."""

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.load import load_settings, parse_settings
from gateway.event import Received, read_event
from gateway.event.consent import CONSENT_TYPES
from gateway.pipeline.compile import compile_pipeline
from gateway.web.decision_record import decision_record

ROOT = Path(__file__).parents[2]
CROWDED = """
server: {hash_salt: pepper}
sources: {site: {type: collect}}
rules:
  - {when: {extra: {matches: "a+$"}}, set: {extra.0: 1, items.*.price: 2}}
  - {when: {items.*.price: {gt: 1}}, rename: {extra: deep.down.here, user_data: person}}
  - {when: {not: {any: [{value: {lt: 5}}, {extra.*: [x, 1, true]}]}}, hash: [extra, user_id, items]}
  - {hash: [user_data.email_address, user_properties.a, items.*.item_name, bot, campaign]}
  - {remove: [user_data.address.street, extra.*.a, click_ids.gclid]}
  - {when: {value: 2}, set: {consent.ad_storage: denied}}
  - {when: {extra: {exists: false}, value: 3}, drop: true}
destinations:
  meta: {type: meta, pixel_id: "1", access_token: t, when: {event_name: {starts_with: p}}}
  web: {type: webhook, url: "https://shop.example/", rules: [{remove: [user_id]}]}
  ga4: {type: ga4, measurement_id: G-1, api_secret: s, rules: [{when: {extra: 1}, drop: true}]}
"""
PARSED = {
    "shop": load_settings(ROOT / "config/examples/shop.yaml", {}),
    "crowded": parse_settings(CROWDED, environment={}),
}
PIPELINES = {name: compile_pipeline(each) for name, each in PARSED.items()}

TEXT = st.text(max_size=8) | st.sampled_from(["x", "aaa", ""])
ID = st.text(max_size=8).map("id{}".format)
ODD = st.text(st.characters(exclude_categories=()), max_size=8)  # half a surrogate pair, too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**64) | st.floats() | TEXT | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXT | st.sampled_from(["a", "0", "price"]), inner, max_size=3)
    ),
    max_leaves=8,
)
STATES = st.sampled_from(["granted", "denied", True, False])
PLACES = st.sampled_from(["DE", "us", "US-CA", "", "??"])
NEEDED = {"event_name", "event_id", "timestamp"}
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "event_id": ID,
    "timestamp": st.floats(0, 2e12) | st.just("2026-10-01T12:00:00Z"),
    "user_id": ID | st.integers(0, 9),
    "ip_override": st.ip_addresses().map(str) | TEXT,
    "user_agent": TEXT | st.sampled_from(["curl/8", "Mozilla/5.0 Firefox/140.0"]),
    "page_location": TEXT
    | st.sampled_from(["https://a.internal.example/?utm_source=x", "http://["]),
    "value": st.integers(0, 9) | st.floats(0, 9),
    "currency": st.sampled_from(["EUR", "usd"]),
    "items": st.lists(st.dictionaries(st.sampled_from(["item_name", "item_id"]), TEXT), max_size=3),
    "user_data": st.fixed_dictionaries(
        {},
        optional={
            "email_address": TEXT | st.lists(TEXT, max_size=2),
            "address": st.dictionaries(st.sampled_from(["city", "x"]), TEXT),
        },
    ),
    "user_properties": st.dictionaries(st.sampled_from("ab"), JSON, max_size=2),
    "consent": st.dictionaries(st.sampled_from(CONSENT_TYPES), STATES),
    "event_location": st.dictionaries(st.sampled_from(["country", "region", "city"]), PLACES),
    "click_ids": st.dictionaries(st.sampled_from(["gclid", "fbclid"]), TEXT),
    "client_hints": st.dictionaries(st.sampled_from(["model", "brands"]), JSON),
    **dict.fromkeys(["extra", "bot", "campaign", "device", "order_id", "deep", "person"], JSON),
}
EVENTS = st.fixed_dictionaries(
    {"event_name": st.sampled_from(["purchase", "page_view", "refund"]) | ID}, optional=FIELDS
)
RECEIVED = st.builds(
    Received,
    source=st.just("site"),
    at=st.just(1_795_000_000.0),
    client_ip=st.sampled_from(["", "8.8.8.8", "85.214.132.117", "::1", "testclient"]),
    user_agent=st.sampled_from(["", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "\x00"]),
    headers=st.dictionaries(st.sampled_from(["sec-gpc", "sec-ch-ua", "sec-purpose"]), TEXT),
    trusted=st.booleans(),
)


@pytest.mark.parametrize("name", PIPELINES)
@given(raw=EVENTS, by=RECEIVED)
def test_every_event_gets_a_verdict_for_every_destination(
    name: str, raw: dict[str, Any], by: Received
) -> None:
    event = read_event(raw)
    before = copy.deepcopy(event)

    decision = PIPELINES[name](event, by)

    assert repr(event) == repr(before)  # NaN is not equal to itself
    assert decision.verdicts.keys() == PARSED[name].destinations.keys()
    assert decision.version == PARSED[name].version
    for verdict in decision.verdicts.values():
        assert (verdict.event is None) == bool(verdict.stage) == bool(verdict.reason)
        assert verdict.event is None or verdict.event.keys() >= NEEDED
    assert orjson.dumps(decision_record(decision))
