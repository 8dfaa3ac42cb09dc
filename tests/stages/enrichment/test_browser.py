"""The same headers give the same browser, whether or not it is cached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gateway.event import Received
from gateway.stages.enrichment import compile_enrichment
from gateway.stages.enrichment.browser import (
    BROWSER_HEADERS,
    Manners,
    _browsers,
    _read,
    browser_of,
)

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0.0.0"
VALUES = [
    *('"Google Chrome";v="156", "Chromium";v="156"', '"HeadlessChrome";v="156"', "?0", "?1"),
    *('"Windows"', '"macOS"', '"Android"', '"15.0.0"', '"Pixel 9"', '""', '"', ""),
    *("en-GB,en;q=0.9", "de", "*", "x;q=2", "prefetch", "prefetch;prerender", "preview"),
]
HEADERS = st.dictionaries(
    st.sampled_from([*BROWSER_HEADERS, "user-agent", "cookie"]),
    st.sampled_from(VALUES) | st.text(max_size=20) | st.just("x" * 5_000),
)
AGENTS = st.sampled_from([CHROME, "Mozilla/5.0", "curl/8", ""])


def received(headers: dict[str, str], agent: str = "", **fields: Any) -> Received:
    return Received("site", 0.0, user_agent=agent, headers=headers, **fields)


@given(st.lists(HEADERS, min_size=1, max_size=8))
def test_what_is_remembered_is_what_is_read(requests: list[dict[str, str]]) -> None:
    for headers in (*requests, *requests):
        read = _read(tuple(map(headers.get, BROWSER_HEADERS)))
        assert browser_of(received(headers)) == read


@given(st.lists(st.tuples(HEADERS, AGENTS, AGENTS, st.booleans()), min_size=1, max_size=5))
def test_events_get_what_they_would_get_alone(
    requests: list[tuple[dict[str, str], str, str, bool]],
) -> None:
    enrich = compile_enrichment(["bot", "language", "user_agent"])

    def found(headers: dict[str, str], agent: str, stated: str, trusted: bool) -> Any:
        request = received(headers, agent, trusted=trusted)
        events = [{"event_name": "a", "user_agent": each} for each in (agent, stated)]
        return [enrich(event, request) for event in events]

    together = [found(*each) for each in requests]
    for request, seen in zip(requests, together, strict=True):
        _browsers.clear()
        alone = compile_enrichment(["bot", "language", "user_agent"])
        agents = request[1:3]
        for agent, event in zip(agents, seen, strict=True):
            request_ = received(request[0], request[1], trusted=request[3])
            assert alone({"event_name": "a", "user_agent": agent}, request_) == event


def test_other_headers_are_read_again() -> None:
    request = received({"accept-language": "de"})
    assert browser_of(request).language == "de"
    assert browser_of(replace(request, headers={"accept-language": "fr"})).language == "fr"


@pytest.mark.parametrize(
    ("headers", "manners"),
    [
        ({}, Manners(False, True, False, "")),
        ({"accept-language": "de"}, Manners(False, True, True, "")),
        ({"sec-ch-ua": '"HeadlessChrome";v="156"'}, Manners(False, False, False, "")),
        ({"sec-ch-ua-platform": '"Windows"'}, Manners(False, True, False, "Windows NT")),
        ({"sec-ch-ua-platform": '"BeOS"'}, Manners(False, True, False, "")),
        ({"sec-purpose": "prefetch;prerender"}, Manners(True, True, False, "")),
        ({"x-moz": "prefetch"}, Manners(True, True, False, "")),
    ],
)
def test_manners(headers: dict[str, str], manners: Manners) -> None:
    assert browser_of(received(headers)).manners == manners
