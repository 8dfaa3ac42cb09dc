"""Hints say what to do about refused requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.configuration.load import parse_settings
from gateway.explain.refused_hints import hint_for
from gateway.queue.refused_requests import RefusedRequest

SOURCES = parse_settings("""
enrichment: []
sources:
  site: {type: collect, allowed_origins: ["https://shop.example"]}
  web: {type: segment, write_keys: [k]}
  image: {type: pixel, paths: [/open.gif]}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/"}}
""").sources
UNCLAIMED = RefusedRequest("no_source", "", "", "no", "POST", "/m")
OF_SITE = RefusedRequest("origin", "site", "", "no", "POST", "/collect")


@pytest.mark.parametrize(
    ("looks_like", "words"),
    [
        ("segment", "which source `web` reads at /v1/alias, /v1/batch"),
        ("pixel", "which source `image` reads at /open.gif: set `prefix: any`"),
        ("ga4", "a hit of Google's gtag.js: no source of type `ga4` is configured; add one"),
        ("mailer", "the protocol of `mailer`: no installed kind of source reads it"),
        ("unknown", "compare its URL with `paths` of your sources"),
    ],
)
def test_of_a_request_that_no_source_answers(looks_like: str, words: str) -> None:
    hint = hint_for(replace(UNCLAIMED, looks_like=looks_like), SOURCES)
    assert words in hint or words.replace("/v1/alias, /v1/batch", "/v1/") in hint


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"origin": "https://a.example"}, "add https://a.example to `allowed_origins` of source"),
        ({"origin": "null"}, "does not tell the page's origin"),
        ({"origin": ""}, "take `require_origin` out of source `site`"),
        (
            {"reason": "preflight", "origin": "https://shop.example", "asked_method": "PUT"},
            "but not the method PUT or a header",
        ),
        ({"reason": "method", "asked_method": "POST", "origin": "https://a.example"}, "(a prefli"),
        ({"reason": "method"}, "change the method in the sender, usually to POST"),
        ({"reason": "unauthorized"}, "the request shows no key; source `site` needs one"),
        (
            {"reason": "unauthorized", "keys": ("query writeKey, 6 characters",)},
            "does not have (query writeKey, 6 characters)",
        ),
        ({"reason": "too_large"}, "raise `max_body_bytes` of source `site`"),
        ({"reason": "rate_limited"}, "`server.trusted_proxies`"),
        ({"reason": "submission_token"}, "gateway-token.js"),
        ({"reason": "unsupported_encoding"}, "Content-Encoding: gzip"),
        ({"reason": "malformed"}, "`gateway explain --request`"),
    ],
)
def test_of_a_request_that_its_source_refused(changes: dict[str, object], words: str) -> None:
    assert words in hint_for(replace(OF_SITE, **changes), SOURCES)


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert hint_for(replace(OF_SITE, reason="of_a_plug_in"), SOURCES) == ""
    gone = replace(OF_SITE, source="gone", origin="https://a.example")
    assert "of source `gone`" in hint_for(gone, SOURCES)
