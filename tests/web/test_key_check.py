"""A request shows a key in its head, or it counts as one without a key."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import build_sources
from gateway.sources.base import Source
from gateway.web.key_check import MAX_HEAD_BYTES, compile_key_check

CONFIG = """
sources:
  site: {type: collect}
  backend: {type: events, keys: [test-key]}
  server: {type: measurement_protocol, api_secrets: {G-1: test-key}}
  sdk: {type: segment, write_keys: [public], secret_keys: [test-key]}
destinations: {hook: {type: webhook, url: "http://127.0.0.1:9/"}}
"""
BEARER = (b"authorization", b"Bearer test-key")
QUERY = b"measurement_id=G-1&api_secret=test-key"


@pytest.fixture(scope="module")
def sources() -> dict[str, Source[Any]]:
    return build_sources(parse_settings(CONFIG))


@pytest.mark.parametrize(
    ("name", "headers", "query", "shown"),
    [
        ("backend", [BEARER], b"", True),
        ("backend", [(b"authorization", b"Bearer wrong")], b"", False),
        ("backend", [], b"", False),
        ("backend", [BEARER, BEARER], b"", False),
        ("backend", [(b"authorization", b"\xff\x00")], b"", False),
        ("backend", [BEARER, (b"cookie", b"x" * (MAX_HEAD_BYTES - 15))], b"", True),
        ("backend", [BEARER, (b"cookie", b"x" * (MAX_HEAD_BYTES - 14))], b"", False),
        ("backend", [BEARER, *[(b"x", b"")] * 99], b"", True),
        ("backend", [BEARER, *[(b"x", b"")] * 100], b"", False),
        ("backend", [BEARER, (b"x" * 300, b"")], b"", False),
        ("server", [], QUERY, True),
        ("server", [], QUERY + b"&x=" + b"x" * MAX_HEAD_BYTES, False),
        ("server", [], b"\xff%", False),
        ("sdk", [(b"authorization", b"Basic dGVzdC1rZXk6")], b"", True),
        ("sdk", [(b"authorization", b"Basic cHVibGljOg==")], b"", False),
        ("site", [BEARER], QUERY, False),
    ],
)
def test_a_key_in_the_head(
    sources: dict[str, Source[Any]],
    name: str,
    headers: list[tuple[bytes, bytes]],
    query: bytes,
    shown: bool,
) -> None:
    scope = {"method": "POST", "path": "/", "query_string": query, "headers": headers}
    assert compile_key_check(sources[name])(scope) is shown
