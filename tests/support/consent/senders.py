"""Every source, and how each carries the same message."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

Pairs = Sequence[tuple[str, Any]]
"""Names and values in order; a name may occur twice."""

SOURCES = """
sources:
  site: {type: collect}
  backend: {type: events, keys: [bk]}
  orders:
    type: events
    paths: [/orders]
    keys: [ok]
    consent_default: {ad_storage: granted, analytics_storage: granted, ad_user_data: granted}
  pixel: {type: pixel}
  gtag: {type: ga4}
  mp: {type: measurement_protocol, api_secrets: {G-TEST000001: mps}}
  segment: {type: segment, write_keys: [wk, WRITEKEY123]}
  snowplow: {type: snowplow}
  matomo: {type: matomo}
  plausible: {type: plausible}
  umami: {type: umami}
  jitsu: {type: jitsu, write_keys: [jk]}
  posthog: {type: posthog, write_keys: [pk]}
  data: {type: stape_data}
"""

PAGE = "https://shop.example/"
JSON = {"content-type": "text/plain"}


@dataclass(frozen=True)
class Message:
    """fields: those of the event, under the gateway's names. envelope: those around the events."""

    fields: Pairs = ()
    envelope: Pairs = ()
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Sender:
    """is_browser: whether its requests come from the visitor's address. writes: ``json`` carries
    every value, ``fields`` only texts. has_envelope: whether fields surround the events."""

    name: str
    write: Callable[[Message], Call]
    is_browser: bool = True
    writes: str = "json"
    has_envelope: bool = False

    def __str__(self) -> str:
        return self.name


class Written:
    """Literal JSON, for what a Python object cannot hold."""

    def __init__(self, text: str) -> None:
        self.text = text


def as_json(value: Any) -> str:
    if isinstance(value, Written):
        return value.text
    if isinstance(value, dict):
        return as_object([*value.items()])
    if isinstance(value, list):
        return f"[{','.join(map(as_json, value))}]"
    return json.dumps(value)


def as_object(pairs: Pairs) -> str:
    """`pairs` as a JSON object; a repeated name is repeated in the text."""
    return f"{{{','.join(f'{json.dumps(name)}:{as_json(value)}' for name, value in pairs)}}}"


def as_fields(pairs: Pairs) -> Iterator[tuple[str, str]]:
    """`pairs` as fields of a form, such as ``consent.ad_storage`` with the value ``granted``."""
    for name, value in pairs:
        if isinstance(value, dict):
            yield from as_fields([(f"{name}.{part}", inner) for part, inner in value.items()])
        elif isinstance(value, list):
            yield from as_fields([(name, each) for each in value])
        else:
            yield name, "" if value is None else value if isinstance(value, str) else str(value)


def as_query(pairs: Pairs) -> str:
    return "&".join(f"{quote(name)}={quote_plus(value)}" for name, value in as_fields(pairs))


def _url(path: str, *queries: str) -> str:
    query = "&".join(filter(None, queries))
    return f"{path}?{query}" if query else path


_EVENT = [("event_name", "page_view"), ("client_id", "1.2"), ("page_location", PAGE)]


def _collect(message: Message) -> Call:
    event = as_object([*_EVENT, *message.fields])
    if message.envelope:
        event = as_object([*message.envelope, ("events", [Written(event)])])
    return Call("POST", _url("/collect", message.query), JSON, event.encode())


def _form(message: Message) -> Call:
    body = as_query([*_EVENT, *message.fields]).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Call("POST", _url("/collect", message.query), headers, body)


def _multipart(message: Message) -> Call:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in as_fields([*_EVENT, *message.fields])
    ]
    headers = {"content-type": "multipart/form-data; boundary=b"}
    body = f"{''.join(parts)}--b--\r\n".encode()
    return Call("POST", _url("/collect", message.query), headers, body)


def _pixel(message: Message) -> Call:
    query = as_query([*_EVENT, *message.fields])
    return Call("GET", _url("/pixel.gif", query, message.query), {})


_STRINGS = frozenset(
    ["gcs", "gcd", "npa", "gdpr", "gdpr_consent", "tc_string", "gpp", "gpp_sid", "us_privacy"]
)


def _as_hit(pairs: Pairs) -> list[tuple[str, Any]]:
    return [(name if name in _STRINGS else f"ep.{name}", value) for name, value in pairs]


_HIT = f"v=2&tid=G-TEST000001&cid=1.2&dl={quote_plus(PAGE)}"


def _gtag_get(message: Message) -> Call:
    return Call(
        "GET",
        _url("/g/collect", _HIT, "en=page_view", as_query(_as_hit(message.fields)), message.query),
        {},
    )


def _gtag_post(message: Message) -> Call:
    line = _url("", "en=page_view", as_query(_as_hit(message.fields)))[1:]
    around = as_query(_as_hit(message.envelope))
    url = _url("/g/collect", _HIT, around, message.query)
    return Call("POST", url, JSON, f"{line}\r\nen=scroll&{line}".encode())


_SHARED = ("ip_override", "user_agent")


def _measurement_protocol(message: Message) -> Call:
    shared = [pair for pair in message.fields if pair[0] in _SHARED]
    params = [("page_location", PAGE), *(pair for pair in message.fields if pair not in shared)]
    event = as_object([("name", "page_view"), ("params", Written(as_object(params)))])
    body = as_object(
        [("client_id", "1.2"), *shared, *message.envelope, ("events", [Written(event)])]
    )
    query = "measurement_id=G-TEST000001&api_secret=mps"
    return Call("POST", _url("/mp/collect", query, message.query), JSON, body.encode())


def _events(path: str, key: str) -> Callable[[Message], Call]:
    def write(message: Message) -> Call:
        collected = _collect(message)
        headers = {**JSON, "authorization": f"Bearer {key}"}
        return Call("POST", _url(path, message.query), headers, collected.body)

    return write


_OF_A_MESSAGE = frozenset(["consent", "context", "integrations"])


def _track(fields: Pairs) -> str:
    own = [pair for pair in fields if pair[0] in _OF_A_MESSAGE]
    properties = [("page_location", PAGE), *(pair for pair in fields if pair not in own)]
    return as_object(
        [
            ("type", "track"),
            ("event", "Seen"),
            ("anonymousId", "a1"),
            ("writeKey", "wk"),
            *own,
            ("properties", Written(as_object(properties))),
        ]
    )


def _segment(message: Message) -> Call:
    url = _url("/v1/t", message.query)
    return Call("POST", url, JSON, _track(message.fields).encode())


def _segment_batch(message: Message) -> Call:
    body = as_object(
        [("writeKey", "wk"), *message.envelope, ("batch", [Written(_track(message.fields))])]
    )
    return Call("POST", _url("/v1/batch", message.query), JSON, body.encode())


_SNOWPLOW = "/com.snowplowanalytics.snowplow/tp2"
_PAYLOAD = [("e", "pv"), ("p", "web"), ("duid", "1.2"), ("url", PAGE), ("tv", "js-4.10.1")]


def _snowplow_get(message: Message) -> Call:
    return Call("GET", _url("/i", as_query([*_PAYLOAD, *message.fields]), message.query), {})


def _snowplow_post(message: Message) -> Call:
    payload = as_object([*_PAYLOAD, *message.fields])
    body = as_object(
        [
            ("schema", "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"),
            *message.envelope,
            ("data", [Written(payload)]),
        ]
    )
    headers = {"content-type": "application/json"}
    return Call("POST", _url(_SNOWPLOW, message.query), headers, body.encode())


_AGENT = {"user-agent": "Mozilla/5.0"}
_HIT_OF_MATOMO = [("idsite", "1"), ("rec", "1"), ("_id", "1.2"), ("url", PAGE)]


def _matomo_get(message: Message) -> Call:
    query = as_query([*_HIT_OF_MATOMO, *message.fields])
    return Call("GET", _url("/matomo.php", query, message.query), _AGENT)


def _matomo_bulk(message: Message) -> Call:
    hit = as_object([*_HIT_OF_MATOMO, *message.fields])
    body = as_object([*message.envelope, ("requests", [Written(hit)])])
    return Call("POST", _url("/matomo.php", message.query), {**JSON, **_AGENT}, body.encode())


_OF_A_PAGE = {**JSON, "origin": "https://shop.example"}


def _plausible(message: Message) -> Call:
    body = as_object([("n", "pageview"), ("u", PAGE), ("client_id", "1.2"), *message.fields])
    return Call("POST", _url("/api/event", message.query), _OF_A_PAGE, body.encode())


def _umami(message: Message) -> Call:
    payload = as_object([("website", "w"), ("url", PAGE), ("vid", "1.2"), *message.fields])
    body = as_object([("type", "event"), *message.envelope, ("payload", Written(payload))])
    return Call("POST", _url("/api/send", message.query), _OF_A_PAGE, body.encode())


_OF_JITSU = {**_OF_A_PAGE, "x-write-key": "jk"}


def _jitsu(message: Message) -> Call:
    body = _track(message.fields).encode()
    return Call("POST", _url("/api/s/track", message.query), _OF_JITSU, body)


def _jitsu_batch(message: Message) -> Call:
    body = as_object([*message.envelope, ("batch", [Written(_track(message.fields))])])
    return Call("POST", _url("/api/s/batch", message.query), _OF_JITSU, body.encode())


def _posthog(message: Message) -> Call:
    properties = as_object(
        [("distinct_id", "1.2"), ("$lib", "web"), ("$current_url", PAGE), *message.fields]
    )
    event = as_object([("event", "$pageview"), ("properties", Written(properties))])
    body = as_object([("api_key", "pk"), *message.envelope, ("batch", [Written(event)])])
    return Call("POST", _url("/e/", message.query), _OF_A_PAGE, body.encode())


def _data_tag(message: Message) -> Call:
    body = as_object([*_EVENT, *message.fields])
    return Call("POST", _url("/data", message.query), JSON, body.encode())


def _data_tag_get(message: Message) -> Call:
    return Call("GET", _url("/data", as_query([*_EVENT, *message.fields]), message.query), {})


def _data_tag_encoded(message: Message) -> Call:
    event = b64encode(as_object([*_EVENT, *message.fields]).encode()).decode()
    return Call("GET", _url("/data", f"v=1&dtdc={quote(event)}", message.query), {})


COLLECT = Sender("collect", _collect, has_envelope=True)
FORM = Sender("form", _form, writes="fields")
MULTIPART = Sender("multipart", _multipart, writes="fields")
PIXEL = Sender("pixel", _pixel, writes="fields")
GTAG_GET = Sender("gtag GET", _gtag_get, writes="fields")
GTAG_POST = Sender("gtag POST", _gtag_post, writes="fields", has_envelope=True)
MEASUREMENT_PROTOCOL = Sender(
    "Measurement Protocol", _measurement_protocol, is_browser=False, has_envelope=True
)
EVENTS = Sender("events", _events("/events", "bk"), is_browser=False, has_envelope=True)
ORDERS = Sender("events with a default", _events("/orders", "ok"), is_browser=False)
SEGMENT = Sender("Segment", _segment)
SEGMENT_BATCH = Sender("Segment batch", _segment_batch, has_envelope=True)
SNOWPLOW_GET = Sender("Snowplow GET", _snowplow_get, writes="fields")
SNOWPLOW_POST = Sender("Snowplow POST", _snowplow_post, has_envelope=True)
MATOMO_GET = Sender("Matomo GET", _matomo_get, writes="fields")
MATOMO_BULK = Sender("Matomo bulk", _matomo_bulk, has_envelope=True)
PLAUSIBLE = Sender("Plausible", _plausible)
UMAMI = Sender("Umami", _umami, has_envelope=True)
JITSU = Sender("Jitsu", _jitsu)
JITSU_BATCH = Sender("Jitsu batch", _jitsu_batch, has_envelope=True)
POSTHOG = Sender("PostHog", _posthog, has_envelope=True)
DATA_TAG = Sender("Data Tag", _data_tag)
DATA_TAG_GET = Sender("Data Tag GET", _data_tag_get, writes="fields")
DATA_TAG_ENCODED = Sender("Data Tag base64", _data_tag_encoded)

BROWSERS = [
    COLLECT,
    FORM,
    MULTIPART,
    PIXEL,
    GTAG_GET,
    GTAG_POST,
    SEGMENT,
    SEGMENT_BATCH,
    SNOWPLOW_GET,
    SNOWPLOW_POST,
    MATOMO_GET,
    MATOMO_BULK,
    PLAUSIBLE,
    UMAMI,
    JITSU,
    JITSU_BATCH,
    POSTHOG,
    DATA_TAG,
    DATA_TAG_GET,
    DATA_TAG_ENCODED,
]
BACKENDS = [MEASUREMENT_PROTOCOL, EVENTS]
SENDERS = [*BROWSERS, *BACKENDS]
