"""Messages about wrong values use the gateway's own words, not those of a library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.configuration.load import settings_schema
from gateway.configuration.pattern_words import pattern_in_words
from tests.support.mistakes import FILE, mistakes

HOOK = "type: webhook, url: 'https://hook.example/'"


def words_of(text: str) -> list[str]:
    for section in ("sources", "destinations"):
        if f"{section}:" not in text:
            text += f"\n{section}: {{}}"
    return [line.removeprefix(f"{FILE}:1: ") for line in mistakes(text)]


def patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        if isinstance(node.get("patternProperties"), dict):
            yield from node["patternProperties"]
        for value in node.values():
            yield from patterns(value)
    elif isinstance(node, list):
        for value in node:
            yield from patterns(value)


def test_every_pattern_of_the_settings_has_words() -> None:
    without = {each for each in patterns(settings_schema()) if "pattern" in pattern_in_words(each)}
    assert without == set()


def test_the_pattern_of_a_plug_in_is_repeated() -> None:
    assert pattern_in_words("^acme-") == "should match pattern '^acme-'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dedupe_window: 10m", "dedupe_window: should be a whole number of seconds"),
        ("ledger: {keep_days: 7d}", "ledger.keep_days: should be a whole number of days"),
        ("ledger: {max_bytes: 1GB}", "ledger.max_bytes: should be a whole number of bytes"),
        ("dedupe_window: soon", "dedupe_window: should be a whole number"),
        (
            f"destinations: {{a: {{{HOOK}, delivery: {{backoff: [5s]}}}}}}",
            "destinations.a.delivery.backoff.0: should be a number of seconds",
        ),
        (
            f"destinations: {{a: {{{HOOK}, delivery: {{tries: 3x}}}}}}",
            "destinations.a.delivery.tries: should be a whole number",
        ),
        (
            "server: {trusted_proxies: [10.0.0.1/8]}",
            "server.trusted_proxies.0: 10.0.0.1/8 is not a network; write 10.0.0.0/8",
        ),
        (
            "server: {trusted_proxies: ['2001:db8::1/32']}",
            "server.trusted_proxies.0: 2001:db8::1/32 is not a network; write 2001:db8::/32",
        ),
        (
            "server: {trusted_proxies: [proxy.local]}",
            "server.trusted_proxies.0: is not an address or a network; write it as 10.0.0.1 or "
            "10.0.0.0/8",
        ),
        (
            "destinations: {a: {type: webhook, url: hook.example}}",
            "destinations.a.url: is not a URL; write it with https://",
        ),
        (
            "destinations: {a: {type: webhook, url: 'ftp://hook.example'}}",
            "destinations.a.url: is not a URL; write it with https://",
        ),
        (
            f"destinations: {{a b: {{{HOOK}}}}}",
            "destinations.a b: should have 1 to 64 letters (a to z), digits, - and _",
        ),
        (
            "sources: {a: {type: collect, paths: [collect]}}",
            "sources.a.paths.0: should begin with a slash",
        ),
        ("rules: [{set: {value: many}}]", "rules.0.set.value: is not a number"),
        ("rules: [{set: {items: 5}}]", "rules.0.set.items: is not a list"),
    ],
)
def test_a_value(text: str, message: str) -> None:
    assert words_of(text) == [message]


IN_QUOTES = "should be a text: write it in quotes"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0123456", [IN_QUOTES]),
        ("+123456", [IN_QUOTES]),
        ("123_456", [IN_QUOTES]),
        ("0x1F", [IN_QUOTES]),
        ("1e5", [IN_QUOTES, "should have digits only"]),
        ("123.40", [IN_QUOTES, "should have digits only"]),
        ("123456", []),
        ("12345678901234567890", []),
        ("'0123456'", []),
    ],
)
def test_a_number_that_would_lose_digits_as_a_text(written: str, words: list[str]) -> None:
    meta = f"destinations: {{a: {{type: meta, access_token: t, pixel_id: {written}}}}}"
    assert words_of(meta) == [f"destinations.a.pixel_id: {each}" for each in words]


@pytest.mark.parametrize("written", ["0600", "600.0", "1_000", "+5", "0x10"])
def test_a_number_may_be_written_in_any_form(written: str) -> None:
    assert words_of(f"dedupe_window: {written}") == []


@pytest.mark.parametrize("written", ["600.0", "1_000", "+5", "0x10", "0", "0.5", "1e3"])
def test_a_number_in_a_condition_may_be_written_in_any_form(written: str) -> None:
    assert words_of(f"rules: [{{when: {{x: {written}}}, drop: true}}]") == []


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("when: {a: 01067}, drop: true", "when.a"),
        ("when: {not: {any: [{a: [x, 01067]}]}}, drop: true", "when.not.any.0.a.1"),
        ("when: {a: {equals: 01067}}, drop: true", "when.a.equals"),
        ("set: {a: 01067}", "set.a"),
        ("set: {user_data.address.postal_code: 01067}", "set.user_data.address.postal_code"),
        ("set: {a: {literal: {b: [01067]}}}", "set.a.literal.b.0"),
        ("map: {a: {x: 01067}}", "map.a.x"),
    ],
)
def test_a_code_with_zeros_in_front_is_a_text(rule: str, path: str) -> None:
    assert words_of(f"rules: [{{{rule}}}]") == [f"rules.0.{path}: {IN_QUOTES}"]


@pytest.mark.parametrize(
    "settings", ["body: {a: 01067}", "mapping: {fields: {a: 01067}}", "headers: {X-A: 01067}"]
)
def test_a_code_that_a_destination_sends_is_a_text(settings: str) -> None:
    hook = f"destinations: {{a: {{type: webhook, url: 'https://a.example/', {settings}}}}}"
    assert [words for words in words_of(hook) if words.endswith(IN_QUOTES)] != []


def test_small_numbers_that_are_shared_are_not_mixed_up() -> None:
    meta = "type: meta, access_token: t, pixel_id"
    found = words_of(f"destinations: {{a: {{{meta}: +5}}, b: {{{meta}: 5}}, c: {{{meta}: 05}}}}")
    assert found == [f"destinations.{name}.pixel_id: {IN_QUOTES}" for name in "ac"]
