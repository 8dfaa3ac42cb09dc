"""A request shows a key in its head, or it counts as one without a key."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import build_sources
from gateway.sources import form
from gateway.sources.base import Inbound, Source
from gateway.web.key_check import MAX_HEAD_BYTES, compile_key_check

CONFIG = """
sources:
  site: {type: collect}
  backend: {type: events, keys: [test-key]}
  server: {type: measurement_protocol, api_secrets: {G-1: test-key}}
  logs: {type: matomo, keys: [test-key]}
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


@pytest.mark.parametrize(
    ("name", "key", "shown"),
    [
        ("logs", "token_auth=test-key", True),
        ("logs", "token_auth=test%2Dkey", True),
        ("logs", "token_auth=wrong", False),
        ("server", QUERY.decode(), True),
        ("server", "measurement_id=G%2D1&api_secret=test%2Dkey", True),
        ("server", "measurement_id=G-1&api_secret=wrong", False),
    ],
)
def test_a_long_query_is_not_decoded_to_look_for_a_key(
    monkeypatch: pytest.MonkeyPatch,
    sources: dict[str, Source[Any]],
    name: str,
    key: str,
    shown: bool,
) -> None:
    """Otherwise a hundred such requests held the event loop for seconds, even those beyond the rate
    limit."""
    decoded: list[str] = []
    whole = form.unquote_to_bytes

    def counted(text: str) -> bytes:
        decoded.append(text)
        return whole(text)

    monkeypatch.setattr(form, "unquote_to_bytes", counted)
    query = f"{'%61=%62&' * 7_500}{key}"
    assert sources[name].shows_key(Inbound("POST", "/", query)) is shown
    assert len(decoded) < 10
