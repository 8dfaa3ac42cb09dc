"""Visitors who deny consent leave nothing behind that identifies them.

Events with many fields are sent to the web application as a browser sends them. Then every byte in
Redis, in the requests that the destinations would get, in the log and in the answer with its
headers is searched for what identifies the visitor.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis import Redis
from starlette.testclient import TestClient

from destinations.base import Request
from gateway.configuration.delivery import deadline
from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.delivery.planning import Ended, plan
from gateway.queue.entry import Entry, decode
from gateway.web.app import create_app
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.valkey_server import Valkey

CONFIG = """
server: {{trusted_proxies: ["0.0.0.0/0"], hash_salt: pepper, demo: {demo}}}
sources: {{site: {{type: collect}}}}
consent:
  default: {{ad_storage: denied, analytics_storage: denied, ad_user_data: denied}}
  regions: []
enrichment: [bot, page, campaign, click_ids, user_agent, geo]
rules: [{{name: copy, rename: {{search_term: term}}}}]
destinations:
  meta: {{type: meta, pixel_id: "1", access_token: t}}
  ga4: {{type: ga4, measurement_id: G-1, api_secret: s, on_denied: {on_denied}}}
  hits: {{type: ga4, transport: gtag, measurement_id: G-1, on_denied: {on_denied}}}
  hook:
    type: webhook
    url: "https://shop.example/"
    ip: full
    on_denied: {on_denied}{anonymised_fields}
    rules: [{{name: mark, set: {{marked: true}}}}]
  nobody:
    type: webhook
    url: "https://shop.example/"
    consent: []
    when: {{user_data.address.street: {{starts_with: Baker}}, term: {{exists: true}}}}
"""
ANONYMISED_FIELDS = "\n    anonymised_fields: [shelf]"
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile"


@dataclass
class Visit:
    """An event, the headers of its request, and the texts that identify its visitor."""

    event: dict[str, Any]
    headers: dict[str, str]
    secrets: set[str] = field(default_factory=set)

    def traces(self) -> set[bytes]:
        """The secrets in lower case, and their SHA-256 digests."""
        plain = {secret.lower().encode() for secret in self.secrets}
        return plain | {sha256(each).hexdigest().encode() for each in plain}


@st.composite
def visits(draw: st.DrawFn, consent: st.SearchStrategy[dict[str, str]]) -> Visit:
    secrets: set[str] = set()

    def word() -> str:
        secret = draw(st.text("bcdfghjklmnpqrstvwxz", min_size=8, max_size=10))
        secrets.add(secret)
        return secret

    def number() -> str:
        secret = str(draw(st.integers(10**10, 10**11 - 1)))
        secrets.add(secret)
        return secret

    def email() -> str:
        address = f"{word()}@{word()}.example"
        secrets.add(address)
        return address

    def phone() -> str:
        digits = f"49{number()}"
        secrets.add(digits)
        return f"+{digits}"

    def address() -> str:
        octet = draw(st.integers(100, 255))
        ip = draw(st.sampled_from([f"203.0.113.{octet}", f"2001:db8::{octet}:7"]))
        secrets.add(ip)
        return ip

    order, user, mail = word(), word(), email()
    path = draw(
        st.sampled_from(
            ["/", "/thanks", f"/thanks/{order}", f"/u/{user}/orders", f"/confirm/{mail}"]
        )
    )
    parameters = [
        "utm_source=news",
        f"gclid={word()}",
        f"fbclid={word()}",
        f"friend={word()}",
        f"email={mail.replace('@', '%40')}",
        f"utm_email={mail}",
        draw(st.sampled_from(["utm_content=blue", f"utm_content={user}"])),
    ]
    left_out = draw(st.sets(st.sampled_from(parameters)))
    query = "&".join(each for each in parameters if each not in left_out)
    login = draw(st.sampled_from(["", f"{word()}:{word()}@"]))
    page = f"https://{login}shop.example{path};sid={word()}?{query}#{word()}"
    fields = {
        "client_id": f"{number()}.{number()}",
        "user_id": user,
        "transaction_id": order,
        "user_agent": f"{AGENT} {word()}",
        "language": f"de-DE-x-{word()}",
        "page_location": page,
        "page_path": f"{path}?{query}",
        "page_hostname": f"{word()}@shop.example",
        "page_referrer": f"https://mail.example/{word()}?to={word()}",
        "page_title": f"Hello {word()}",
        "currency": "EUR",
        "value": 9.5,
        "coupon": word(),
        "search_term": word(),
        "items": [
            {"item_id": "SKU-1", "item_name": "Shirt", "price": 9.5, "coupon": word()},
            {"item_name": f"Cup for {user}", "engraving": word()},
        ],
        "user_data": {
            "email_address": [mail, email()],
            "sha256_email_address": sha256(mail.encode()).hexdigest(),
            "phone_number": phone(),
            "address": {"first_name": word(), "street": word(), "city": word(), "country": "DE"},
            "lead_id": word(),
        },
        "user_properties": {"customer": word(), "plan": {"value": word()}},
        "event_location": {"country": "DE", "region": word(), "city": word()},
        "client_hints": {"model": word()},
        "device": {"category": "mobile", "browser": "Chrome", "model": word()},
        "campaign": {"source": "news", "by": word(), "content": user},
        "click_ids": {"gclid": word()},
        "ga_session_id": number(),
        "fbp": f"fb.1.1795210000000.{number()}",
        "fbc": f"fb.1.1795210000000.{word()}",
        "x-ga-js_client_id": word(),
        "member": word(),
        "basket": {"of": [word(), {"deep": word()}], word(): 1},
        "shelf": draw(st.sampled_from(["top", f"reserved for {user}"])),
        "anonymised": False,
    }
    # The other three occur in texts too, where only these fields reveal them as identifiers.
    optional = sorted(fields.keys() - {"user_id", "transaction_id", "user_data"})
    missing = draw(st.sets(st.sampled_from(optional)))
    event = {"event_name": "purchase", "event_id": "e-1"}
    event |= {name: value for name, value in fields.items() if name not in missing}
    if stated := draw(consent):
        event["consent"] = stated
    cookies = {
        "_ga": f"GA1.1.{number()}.{number()}",
        "_ga_TEST1": f"GS2.1.s{number()}",
        "_fbp": f"fb.1.1795210000000.{number()}",
        "_gcl_aw": f"GCL.1795210000.{word()}",
        "visitor_id": word(),
        "FPID": word(),
        "session": word(),
    }
    headers = {
        "x-forwarded-for": address(),
        "user-agent": f"{AGENT} {word()}",
        "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "referer": page,
        "sec-ch-ua-model": f'"{word()}"',
        "accept-language": f"de, x-{word()}",
        "authorization": f"Bearer {word()}",
        "x-forwarded-proto": "https",
    }
    return Visit(event, headers, secrets)


STATES = st.sampled_from(["granted", "denied"])
DENIED = st.none() | st.fixed_dictionaries(
    {"analytics_storage": st.just("denied"), "ad_user_data": st.just("denied")},
    optional={"ad_storage": STATES, "ad_personalization": STATES},
)
GRANTED = st.just(
    dict.fromkeys(
        ["ad_storage", "analytics_storage", "ad_user_data", "ad_personalization"], "granted"
    )
)


class Shop:
    """The application, and everything that its events leave behind."""

    def __init__(self, settings: Settings, web: TestClient, redis: Redis) -> None:
        self._settings, self._web, self._redis = settings, web, redis
        self.demo = settings.server.demo

    def sends(self, visit: Visit) -> bytes:
        """Sends the event, with a field of the wrong type added, and a broken copy. Returns the
        answer with its headers."""
        self._redis.flushall()
        odd = visit.event | {"tax": str(visit.secrets)}
        broken = visit.event | {"event_id": "e-2", "event_name": [str(visit.secrets)]}
        body = orjson.dumps([odd, broken])
        headers = visit.headers
        if self.demo:
            headers = headers | {"cookie": f"{headers['cookie']}; demo_browser={'d' * 32}"}
        answer = self._web.post("/collect", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        if self.demo:
            wait_for(lambda: self._redis.xlen(KEYS.recent) > 0, 60, "the record of the decision")
        return orjson.dumps(answer.headers.multi_items()) + answer.content

    def entries(self, name: str) -> list[Entry]:
        rows: Any = self._redis.xrange(KEYS.destination(name).stream)
        return [decode(entry_id, 1, fields[b"e"]) for entry_id, fields in rows]

    def withheld(self, name: str) -> int:
        return int(self._redis.hget(KEYS.destination(name).counts, "withheld") or 0)

    def stored(self) -> bytes:
        """Every key with its value."""
        return b"\n".join(
            key + b" " + b" ".join(_flat(self._value(key))) for key in self._redis.scan_iter()
        )

    def requests(self, name: str) -> list[Request]:
        """The requests for the entries of a destination."""
        settings = self._settings.destinations[name]
        destination = build_destination(settings)
        max_age = deadline(settings.delivery, destination)
        planned = list(plan(destination, self.entries(name), max_age, time.time()))
        assert not any(isinstance(each, Ended) for each in planned), planned
        return [each.request for each in planned if not isinstance(each, Ended)]

    def _value(self, key: bytes) -> Any:
        read = {
            b"string": self._redis.get,
            b"hash": self._redis.hgetall,
            b"set": self._redis.smembers,
            b"stream": self._redis.xrange,
            b"list": lambda key: self._redis.lrange(key, 0, -1),
            b"zset": lambda key: self._redis.zrange(key, 0, -1),
        }
        kind = self._redis.type(key)
        return None if kind == b"none" else read[kind](key)


def _flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
        if value[:2] == b"x\x9c":  # RQ compresses the data of jobs
            yield zlib.decompress(value)
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _flat(pair)
    elif value is not None:
        for each in value:
            yield from _flat(each)


def _open(valkey: Valkey, on_denied: str, demo: bool) -> Iterator[Shop]:
    fields = ANONYMISED_FIELDS if on_denied == "anonymise" else ""
    config = CONFIG.format(on_denied=on_denied, anonymised_fields=fields, demo=str(demo).lower())
    settings = parse_settings(config, environment={})
    app = create_app(settings, valkey.url)
    with valkey.client() as redis, TestClient(app, client=("10.0.0.1", 50000)) as web:
        yield Shop(settings, web, redis)


@pytest.fixture(scope="module", params=[False, True], ids=["demo off", "demo on"])
def withholding(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Shop]:
    yield from _open(valkey, "withhold", request.param)


@pytest.fixture(scope="module", params=[False, True], ids=["demo off", "demo on"])
def anonymising(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Shop]:
    yield from _open(valkey, "anonymise", request.param)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


examples = hypothesis_settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def bytes_of(request: Request) -> bytes:
    """The whole request, as it is sent and percent-decoded."""
    sent = orjson.dumps([request.method, request.url, dict(request.headers)]) + request.body
    return sent + b"\n" + unquote_to_bytes(sent)


def found(visit: Visit, *places: bytes | str) -> set[bytes]:
    """The traces of the visitor in `places`."""
    everything = b"\n".join(p.encode() if isinstance(p, str) else p for p in places).lower()
    return {trace for trace in visit.traces() if trace in everything}


@given(visit=visits(DENIED))
@examples
def test_a_withheld_event_leaves_nothing(
    withholding: Shop, log: pytest.LogCaptureFixture, visit: Visit
) -> None:
    log.clear()
    answer = withholding.sends(visit)

    stored = withholding.stored()

    assert found(visit, stored, answer, log.text) == set()
    is_stated = "consent" in visit.event
    assert answer.count(b"set-cookie") == is_stated
    assert (b"visitor_id=; Path=/; Max-Age=0; " in answer) is is_stated, "the cookie is deleted"
    for name in ("meta", "ga4", "hits", "hook", "nobody"):
        assert withholding.entries(name) == []
        assert withholding.withheld(name) == 1


@given(visit=visits(DENIED))
@examples
def test_an_anonymised_event_leaves_what_is_in_it_and_nothing_of_the_visitor(
    anonymising: Shop, log: pytest.LogCaptureFixture, visit: Visit
) -> None:
    log.clear()
    answer = anonymising.sends(visit)

    requests = {name: anonymising.requests(name) for name in ("ga4", "hits", "hook")}
    sent = b"\n".join(bytes_of(request) for each in requests.values() for request in each)

    assert found(visit, anonymising.stored(), sent, answer, log.text) == set()
    assert [len(each) for each in requests.values()] == [1, 1, 1]
    assert "&gcs=G100&" in requests["hits"][0].url
    assert b'"event_name":"purchase"' in requests["hook"][0].body
    assert b'"marked":true' in requests["hook"][0].body, "its rules see the anonymous event"
    assert (anonymising.withheld("meta"), anonymising.entries("meta")) == (1, [])


@given(visit=visits(GRANTED))
@examples
def test_with_consent_the_same_search_finds_the_visitor(withholding: Shop, visit: Visit) -> None:
    answer = withholding.sends(visit)

    sent = b"\n".join(map(bytes_of, withholding.requests("hook")))

    address = visit.headers["x-forwarded-for"].encode()
    assert address in found(visit, withholding.stored())
    assert address in found(visit, sent)
    assert b"set-cookie" in answer
    assert found(visit, answer), "the cookie has the id that the visitor had"
