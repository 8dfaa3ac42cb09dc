"""Tests that every source must pass, and further tests of the built-in sources."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from pydantic import ValidationError

from gateway.configuration.kinds import source_types
from gateway.event.bounds import SURPLUS
from gateway.sources.base import Inbound, Refused
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.events import Events, EventsSettings
from gateway.sources.ga4.source import GA4, GA4Settings
from gateway.sources.jitsu.source import Jitsu, JitsuSettings
from gateway.sources.matomo.source import Matomo, MatomoSettings
from gateway.sources.measurement_protocol import MeasurementProtocol, MeasurementProtocolSettings
from gateway.sources.pixel import Pixel, PixelSettings
from gateway.sources.plausible.source import Plausible, PlausibleSettings
from gateway.sources.posthog.source import PostHog, PostHogSettings
from gateway.sources.segment.source import Segment, SegmentSettings
from gateway.sources.snowplow.source import Snowplow, SnowplowSettings
from gateway.sources.stape_data.source import StapeData, StapeDataSettings
from gateway.sources.umami.source import Umami, UmamiSettings
from gateway.testing import SourceSuite
from gateway.testing.sources import HOSTILE, ODD

KEY = "schlüssel"
AUTHORIZED = {"authorization": f"Bearer {KEY.encode().decode('latin-1')}"}
OUR_FIELDS = {
    "timestamp": 1_795_219_200,
    "client_id": "1.1",
    "value": 94.9,
    "currency": "EUR",
    "consent": {"ad_storage": "granted"},
    "items": [{"item_id": "shoe", "price": 89.9, "quantity": 1}],
    "user_data": {"email_address": "ada@example.com", "address": {"country": "DE"}},
}
WORDS = {
    "own": """
    event_name event_id client_id timestamp value currency items items.0.price user_data
    user_data.address user_data.email_address consent consent.ad_storage ip_override events
    consent[ad_storage] consent_categories gdpr gdpr_consent gpp_sid
    """,
    "ga4": """
    ep.consent ep.consent.a _uip p v tid en cid gcd gcs npa _et sct uafvl pr1 pr2 ep.value ep.items
    epn.value up.a upn.b
    """,
    "measurement_protocol": """
    name params timestamp_micros user_properties user_location region_id device ip_override
    non_personalized_ads
    """,
    "segment": """
    type batch event messageId anonymousId userId properties traits context page screen width
    height campaign products price revenue address email categoryPreferences writeKey sentAt
    """,
    "jitsu": "clientIds fbp fbc ga4 sessionIds library env anonymousId type event",
    "posthog": """
    api_key token batch event uuid timestamp sent_at distinct_id properties data $set $set_once $ip
    $device_id $user_id $is_identified $session_id $cookieless_mode $current_url $groups
    $screen_width $screen_height $lib email title consent.ad_storage gclid $geoip_disable
    """,
    "stape_data": """
    dtcd dtdc event eventName e_n url href ip userAgent email phone name surname city zip state
    _dcid data_client_id consent_state consent_state.ad_storage items.0.item_id items user_data
    ecommerce unique_event_id e_v v
    """,
    "matomo": """
    idsite rec token_auth requests url _id cid uid cip ua uadata lang country lat cdt cdo cvar _cvar
    e_c e_a e_v search download link c_n c_i cra ca ping idgoal ec_id ec_items revenue ec_tx _pks
    _pkc _pkp _rcn consent send_image dimension1 ma_id
    """,
    "plausible": """
    n u d r p m v h i e sd $ name url domain props revenue amount currency interactive
    """,
    "umami": """
    type payload website url hostname referrer name data id vid ip userAgent timestamp engagement
    commerce items productId orderId revenue currency
    """,
    "snowplow": "e eid duid dtm se_ac se_va ue_pr ue_px co cx data schema tr_id tr_tt ti_id ti_pr",
}
"""By protocol, the names that have a meaning in it."""


class TestCollect(SourceSuite):
    source = Collect(CollectSettings(type="collect"))
    request = Inbound("POST", "/collect", body=orjson.dumps({"event_name": "a", **OUR_FIELDS}))
    event_names = ("a",)
    names = WORDS["own"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps({"events": [{}] * count})


class TestEvents(SourceSuite):
    source = Events(EventsSettings(type="events", keys=[KEY]))
    request = Inbound(
        "POST",
        "/events",
        headers=AUTHORIZED,
        body=orjson.dumps({"events": [{"event_name": "a", **OUR_FIELDS}, {"event_name": "b"}]}),
    )
    event_names = ("a", "b")
    trusted = True
    names = WORDS["own"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps([{}] * count)


class TestPixel(SourceSuite):
    source = Pixel(PixelSettings(type="pixel"))
    request = Inbound("GET", "/pixel.gif", "event_name=a&value=1&consent.ad_storage=granted&v=2")
    event_names = ("a",)
    names = WORDS["own"].split()


class TestGA4(SourceSuite):
    source = GA4(GA4Settings(type="ga4"))
    request = Inbound("GET", "/g/collect", "v=2&tid=G-1&en=a&cid=1.1&gcs=G111&gcd=13r3r3r3r5l1")
    event_names = ("a",)
    names = WORDS["ga4"].split()


class TestMeasurementProtocol(SourceSuite):
    source = MeasurementProtocol(
        MeasurementProtocolSettings(type="measurement_protocol", api_secrets={"G-1": "s3cret"})
    )
    request = Inbound(
        "POST",
        "/mp/collect",
        "measurement_id=G-1&api_secret=s3cret",
        body=orjson.dumps(
            {
                "client_id": "1.1",
                "timestamp_micros": 1_795_219_200_000_000,
                "user_properties": {"plan": {"value": "gold"}},
                "user_data": {"email_address": ["ada@example.com"]},
                "consent": {"ad_user_data": "GRANTED"},
                "events": [{"name": "a", "params": {"value": 1, "currency": "EUR", "items": []}}],
            }
        ),
    )
    event_names = ("a",)
    trusted = True
    names = WORDS["measurement_protocol"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps({"client_id": "1.1", "events": [{}] * count})


class TestSegment(SourceSuite):
    source = Segment(SegmentSettings(type="segment", write_keys=["wk"]))
    request = Inbound(
        "POST",
        "/v1/batch",
        headers={"x-write-key": "wk"},
        body=orjson.dumps(
            {
                "sentAt": "2026-11-20T00:00:00Z",
                "batch": [
                    {
                        "type": "track",
                        "event": "a",
                        "messageId": "m-1",
                        "anonymousId": "v-1",
                        "properties": {"revenue": 1, "products": [{"sku": "shoe", "price": 1}]},
                        "context": {
                            "page": {"url": "https://shop.example/"},
                            "consent": {"categoryPreferences": {"Advertising": True}},
                            "traits": {"email": "ada@example.com"},
                        },
                    }
                ],
            }
        ),
    )
    event_names = ("a",)
    names = WORDS["segment"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps({"batch": [{}] * count})


class TestJitsu(SourceSuite):
    source = Jitsu(JitsuSettings(type="jitsu", write_keys=["wk"]))
    request = Inbound(
        "POST",
        "/api/s/track",
        headers={"x-write-key": "wk"},
        body=orjson.dumps(
            {
                "type": "track",
                "event": "a",
                "messageId": "m-1",
                "anonymousId": "v-1",
                "sentAt": "2026-11-20T00:00:00Z",
                "properties": {"revenue": 1, "products": [{"sku": "shoe", "price": 1}]},
                "context": {
                    "clientIds": {"fbp": "fb.1.1.1", "ga4": {"sessionIds": {"G": "1"}}},
                    "consent": {"categoryPreferences": {"Advertising": True}},
                    "traits": {"email": "ada@example.com"},
                },
            }
        ),
    )
    event_names = ("a",)
    names = [*WORDS["segment"].split(), *WORDS["jitsu"].split()]

    def body_of(self, count: int) -> bytes:
        return orjson.dumps({"batch": [{}] * count})


class TestPostHog(SourceSuite):
    source = PostHog(PostHogSettings(type="posthog", write_keys=["phc_K"]))
    request = Inbound(
        "POST",
        "/e",
        "token=phc_K",
        body=orjson.dumps(
            {
                "api_key": "phc_K",
                "sent_at": "2026-11-20T00:00:00Z",
                "batch": [
                    {
                        "event": "a",
                        "uuid": "01a22ded-ad5b-755b-a4a6-bf433442259f",
                        "timestamp": "2026-11-20T00:00:00Z",
                        "properties": {
                            "$lib": "web",
                            "distinct_id": "v-1",
                            "$session_id": "01a22ded-ad79-7850-a37a-be6473f44a22",
                            "$screen_width": 1000,
                            "$screen_height": 700,
                            "$set": {"email": "ada@example.com", "plan": "pro"},
                            "$groups": {"company": "acme"},
                            "products": [{"sku": "shoe", "price": 1}],
                            "gclid": "abc",
                            "consent": {"ad_storage": "granted"},
                        },
                    }
                ],
            }
        ),
    )
    event_names = ("a",)
    names = WORDS["posthog"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps({"api_key": "phc_K", "batch": [{}] * count})


class TestSnowplow(SourceSuite):
    source = Snowplow(SnowplowSettings(type="snowplow"))
    request = Inbound(
        "POST",
        "/com.snowplowanalytics.snowplow/tp2",
        body=orjson.dumps(
            {
                "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
                "data": [{"e": "se", "se_ca": "shop", "se_ac": "a", "se_va": "1", "duid": "d-1"}],
            }
        ),
    )
    event_names = ("a",)
    names = WORDS["snowplow"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps({"data": [{}] * count})


class TestStapeData(SourceSuite):
    source = StapeData(StapeDataSettings(type="stape_data", keys=[KEY]))
    request = Inbound(
        "POST",
        "/data",
        "v=1&event_name=a",
        body=orjson.dumps(
            {
                "event_name": "a",
                "data_client_id": "dcid.1.1.1",
                "url": "https://shop.example/",
                "userEmail": "ada@example.com",
                "firstName": "Ada",
                "user_data": {"address": {"country": "DE"}},
                "consent_state": {"ad_storage": True},
                "ecommerce": {"transaction_id": "T1", "items": [{"item_id": "A", "price": 1}]},
            }
        ),
    )
    event_names = ("a",)
    names = WORDS["stape_data"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps([{}] * count)


class TestMatomo(SourceSuite):
    source = Matomo(MatomoSettings(type="matomo", site_ids=["7"], keys=[KEY]))
    request = Inbound(
        "POST",
        "/matomo.php",
        headers={"user-agent": "Mozilla/5.0"},
        body=orjson.dumps(
            {
                "requests": [
                    "?idsite=7&rec=1&e_c=shop&e_a=a&e_v=1&_id=0123456789abcdef",
                    {
                        "idsite": 7,
                        "rec": 1,
                        "idgoal": 0,
                        "ec_id": "T1",
                        "revenue": "25.5",
                        "ec_items": [["A", "Shoe", ["Shoes"], 12.75, 2]],
                        "uadata": {"brands": [], "platform": "Linux"},
                        "_cvar": {"1": ["plan", "gold"]},
                        "consent": "1",
                    },
                ]
            }
        ),
    )
    event_names = ("a", "purchase")
    names = WORDS["matomo"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps({"requests": ["?idsite=7&rec=1"] * count})


class TestMatomoWithToken(SourceSuite):
    source = TestMatomo.source
    request = Inbound(
        "GET",
        "/matomo.php",
        f"idsite=7&rec=1&e_c=shop&e_a=a&cip=203.0.113.9&token_auth={quote(KEY)}",
    )
    event_names = ("a",)
    trusted = True
    names = WORDS["matomo"].split()


class TestPlausible(SourceSuite):
    source = Plausible(PlausibleSettings(type="plausible", domains=["Shop.example"], keys=[KEY]))
    request = Inbound(
        "POST",
        "/api/event",
        headers={"origin": "https://shop.example"},
        body=orjson.dumps(
            {
                "n": "a",
                "u": "https://shop.example/#/cart",
                "d": "www.shop.example,all.example",
                "r": None,
                "p": {"plan": "gold"},
                "$": {"amount": "25.50", "currency": "USD"},
                "h": 1,
                "i": False,
            }
        ),
    )
    event_names = ("a",)
    names = WORDS["plausible"].split()


class TestPlausibleWithKey(SourceSuite):
    source = TestPlausible.source
    request = Inbound(
        "POST",
        "/api/event",
        headers={**AUTHORIZED, "x-forwarded-for": "203.0.113.9", "user-agent": "Mozilla/5.0"},
        body=orjson.dumps(
            {"name": "a", "url": "https://shop.example/", "props": '{"plan":"gold"}'}
        ),
    )
    event_names = ("a",)
    trusted = True
    names = WORDS["plausible"].split()


class TestUmami(SourceSuite):
    source = Umami(UmamiSettings(type="umami", website_ids=["AA-1"], keys=[KEY]))
    request = Inbound(
        "POST",
        "/api/batch",
        headers={"origin": "https://shop.example"},
        body=orjson.dumps(
            [
                {
                    "type": "event",
                    "payload": {
                        "website": "aa-1",
                        "url": "/cart?a=b",
                        "hostname": "shop.example",
                        "name": "a",
                        "vid": "v-1",
                        "data": {
                            "revenue": 1,
                            "commerce": {"orderId": "T1", "items": [{"productId": "shoe"}]},
                        },
                    },
                },
                {"type": "identify", "payload": {"website": "aa-1", "id": "u", "data": {"x": 1}}},
            ]
        ),
    )
    event_names = ("a", "identify")
    names = WORDS["umami"].split()

    def body_of(self, count: int) -> bytes:
        return orjson.dumps([{"payload": {"website": "aa-1"}}] * count)


class TestUmamiWithKey(SourceSuite):
    source = TestUmami.source
    request = Inbound(
        "POST",
        "/api/send",
        headers=AUTHORIZED,
        body=orjson.dumps({"payload": {"website": "aa-1", "name": "a", "ip": "203.0.113.9"}}),
    )
    event_names = ("a",)
    trusted = True
    names = WORDS["umami"].split()


SUITES: tuple[type[SourceSuite], ...] = (
    TestCollect,
    TestEvents,
    TestPixel,
    TestGA4,
    TestMeasurementProtocol,
    TestSegment,
    TestJitsu,
    TestPostHog,
    TestSnowplow,
    TestStapeData,
    TestMatomo,
    TestMatomoWithToken,
    TestPlausible,
    TestPlausibleWithKey,
    TestUmami,
    TestUmamiWithKey,
)
json_sources = pytest.mark.parametrize(
    "suite",
    [suite for suite in SUITES if suite.request.body],
    ids=lambda suite: suite.source.type,
)
MESSAGE = {"event_name": "a", "name": "a", "event": "a", "type": "track", "e": "se", "se_ac": "a"}
MESSAGE |= {"idsite": 7, "rec": 1, "e_a": "a", "domain": "shop.example", "website": "aa-1"}
"""An event in the words of every protocol that sends JSON."""


def in_envelope(suite: type[SourceSuite], message: object) -> bytes:
    """A body that contains only `message`."""
    match suite.source.type:
        case "plausible":
            return orjson.dumps(message)
        case "umami":
            return orjson.dumps({"payload": message})
    names = ("events", "batch", "data", "requests")
    return orjson.dumps({name: [message] for name in names})


def test_every_kind_has_its_suite() -> None:
    assert {suite.source.type for suite in SUITES} == set(source_types())


@json_sources
@pytest.mark.parametrize("body", [*HOSTILE.values(), b"[]"], ids=[*HOSTILE, "an empty array"])
def test_a_body_that_is_no_event_is_a_clean_400(suite: type[SourceSuite], body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        suite.source.read(replace(suite.request, body=body))
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@json_sources
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_one_bad_character_costs_one_character(suite: type[SourceSuite], odd: bytes) -> None:
    names = dict.fromkeys(["event_name", "event", "name", "se_ac", "e_a"], "a#")
    body = in_envelope(suite, MESSAGE | names).replace(b"#", odd)
    batch = suite.source.read(replace(suite.request, body=body))
    assert [event["event_name"] for event in batch.events] == ["a\ufffd"]


@json_sources
def test_what_is_nested_too_deep_is_cut_off_and_named(suite: type[SourceSuite]) -> None:
    deep: object = 1
    for _ in range(100):
        deep = {"a": deep}
    nested = {"properties": {"x": deep}, "params": {"x": deep}, "se_la": deep, "x": deep}
    batch = suite.source.read(replace(suite.request, body=in_envelope(suite, MESSAGE | nested)))
    assert not batch.refused
    (event,) = batch.events
    assert event[SURPLUS]


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.source.type)
def test_only_a_sender_with_a_key_is_a_backend(suite: type[SourceSuite]) -> None:
    batch = suite.source.read(suite.request)
    assert batch.backend is suite.trusted
    assert not batch.anonymous


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.source.type)
def test_far_too_many_events_are_refused_before_each_is_looked_at(suite: type[SourceSuite]) -> None:
    body = suite().body_of(100_000)
    if body is None or suite.trusted:
        pytest.skip("one event in a request, or a sender with a key")
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        with pytest.raises(Refused, match="more than 1000 events"):
            suite.source.read(replace(suite.request, body=body))
    finally:
        sys.setprofile(None)
    assert calls < 10_000


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
