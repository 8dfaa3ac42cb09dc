"""What is cached from many events stays small, however long the texts of strangers are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from destinations.ga4.rules import scalar_params
from destinations.normalise import bare_name, hashing
from gateway.configuration.load import parse_settings
from gateway.event import Received, read_event
from gateway.pipeline.changed import changed_fields
from gateway.pipeline.compile import compile_pipeline
from gateway.stages.consent.google import denies_analytics
from gateway.stages.identity.cookies import compile_scope

DECIDE = compile_pipeline(
    parse_settings(
        """
server: {hash_salt: a-salt-of-the-shop}
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://a.example/", consent: []}}
"""
    )
)
RECEIVED = Received("site", 1795219260.0, "192.0.2.1", "Mozilla/5.0")
LONG, TIMES, MOST = 100_000, 30, 400_000
"""Characters in a text, number of texts, and bytes that may be cached for all of them."""

scope_of = compile_scope(None, None)
hash_names = hashing("first_name", bare_name).hashed


def decided(**fields: str) -> None:
    changed_fields(DECIDE(read_event({"event_name": "a", **fields}), RECEIVED))


WAYS: dict[str, Callable[[str], object]] = {
    "names of fields that a stage changed": lambda text: decided(**{text: "jane@shop.example"}),
    "referrers": lambda text: decided(page_referrer=f"https://{text}/", page_location=text),
    "names of parameters": lambda text: scalar_params({text: 1}, ()),
    "names of people": lambda text: hash_names([{"first_name": text}]),
    "hosts": lambda text: scope_of(text, True),
    "consent strings": lambda text: denies_analytics(text, "G111"),
}


@pytest.mark.parametrize("way", WAYS)
def test_long_texts_are_not_remembered(way: str) -> None:
    WAYS[way]("usual")
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(TIMES):
            WAYS[way](f"{number}{'x' * LONG}")
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < MOST
