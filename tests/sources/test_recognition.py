"""Requests that no source answers: which protocol they look like, and what is shown of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.kinds import source_types
from gateway.sources.base import Inbound
from gateway.sources.recognition import (
    NOISE,
    UNKNOWN,
    compile_recognition,
    looks_of,
    outline_of,
    shown_keys,
    title_of,
)
from gateway.sources.recognition.outline import MAX_NAMES, MAX_ORIGIN, shown_path
from gateway.sources.recognition.protocols import PROTOCOLS
from tests.sources.conftest import CAPTURES, inbound

KINDS = {name: [*kind.paths, *kind.questions] for name, kind in source_types().items()}
THIRD_PARTY = {"shopify": ("/shopify",), "shop": ("/shop/{shop}/orders",)}
recognise = compile_recognition(KINDS)


@pytest.mark.parametrize(
    ("method", "target", "body", "kind"),
    [
        ("POST", "/metrics/v1/batch", b"", "segment"),
        ("OPTIONS", "/metrics/v1/t", b"", "segment"),
        ("GET", "/v1/projects/KEY/settings", b"", "segment"),
        ("GET", "/cdn/sourceConfig/?writeKey=K", b"", "segment"),
        ("GET", "/analytics.js/v1/KEY/analytics.min.js", b"", "segment"),
        ("POST", "/in", b'{"writeKey": "K", "type": "track"}', "segment"),
        ("POST", "/in", b'{"messageId": "1", "type": "track"}', "segment"),
        ("GET", "/x/g/collect?v=2&tid=G-1", b"", "ga4"),
        ("GET", "/ga?v=2&tid=G-1&cid=1.2&en=page_view", b"", "ga4"),
        ("POST", "/collect?v=2&tid=G-1&cid=1.2", b"", "ga4"),
        ("POST", "/a/mp/collect?measurement_id=G-1", b"", "measurement_protocol"),
        ("POST", "/debug/mp/collect", b"", "measurement_protocol"),
        ("POST", "/x?measurement_id=G-1&api_secret=s", b"", "measurement_protocol"),
        ("POST", "/x/com.snowplowanalytics.snowplow/tp2", b"", "snowplow"),
        ("GET", "/x/i?e=pv&tv=js&p=web", b"", "snowplow"),
        ("POST", "/com.acme/track", b'{"schema": "iglu:", "data": []}', "snowplow"),
        ("GET", "/piwik/matomo.php?idsite=1&rec=1", b"", "matomo"),
        ("GET", "/stats?idsite=1&rec=1", b"", "matomo"),
        ("GET", "/js/tracker.php?idsite=1&rec=1", b"", "matomo"),
        ("GET", "/stape/dat?v=2&dtdc=e30", b"", "stape_data"),
        ("POST", "/dat", b'{"event_name": "a", "data_tag": true}', "stape_data"),
        ("POST", "/js/api/event", b"", "plausible"),
        ("POST", "/api/send", b"", "umami"),
        ("POST", "/ingest/i/v0/e/", b"", "posthog"),
        ("POST", "/batch/", b'{"api_key": "phc", "batch": []}', "posthog"),
        ("POST", "/api/s/page", b"", "jitsu"),
        ("GET", "/metrics/gateway.js", b"", "collect"),
        ("POST", "/metrics/collect", b"", "collect"),
        ("POST", "/in", b'[{"event_name": "purchase"}]', "collect"),
        ("GET", "/open?event_name=open", b"", "pixel"),
        ("POST", "/in", b'{"a": 1}', UNKNOWN),
        ("POST", "/in", b"\xff", UNKNOWN),
        ("POST", "/", b"", UNKNOWN),
        ("GET", "/", b"", NOISE),
        ("GET", "/matomo.php", b"", NOISE),
        ("GET", "/i", b"", NOISE),
        ("GET", "/wp-login.php?a=1", b"", NOISE),
        ("POST", "/.env", b"", NOISE),
        ("POST", "/.git/config", b"", NOISE),
        ("POST", "/xmlrpc.php", b"", NOISE),
        ("GET", "/" + 300 * "x" + "/g/collect?v=2", b"", NOISE),
    ],
)
def test_it_is_recognised_by_where_it_goes_and_what_it_has(
    method: str, target: str, body: bytes, kind: str
) -> None:
    path, _, query = target.partition("?")
    assert recognise(Inbound(method, path, query, {}, body)) == kind


def test_the_signs_are_of_kinds_of_sources() -> None:
    assert PROTOCOLS.keys() <= KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prefix", ["", "/metrics", "/a/b-c"])
def test_each_kind_is_recognised_by_its_own_paths_below_any_prefix(kind: str, prefix: str) -> None:
    for path in KINDS[kind]:
        literal = path.replace("{", "").replace("}", "")
        assert recognise(Inbound("POST", f"{prefix}{literal}")) == kind


def test_so_are_those_of_third_parties() -> None:
    recognise = compile_recognition(KINDS | THIRD_PARTY)
    assert recognise(Inbound("POST", "/in/shopify")) == "shopify"
    assert recognise(Inbound("POST", "/in/shop/7/orders/")) == "shop"
    assert recognise(Inbound("POST", "/in/shop//orders/")) == UNKNOWN
    assert title_of("shopify") == "the protocol of `shopify`"


RECORDED = {
    "gtag-ga4-consent-denied": "ga4",
    "gtag-ga4-consent-granted": "ga4",
    "gtag-ga4-server_container_url": "ga4",
    "gtag-ga4-transport_url-userdata": "ga4",
    "matomo-tracker-node": "matomo",
    "plausible-tracker": "plausible",
    "posthog-python": "posthog",
    "rudderstack-js-batch": "segment",
    "rudderstack-js-xhr": "segment",
    "segment-analytics-next": "segment",
    "segment-analytics-next-jsdom": "segment",
    "segment-analytics-node": "segment",
    "segment-analytics-python": "segment",
    "snowplow-browser-tracker-post": "snowplow",
    "snowplow-python-tracker": "snowplow",
    "umami-node": "umami",
}


@pytest.mark.parametrize(("capture", "kind"), RECORDED.items())
def test_recorded_requests_are_recognised_below_a_prefix(capture: str, kind: str) -> None:
    for recorded in json.loads((CAPTURES / f"{capture}.json").read_text()):
        request = inbound(recorded)
        request.path = f"/metrics{request.path}"
        assert recognise(request) == kind


@given(
    st.sampled_from(["GET", "POST", "OPTIONS", "PUT"]),
    st.text(max_size=400),
    st.text(max_size=400),
    st.dictionaries(
        st.sampled_from(["origin", "referer", "content-type", "authorization"]), st.text()
    ),
    st.binary(max_size=200),
)
def test_any_request_looks_like_something_and_its_outline_is_small(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    request = Inbound(method, path, query, headers, body)
    assert recognise(request) in looks_of(KINDS)
    outline = outline_of(request)
    assert len(outline.path) < 1000
    assert len(outline.parameters) <= MAX_NAMES
    assert len(outline.origin) <= MAX_ORIGIN
    assert all(
        text.isprintable() and text.isascii()
        for text in (outline.path, outline.origin, outline.content_type, *outline.parameters)
    )


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/metrics/v1/batch", "/metrics/v1/batch"),
        ("/piwik/matomo.php", "/piwik/matomo.php"),
        ("/in-put_a/", "/in-put_a/"),
        ("/v1/projects/WRITEKEY123/settings", "/v1/projects/*/settings"),
        ("/v1/projects/wrong-key/settings", "/v1/projects/*/settings"),
        ("/a/analytics.js/v1/key/analytics.min.js", "/a/analytics.js/v1/*/*"),
        ("/abcDEFghiJKL/in", "/*/in"),
        ("/jane@shop.example/x", "/*/x"),
        ("/jane.doe/x", "/*/x"),
        ("/4930123456", "/*"),
        ("/caf%C3%A9/\u202e", "/*/*"),
        ("/" + 30 * "a", "/*"),
        ("/a" * 20, "/a/a/a/a/a/a/a/a/..."),
        ("", "/"),
        ("*", "/"),
    ],
)
def test_of_a_path_words_are_shown(path: str, shown: str) -> None:
    assert shown_path(path) == shown


def test_no_value_is_shown() -> None:
    headers = {
        "origin": "https://shop.example:8443",
        "referer": "https://shop.example/jane",
        "content-type": 'application/json; boundary="jane"',
        "cookie": "jane=1",
        "authorization": "Bearer jane",
    }
    query = "v=jane&ep.mail=jane@shop.example&jane4930=1&jane"
    outline = outline_of(Inbound("POST", "/in", query, headers, b'{"jane": 1}'))
    assert outline.parameters == ("v", "ep.mail", "?")
    assert outline.content_type == "application/json"
    assert outline.origin == "https://shop.example:8443"
    assert "jane" not in repr(outline)


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, ""),
        ({"origin": "null"}, "null"),
        ({"origin": "\x1b[2J"}, "null"),
        ({"origin": "https://Shop.example/jane"}, "https://shop.example"),
        ({"referer": "https://shop.example/thanks?order=1"}, "https://shop.example"),
        ({"referer": "android-app://x"}, ""),
    ],
)
def test_of_a_page_the_origin_is_shown(headers: dict[str, str], origin: str) -> None:
    assert outline_of(Inbound("POST", "/", "", headers)).origin == origin


SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "writeKey"},
}


@pytest.mark.parametrize(
    ("headers", "query", "body", "shown"),
    [
        ({}, "", b"", ()),
        ({"authorization": "Bearer s3cr3t"}, "", b"", ("Authorization: Bearer, 6 characters",)),
        ({"authorization": "s3cr3t"}, "", b"", ()),
        ({"authorization": "S3cr3t s3"}, "", b"", ("Authorization: another scheme, 2 characters",)),
        ({"x-write-key": "s"}, "", b"", ("header X-Write-Key, 1 character",)),
        ({}, "a=b&writeKey=s3cr3t", b"", ("query writeKey, 6 characters",)),
        ({}, "", b'{"writeKey": "s3cr3t"}', ("body writeKey, 6 characters",)),
        ({}, "", b'{"writeKey": 7}', ()),
        ({}, "", b"[]", ()),
    ],
)
def test_of_a_key_its_place_and_length_are_shown(
    headers: dict[str, str], query: str, body: bytes, shown: tuple[str, ...]
) -> None:
    assert shown_keys(Inbound("POST", "/", query, headers, body), SCHEMES) == shown
