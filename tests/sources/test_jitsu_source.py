"""`jitsu`: Jitsu's SDKs, in a browser, in Node.js, and without an SDK."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from gateway.event import Event
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.jitsu.source import Jitsu, JitsuSettings

Capture = Callable[..., list[Inbound]]

KEY = "keyid:secretsecret"
SECRET = "server:s3cret"
SOURCE = Jitsu(JitsuSettings(type="jitsu", write_keys=[KEY], secret_keys=[SECRET]))
KEYED = {"x-write-key": KEY}


def read(body: Any, path: str = "/api/s/track", **headers: str) -> Batch:
    named = {name.replace("_", "-"): value for name, value in {**KEYED, **headers}.items()}
    return SOURCE.read(Inbound("POST", path, "", named, orjson.dumps(body)))


def track(**message: Any) -> Event:
    return {"type": "track", "event": "a", "anonymousId": "v-1", **message}


def test_the_sdk_in_node(capture: Capture) -> None:
    shared = {
        "client_id": "e67adbad-04ab-4347-bfac-1190aa9ec337",
        "user_id": "user-1",
        "consent_categories": {"Advertising": False, "Analytics": True},
        "ip_override": "",  # X-IP-Policy: stripLastOctet
    }
    person = {
        "user_data": {"email_address": "ada@example.com"},
        "user_properties": {"plan": "pro"},
    }
    purchase = {
        "event_name": "purchase",
        "transaction_id": "T1",
        "value": 25.5,
        "currency": "EUR",
        "items": [{"item_id": "A", "price": 25.5, "quantity": 1}],
        **person,
    }
    expected: list[Event] = [
        {
            "event_name": "identify",
            "event_id": "1gocdnmze5219qr9zxl3s1",
            "timestamp": 1796066649.452,
            **person,
            **shared,
        },
        {
            "event_id": "12n8e1mdy0g1934igc1p6e",
            "timestamp": 1796066649.799,
            **purchase,
            **shared,
        },
        {
            "event_name": "page_view",
            "event_id": "1mt0pkk274f1fkmu39uu0p",
            "timestamp": 1796066649.888,
            "page_location": "https://shop.example/a?utm_source=x",
            "page_path": "/a",
            **person,
            **shared,
        },
        {
            "event_name": "group",
            "event_id": "1oyk8bjlk7jt678a76lw0",
            "timestamp": 1796066649.968,
            "group_id": "g1",
            "group_traits": {"name": "ACME"},
            **shared,
        },
        {
            "event_id": "12dmfagcldk2c67j2cygsl",
            "timestamp": 1796066650.07,
            **purchase,
            **shared,
            "client_id": "1517b4fd-44d7-438e-a0ea-3589dc2013ce",
        },
    ]
    requests = capture("jitsu-node")
    assert requests[-1].path == "/api/s/s2s/track"
    batches = [SOURCE.read(request) for request in requests]
    assert [event for batch in batches for event in batch.events] == expected
    assert all(batch.backend and not batch.trusted for batch in batches)
    assert batches[0].sent == ["2026-11-30T19:24:09.458Z"]


def test_the_answer_runs_nothing_in_the_page() -> None:
    answer = SOURCE.answer(read(track()))
    assert (answer.status, orjson.loads(answer.body)) == (200, {"ok": True, "destinations": []})


def test_what_is_refused_is_named() -> None:
    answer = SOURCE.answer(read({"type": "dance"}))
    assert answer.status == 400
    content = orjson.loads(answer.body)
    assert (content["ok"], content["destinations"], content["accepted"]) == (False, [], 0)


@pytest.mark.parametrize("path", ["/api/s/batch", "/api/s/s2s/batch"])
def test_a_batch(path: str) -> None:
    messages = [track(), {"type": "page", "anonymousId": "v-1"}]
    batch = read({"batch": messages, "sentAt": "2026-11-30T00:00:00Z"}, path)
    assert [event["event_name"] for event in batch.events] == ["a", "page_view"]
    assert batch.backend is ("s2s" in path)
    assert batch.sent == ["2026-11-30T00:00:00Z"]


@pytest.mark.parametrize("kind", ["track", "event"])
def test_the_message_says_what_it_is(kind: str) -> None:
    (event,) = read({"type": "page"}, f"/api/s/{kind}").events
    assert event["event_name"] == "page_view"


def test_event_alone_does_not_say_what_a_message_is() -> None:
    assert not read({"event": "a"}, "/api/s/event").events


@pytest.mark.parametrize(
    ("headers", "trusted"),
    [
        ({"x-write-key": KEY}, False),
        ({"x-write-key": SECRET}, True),
        ({"authorization": f"Basic {b64encode(KEY.encode()).decode()}"}, False),
        ({"authorization": f"Basic {b64encode(SECRET.encode()).decode()}"}, True),
    ],
)
def test_where_the_key_may_stand(headers: dict[str, str], trusted: bool) -> None:
    request = Inbound("POST", "/api/s/track", "", headers, orjson.dumps(track()))
    batch = SOURCE.read(request)
    assert (batch.trusted, batch.backend, len(batch.events)) == (trusted, trusted, 1)
    assert SOURCE.shows_key(request) is trusted


@pytest.mark.parametrize("headers", [{}, {"x-write-key": "keyid:***"}, {"x-write-key": "other"}])
def test_a_masked_key_is_no_key(headers: dict[str, str]) -> None:
    body = orjson.dumps(track(writeKey="keyid:***"))
    with pytest.raises(Refused) as refused:
        SOURCE.read(Inbound("POST", "/api/s/track", "", headers, body))
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


def test_a_secret_key_cannot_be_public() -> None:
    with pytest.raises(ValidationError, match="use another key"):
        JitsuSettings(type="jitsu", write_keys=[KEY], secret_keys=[KEY])


@pytest.mark.parametrize("policy", ["remove", "stripLastOctet", "REMOVE", "", "keep, remove"])
def test_the_address_is_not_kept_where_the_page_asks_so(policy: str) -> None:
    context = {"ip": "203.0.113.9"}
    (event,) = read(track(context=context), x_ip_policy=policy).events
    assert event["ip_override"] == ""


def test_by_default_the_address_is_kept() -> None:
    assert "ip_override" not in read(track()).events[0]
    assert "ip_override" not in read(track(), x_ip_policy="keep").events[0]


def test_ids_of_the_browser() -> None:
    ids = {
        "fbp": "fb.1.1795289447283.1",
        "fbc": "fb.1.1795289447283.click",
        "ga4": {"clientId": "1.2", "sessionIds": {"TEST000001": "1795289657"}},
    }
    assert read(track(context={"clientIds": ids, "library": {"env": "browser"}})).events == [
        {
            "event_name": "a",
            "client_id": "v-1",
            "fbp": "fb.1.1795289447283.1",
            "fbc": "fb.1.1795289447283.click",
            "ga_session_id": "1795289657",
        }
    ]


@pytest.mark.parametrize("sessions", [{}, {"A": "1", "B": "2"}, [], "1", None])
def test_one_session_of_ga4_is_meant_or_none(sessions: Any) -> None:
    (event,) = read(track(context={"clientIds": {"ga4": {"sessionIds": sessions}}})).events
    assert "ga_session_id" not in event


def test_consent_categories_deny() -> None:
    context = {"consent": {"categoryPreferences": {"Advertising": False}}}
    (event,) = read(track(context=context)).events
    assert event["consent_categories"] == {"Advertising": False}
