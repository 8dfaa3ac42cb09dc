"""No request is answered with 5xx, and every accepted event can be sent to every vendor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from starlette.testclient import TestClient

from destinations.base import Request, Unsendable
from gateway.configuration.kinds import destination_types
from gateway.configuration.settings import Settings
from gateway.event.schema import EventFields
from gateway.pipeline.compile import Pipeline, compile_pipeline
from gateway.queue.entry import decode
from gateway.web import app as app_module
from tests.support.keys import KEYS

STREAM = KEYS.destination("all").stream
TYPES = [
    "",
    "application/json",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "image/png",
    "\xff;;=",
]
ENCODINGS = ["", "gzip", "identity", "br"]
HEADERS = {"authorization": "Bearer test-key"}

lenient = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="session")
def pipeline(enriching: Settings) -> Pipeline:
    return compile_pipeline(enriching)


@pytest.fixture
def web(
    open_web: Callable[..., TestClient], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> TestClient:
    """The application with every enrichment, compiled once because that takes a moment."""
    monkeypatch.setattr(app_module, "compile_pipeline", lambda *_: pipeline)
    return open_web()


@pytest.fixture
def check(web: TestClient, redis: Redis) -> Callable[..., int]:
    """Sends a request, and checks the answer and what was stored."""
    last = ["-"]

    def check(method: str, path: str, **request: Any) -> int:
        headers = {**HEADERS, **request.pop("headers", {})}
        raw = [(name, value.encode("latin-1")) for name, value in headers.items()]
        answer = web.request(method, path, headers=raw, **request)
        assert answer.status_code < 500
        rows: Any = redis.xrange(STREAM, last[0], "+")
        for entry_id, fields in rows:
            last[0] = "(" + entry_id.decode()
            can_be_sent(decode(entry_id, 1, fields[b"e"]).event)
        return answer.status_code

    return check


def can_be_sent(event: dict[str, Any]) -> None:
    assert isinstance(event["event_id"], str)
    assert isinstance(event["event_name"], str)
    assert isinstance(event["timestamp"], int | float)
    for destination in VENDORS:
        (planned,) = destination.requests([event], event["timestamp"])
        assert isinstance(planned, Request | Unsendable)


VENDORS = [
    kind(kind.Settings(**settings))
    for name, settings in {
        "meta": {"type": "meta", "pixel_id": "1234567890", "access_token": "t"},
        "ga4": {"type": "ga4", "measurement_id": "G-TEST000001", "api_secret": "s"},
        "webhook": {"type": "webhook", "url": "http://127.0.0.1:9/"},
    }.items()
    if (kind := destination_types()[name])
]


@given(
    body=st.binary(max_size=200),
    path=st.sampled_from(["/collect", "/events"]),
    kind=st.sampled_from(TYPES),
    encoding=st.sampled_from(ENCODINGS),
)
@lenient
def test_any_bytes(
    check: Callable[..., int], body: bytes, path: str, kind: str, encoding: str
) -> None:
    headers = {"content-type": kind, "content-encoding": encoding}
    check("POST", path, content=body, headers=headers)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["1e400", "-0", "2026-13-01", "granted", "+", "\x7f", "💥", "٣", "0" * 300])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
known = sorted(EventFields.__annotations__)


@given(
    fields=st.dictionaries(st.sampled_from(known) | st.text(max_size=4), values, max_size=6),
    path=st.sampled_from(["/collect", "/events"]),
)
@lenient
def test_any_value_in_any_field(
    check: Callable[..., int], fields: dict[str, Any], path: str
) -> None:
    try:
        body = orjson.dumps({"event_name": "purchase", **fields})
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return
    check("POST", path, content=body)


@given(st.binary(max_size=60))
@lenient
def test_any_query(check: Callable[..., int], query: bytes) -> None:
    text = "".join(f"%{byte:02x}" if byte < 33 or byte > 126 else chr(byte) for byte in query)
    check("GET", f"/pixel.gif?{text.replace('#', '%23')}")


DEEP = 100_000
NASTY = [
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b'{"event_name":"x","a":' + b"[" * 40 + b"]" * 40 + b"}",
    b'{"event_name":"x","a":' + b"[" * 31 + b"]" * 31 + b"}",
    b'{"event_name":"x","a":' + b"[" * 240 + b"]" * 240 + b"}",
    b'{"event_name":"x","value":NaN}',
    b'{"event_name":"x","value":Infinity}',
    b'{"event_name":"x","value":1e400}',
    b'{"event_name":"x","value":-1e400}',
    b'{"event_name":"x","value":123123123123123123123123123123}',
    b'{"event_name":"x","other":123123123123123123123123123123}',
    b'{"event_name":"x","other":1e-400}',
    b'{"event_name":"x","other":-0.0}',
    b'{"event_name":"\\ud800"}',
    b'{"event_name":"x","other":"\\udc00\\ud800"}',
    b'{"event_name":"x","\\ud800":1}',
    b'{"event_name":"x","other":"\\u0000"}',
    b'{"event_name":"x","\\u0000":1}',
    b'{"event_name":"\xff"}',
    b'{"event_name":"x","other":"\xed\xa0\x80"}',
    b'\xef\xbb\xbf{"event_name":"x"}',
    '{"event_name":"x"}'.encode("utf-16"),
    b'{"event_name":"x",}',
    b'{"event_name":"x"}{"event_name":"y"}',
    b"{'event_name':'x'}",
    b'{"event_name":"x","event_name":"y"}',
    b'{"__proto__":{"event_name":"x"}}',
    b'{"event_name":"x","":1,".":2,"a.b":3,"*":4}',
    b'{"event_name":"x","user_data":[]}',
    b'{"event_name":"x","user_data":{"email_address":[[]]}}',
    b'{"event_name":"x","user_data":{"address":{"0":{"0":{}}}}}',
    b'{"event_name":"x","items":{"9999999999":{}}}',
    b'{"event_name":"x","items":[null]}',
    b'{"event_name":"x","consent":"granted"}',
    b'{"event_name":"x","timestamp":1e308}',
    b'{"event_name":"x","timestamp":-1e308}',
    b'{"event_name":"x","timestamp":"9999-99-99"}',
    b'{"event_name":"x","timestamp":"0001-01-01T00:00:00+14:00"}',
    b'{"event_name":"x","page_location":"http://[::1"}',
    b'{"event_name":"x","page_location":"//\\\\@:0:0/?%ff%00&&==#"}',
    b'{"event_name":"x","user_agent":"' + b"(" * 5000 + b'"}',
    b'{"events":{}}',
    b'{"events":[[],1,null,"x",{}]}',
    b"",
    b" ",
    b"\0",
]


@pytest.mark.parametrize("body", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("path", ["/collect", "/events"])
def test_known_nasties(check: Callable[..., int], body: bytes, path: str) -> None:
    check("POST", path, content=body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user-agent", "\xff" * 5000),
        ("user-agent", ""),
        ("referer", "http://[::1"),
        ("referer", "\xff"),
        ("x-forwarded-for", "," * 1000),
        ("authorization", "Bearer \xff"),
        ("authorization", "Bearer"),
        ("content-type", "multipart/form-data; boundary=" + "b" * 500),
        ("accept-language", "*;q=" + "9" * 500),
        ("cookie", "=;=;" * 100),
        ("sec-ch-ua", '"' * 500),
        ("origin", "\xff"),
    ],
)
def test_nasty_headers(check: Callable[..., int], name: str, value: str) -> None:
    for path in ("/collect", "/events"):
        check("POST", path, content=b'{"event_name":"x"}', headers={name: value})
    check("GET", "/pixel.gif", headers={name: value})
