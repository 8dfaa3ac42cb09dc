"""`snowplow`: Snowplow's trackers."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Event, Received
from gateway.event.consent import CONSENT_TYPES
from gateway.pipeline.compile import compile_pipeline
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.snowplow.source import Snowplow, SnowplowSettings
from tests.sources.recorded_events import SNOWPLOW

Capture = Callable[..., list[Inbound]]

SOURCE = Snowplow(SnowplowSettings(type="snowplow"))
UNSTRUCT = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"
CONTEXTS = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0"
LOGIN = "iglu:com.acme/login/jsonschema/1-0-0"


def self_describing(schema: Any, data: Any) -> str:
    return orjson.dumps({"schema": UNSTRUCT, "data": {"schema": schema, "data": data}}).decode()


def base64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def tp2(*payloads: Any) -> Batch:
    body = orjson.dumps({"schema": "iglu:...", "data": payloads})
    return SOURCE.read(Inbound("POST", "/com.snowplowanalytics.snowplow/tp2", "", {}, body))


def one(payload: dict[str, Any]) -> Event:
    """The event in `payload`. Fails unless POST and GET read the same."""
    (event,) = tp2(payload).events
    assert SOURCE.read(Inbound("GET", "/i", urlencode(payload))).events == [event]
    return event


def captured(requests: list[Inbound]) -> list[Event]:
    events = []
    for request in requests:
        assert request.path in SOURCE.paths
        batch = SOURCE.read(request)
        assert not batch.refused
        assert not batch.trusted
        answer = SOURCE.answer(batch)
        assert (answer.status, answer.body) == (200, b"ok")
        events += batch.events
    return events


@pytest.mark.parametrize("name", SNOWPLOW)
def test_recordings_field_by_field(capture: Capture, name: str) -> None:
    assert captured(capture(name)) == SNOWPLOW[name]


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (
            {"e": "pv", "refr": "https://r.example/"},
            {
                "event_name": "page_view",
                "page_referrer": "https://r.example/",
            },
        ),
        (
            {"e": "pp", "pp_mix": "0", "pp_max": "7.5", "pp_miy": "top", "pp_may": "90"},
            {
                "event_name": "page_ping",
                "pp_xoffset_min": 0,
                "pp_xoffset_max": 7.5,
                "pp_yoffset_min": "top",
                "pp_yoffset_max": 90,
            },
        ),
        (
            {"e": "se", "se_ca": "cart", "se_ac": "add"},
            {
                "event_name": "add",
                "se_category": "cart",
            },
        ),
        (
            {
                "e": "tr",
                "tr_id": "T1",
                "tr_tt": "25.5",
                "tr_tx": "2",
                "tr_sh": "3.5",
                "tr_cu": "eur",
                "tr_af": "Store",
            },
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "value": 25.5,
                "tax": 2,
                "shipping": 3.5,
                "currency": "EUR",
                "affiliation": "Store",
            },
        ),
        (
            {
                "e": "ti",
                "ti_id": "T1",
                "ti_sk": "A",
                "ti_nm": "Shirt",
                "ti_ca": "Apparel",
                "ti_pr": "12.75",
                "ti_qu": "2",
                "ti_cu": "EUR",
            },
            {
                "event_name": "transaction_item",
                "transaction_id": "T1",
                "currency": "EUR",
                "items": [
                    {
                        "item_id": "A",
                        "item_name": "Shirt",
                        "item_category": "Apparel",
                        "price": 12.75,
                        "quantity": 2,
                    }
                ],
            },
        ),
        (
            {"e": "ue", "ue_pr": self_describing(LOGIN, {"method": "é", "x": None})},
            {
                "event_name": "login",
                "method": "é",
            },
        ),
        (
            {"e": "ue", "ue_px": base64url(self_describing(LOGIN, {"method": "é?>"}))},
            {
                "event_name": "login",
                "method": "é?>",
            },
        ),
        (
            {
                "e": "ue",
                "uid": "u",
                "ue_pr": self_describing(
                    LOGIN, {"event_name": "x", "user_id": "x", "ip_override": "203.0.113.9"}
                ),
            },
            {"event_name": "login", "user_id": "u", "ip_override": "203.0.113.9"},
        ),
        (
            {
                "e": "pv",
                "cx": base64url(
                    orjson.dumps({"schema": CONTEXTS, "data": [{"schema": LOGIN}]}).decode()
                ),
            },
            {"event_name": "page_view", "contexts": [{"schema": LOGIN}]},
        ),
        (
            {"e": "pv", "dtm": "1795289577713", "ttm": "1795289500000", "stm": "1795289579000"},
            {
                "event_name": "page_view",
                "timestamp": 1795289500,
            },
        ),
        (
            {"e": "pv", "ip": "203.0.113.9", "ua": "Firefox", "uid": ""},
            {
                "event_name": "page_view",
                "ip_override": "203.0.113.9",  # this and the agent are claims
                "user_agent": "Firefox",
            },
        ),
        (
            {"e": "pv", "nuid": "n-1", "vid": "3", "tz": "Europe/Vienna"},
            {
                "event_name": "page_view",
                "network_userid": "n-1",
                "domain_sessionidx": 3,
                "timezone": "Europe/Vienna",
            },
        ),
        (
            {"e": "pv", "tnuid": "t-1", "nuid": "n-1"},
            {"event_name": "page_view", "network_userid": "t-1"},
        ),
        (
            {"e": "tr", "tr_id": "T1", "tr_ci": "London", "tr_st": "LDN", "tr_co": "GB"},
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "user_data": {"address": {"city": "London", "region": "LDN", "country": "GB"}},
            },
        ),
        ({"e": "pv", "co": "x"}, {"event_name": "page_view"}),
        ({"e": "pv", "co": "{}"}, {"event_name": "page_view"}),
        (
            {"e": "pv", "dtm": "soon"},
            {
                "event_name": "page_view",
                "ignored_fields": [{"field": "timestamp", "reason": "not a time"}],
            },
        ),
        (
            {"e": "ue", "ue_pr": self_describing(LOGIN, {"value": "high", "timestamp": "9 am"})},
            {"event_name": "login", "params": {"value": "high", "timestamp": "9 am"}},
        ),
        (
            {"e": "ue", "ue_pr": self_describing(LOGIN, {"campaign": "spring", "Consent": "yes"})},
            {"event_name": "login", "params": {"campaign": "spring"}},
        ),
    ],
)
def test_payloads(payload: dict[str, Any], event: Event) -> None:
    assert one(payload) == event


def test_an_event_that_is_no_text() -> None:
    whole = orjson.loads(self_describing(LOGIN, {"method": "é"}))
    assert tp2({"e": "ue", "ue_pr": whole}).events == [{"event_name": "login", "method": "é"}]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "e"),
        ({"e": "xx"}, "e"),
        ({"e": ["pv"]}, "e"),
        (7, "e"),
        ({"e": "se"}, "event_name"),
        ({"e": "ue"}, "ue_pr"),
        ({"e": "ue", "ue_pr": "{"}, "ue_pr"),
        ({"e": "ue", "ue_pr": {"data": 1}}, "ue_pr"),
        ({"e": "ue", "ue_pr": r'{"data":"\u0000"}'}, "ue_pr"),
        ({"e": "ue", "ue_pr": self_describing("login", {})}, "ue_pr"),
        ({"e": "ue", "ue_pr": self_describing(LOGIN, [])}, "ue_pr"),
        ({"e": "ue", "ue_px": "é"}, "ue_px"),
        ({"e": "ue", "ue_px": "a"}, "ue_px"),
        ({"e": "ue", "ue_px": 7}, "ue_px"),
        ({"e": "ue", "ue_px": ["e30"]}, "ue_px"),
    ],
)
def test_what_cannot_be_read_is_refused_alone(payload: Any, field: str) -> None:
    batch = tp2({"e": "pv"}, payload)
    assert batch.events == [{"event_name": "page_view"}]
    (refusal,) = batch.refused
    assert refusal.index == 1
    assert refusal.message.startswith(f"{field}: ")
    answer = SOURCE.answer(batch)
    assert (answer.status, orjson.loads(answer.body)["accepted"]) == (200, 1)
    assert SOURCE.answer(tp2(payload)).status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": {}}', b'{"data": []}'])
def test_a_body_without_payloads_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(Inbound("POST", SOURCE.paths[0], "", {}, body))
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize(("query", "status"), [("e=pv", 200), ("e=xx", 400)])
def test_get_is_answered_with_an_image(query: str, status: int) -> None:
    answer = SOURCE.answer(SOURCE.read(Inbound("GET", "/i", query)))
    assert (answer.status, answer.headers["content-type"]) == (status, "image/gif")
    assert len(answer.body) == 43


def in_both_ways(payload: dict[str, str], headers: dict[str, str]) -> list[Batch]:
    """`payload` sent as GET and as POST."""
    body = orjson.dumps({"schema": "iglu:...", "data": [{"e": "pv"}, payload]})
    return [
        SOURCE.read(Inbound("GET", "/i", urlencode(payload), headers)),
        SOURCE.read(Inbound("POST", SOURCE.paths[0], "", headers, body)),
    ]


@pytest.mark.parametrize(
    ("headers", "anonymous"),
    [({"sp-anonymous": "*"}, True), ({"sp-anonymous": ""}, True), ({}, False)],
)
def test_a_tracker_can_ask_that_the_visitor_is_not_recognised(
    headers: dict[str, str], anonymous: bool
) -> None:
    for batch in in_both_ways({"e": "pv", "page": "Shop"}, headers):
        assert batch.anonymous is anonymous
        assert "ip_override" not in batch.events[0]
        assert not batch.trusted
    assert SOURCE.answer(in_both_ways({"e": "pv"}, headers)[0]).body.startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("platform", "backend"),
    [({"p": "srv"}, True), ({"p": "web"}, False), ({"p": "mob"}, False), ({}, False)],
)
def test_the_platform_srv_is_a_server_that_is_not_trusted(
    platform: dict[str, str], backend: bool
) -> None:
    for batch in in_both_ways({"e": "pv", **platform}, {}):
        assert (batch.backend, batch.trusted) == (backend, False)


@pytest.mark.parametrize(
    ("payload", "stated"),
    [
        ({"consent.ad_storage": "denied"}, {"consent": {"ad_storage": "denied"}}),
        ({"consent[ad_storage]": "denied"}, {"consent": {"ad_storage": "denied"}}),
        ({"consent.ad_storage": ""}, {"consent": {"ad_storage": "denied"}}),
        ({"consent": '{"ad_storage":"denied"}'}, {"consent": {"ad_storage": "denied"}}),
        ({"consent": ""}, {}),
        ({"gcs": "G100", "gdpr": "1"}, {"gcs": "G100", "gdpr": "1"}),
    ],
)
def test_what_a_payload_states_about_consent(payload: dict[str, str], stated: Event) -> None:
    assert one({"e": "pv", **payload}) == {"event_name": "page_view", **stated}


def test_a_repeated_statement_counts_each_time() -> None:
    query = "e=pv&gcs=G111&gcs=G100&consent.ad_storage=denied&consent.ad_storage=granted&p=a&p=b"
    assert SOURCE.read(Inbound("GET", "/i", query)).events == [
        {
            "event_name": "page_view",
            "platform": "b",
            "gcs": ["G111", "G100"],
            "consent": {"ad_storage": "denied"},
        }
    ]


def test_what_is_stated_around_the_payloads_holds_for_each_of_them() -> None:
    described = self_describing(LOGIN, {"consent": {"ad_user_data": "denied"}, "gcs": "G111"})
    body = {
        "data": [
            {"e": "pv", "consent": {"ad_storage": "granted"}},
            {"e": "ue", "ue_pr": described},
        ],
        "consent": {"ad_storage": "denied"},
        "gcs": "G100",
    }
    request = Inbound("POST", SOURCE.paths[0], "", {}, orjson.dumps(body))
    first, second = SOURCE.read(request).events
    assert (first["consent"], first["gcs"]) == ({"ad_storage": "denied"}, "G100")
    assert second["consent"] == {"ad_storage": "denied", "ad_user_data": "denied"}
    assert second["gcs"] == ["G100", "G111"]


SECRET = "s3cret-key"
WITH_SECRET = Snowplow(SnowplowSettings(type="snowplow", secret_keys=["other", SECRET]))
BASIC = b64encode(f"{SECRET}:".encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "trusted"),
    [
        (f"Bearer {SECRET}", True),
        (f"bearer  {SECRET} ", True),
        (f"Basic {BASIC}", True),
        ("Bearer other", True),
        ("Bearer wrong", False),
        ("Bearer", False),
        ("Basic", False),
        ("Basic !!!", False),
        ("Basic ключ", False),
        (f"Token {SECRET}", False),
        (SECRET, False),
        ("", False),
    ],
)
def test_who_shows_a_secret_key_is_trusted(authorization: str, trusted: bool) -> None:
    body = orjson.dumps({"data": [{"e": "pv", "ip": "203.0.113.9"}]})
    headers = {"authorization": authorization}
    for request in (
        Inbound("POST", SOURCE.paths[0], "", headers, body),
        Inbound("GET", "/i", "e=pv&ip=203.0.113.9", headers),
    ):
        batch = WITH_SECRET.read(request)
        assert (batch.trusted, batch.backend) == (trusted, trusted)
        assert WITH_SECRET.shows_key(request) is trusted
        assert not SOURCE.read(request).trusted


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_description_names_keys_only_where_there_are_some(method: str) -> None:
    assert set(WITH_SECRET.describe(method).keys) == {"bearer", "basic"}
    assert not SOURCE.describe(method).keys


@pytest.mark.parametrize(
    ("authorization", "ip", "agent"),
    [("", "", ""), (f"Bearer {SECRET}", "203.0.113.9", "Firefox")],
)
def test_only_a_trusted_tracker_can_state_the_visitor(
    authorization: str, ip: str, agent: str
) -> None:
    payload = {"e": "pv", "p": "srv", "ip": "203.0.113.9", "ua": "Firefox"}
    request = Inbound("GET", "/i", urlencode(payload), {"authorization": authorization})
    batch = WITH_SECRET.read(request)
    received = Received(
        "s", 1_795_300_000.0, "8.8.8.8", "node", trusted=batch.trusted, backend=batch.backend
    )
    event = compile_pipeline(parse_settings(ALL))(batch.events[0], received).event
    assert (event["ip_override"], event["user_agent"]) == (ip, agent)


ALL = """
sources: {s: {type: snowplow}}
destinations: {all: {type: webhook, url: 'https://a.example/', consent: []}}
"""


@pytest.mark.parametrize(
    ("name", "data", "refuses"),
    [
        *(("consent_preferences", {"eventType": kind}, True) for kind in ("deny_all", "expired")),
        ("consent_preferences", {"eventType": "withdrawn"}, True),
        *(("consent_preferences", {"eventType": kind}, False) for kind in ("allow_all", "pending")),
        ("consent_preferences", {}, False),
        ("consent_withdrawn", {"all": True}, True),
        ("consent_withdrawn", {"all": False}, True),
        ("consent_granted", {"version": "1"}, False),
    ],
)
def test_an_event_about_a_refusal_denies(name: str, data: Event, refuses: bool) -> None:
    schema = f"iglu:com.snowplowanalytics.snowplow/{name}/jsonschema/1-0-0"
    event = one({"e": "ue", "ue_pr": self_describing(schema, data)})
    assert event["event_name"] == name
    assert event.get("consent") == (dict.fromkeys(CONSENT_TYPES, "denied") if refuses else None)


def test_fields_of_consent_in_a_self_describing_event() -> None:
    described = self_describing(LOGIN, {"consent.ad_storage": "denied", "consent[ad_storage]": ""})
    body = {"data": [{"e": "ue", "ue_pr": described}]}
    request = Inbound("POST", SOURCE.paths[0], "", {}, orjson.dumps(body))
    (event,) = SOURCE.read(request).events
    assert event["consent"] == {"ad_storage": "denied"}
