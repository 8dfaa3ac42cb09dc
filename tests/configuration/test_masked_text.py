"""Configurations as the ledger keeps them, and the differences between two of them."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.masked_text import without_secrets
from gateway.configuration.recorded_changes import (
    changes_for_all,
    changes_of_destination,
    destination_in,
    read_recorded,
    rule_names,
)

TEXT = """
sources:
  backend: {type: events, keys: [key-of-a-backend]}
destinations:
  ads:
    type: meta
    pixel_id: "1"
    access_token: token-of-meta
    base_url: "${BASE:-https://ads.example}"
"""


def test_a_kept_configuration_has_no_secret_and_can_be_read() -> None:
    text = without_secrets(parse_settings(TEXT, environment={}))
    assert "token-of-meta" not in text
    assert "key-of-a-backend" not in text
    kept = read_recorded(text)
    assert kept is not None
    assert (destination_in(kept, "ads") or {})["pixel_id"] == "1"


@pytest.mark.parametrize(
    "written",
    [
        '"token-of\\x2dmeta"',
        "|-\n      token-of-meta",
        '"token-of\\\n      -meta"',
        "'token-of-meta'",
        "{anchor} token-of-meta",
    ],
)
def test_a_secret_is_masked_however_it_is_written(written: str) -> None:
    written = written.replace("{anchor}", "&token")
    text = TEXT.replace("token-of-meta", written)
    masked = without_secrets(parse_settings(text, environment={}))
    assert "oken-of" not in masked
    assert "-meta" not in masked
    kept = read_recorded(masked)
    assert kept is not None
    assert (destination_in(kept, "ads") or {})["base_url"] == "$(BASE:-https://ads.example}"


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ('"${TOKEN:-token-of-meta}"', "token-of-meta"),
        ('"${TOKEN:-token-of\\x2dmeta}"', "token-of"),
        ('"${TOKEN:-token-\\\n      of-meta}"', "of-meta"),
        ('"${TOKEN:-old}"', ":-old"),
        ('"prefix-${TOKEN:-token-of-meta}"', "token-of"),
    ],
)
def test_a_default_is_masked_also_when_its_variable_is_set(written: str, default: str) -> None:
    text = TEXT.replace("token-of-meta", written)
    assert default in text
    masked = without_secrets(parse_settings(text, environment={"TOKEN": "new-token"}))
    assert default not in masked
    kept = read_recorded(masked)
    assert kept is not None
    assert (destination_in(kept, "ads") or {})["pixel_id"] == "1"


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("keys: ['${KEY:-old-key-of-it}']", "keys: ['${KEY:-***}']"),
        ("keys: ['${KEY:-old-key-of-it}'] # old-key-of-it", "keys: ['${KEY:-***}'] # ***"),
    ],
)
def test_a_default_of_a_key_is_masked(written: str, masked: str) -> None:
    source = f"\n    type: events\n    {written}"
    text = TEXT.replace(" {type: events, keys: [key-of-a-backend]}", source)
    settings = parse_settings(text, environment={"KEY": "new-key-of-it"})
    assert f"{masked}\n" in without_secrets(settings)


@pytest.mark.parametrize(
    "url",
    [
        "${REDIS:-redis://:pass-of-redis@redis.example:6379/0}",
        "redis://:${PASSWORD:-pass-of-redis}@redis.example:6379/0",
        "redis://:pass-of-redis@[${HOST}]:6379/0",
    ],
)
def test_a_default_of_the_password_of_redis_is_masked(url: str) -> None:
    text = f"{TEXT}redis: {{url: '{url}'}}\n"
    environment = {"REDIS": "redis://other.example", "PASSWORD": "other-password", "HOST": "::1"}
    masked = without_secrets(parse_settings(text, environment=environment))
    assert url.replace("pass-of-redis", "***") in masked


def test_a_short_secret_is_masked_where_it_is_a_word() -> None:
    text = TEXT + "server: {hash_salt: salt}\n"
    assert "server: {hash_salt: ***}" in without_secrets(parse_settings(text, environment={}))


def test_the_password_in_a_url_of_redis_is_masked() -> None:
    text = TEXT + "redis: {url: 'redis://:pass-of-redis@redis.example:6379/0'}\n"
    masked = without_secrets(parse_settings(text, environment={}))
    assert "redis://:***@redis.example:6379/0" in masked


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://:one@a.example,b.example/shop?db=1&sentinel_password=pass-of-sentinel",
        "sentinel://a.example/shop?sentinel_password=${PASSWORD:-pass-of-sentinel}",
        "redis://redis.example?password=pass-of-sentinel",
        "rediss://redis.example?ssl_password=pass-of-sentinel&db=1",
    ],
)
def test_a_password_among_the_options_of_a_url_of_redis_is_masked(url: str) -> None:
    text = f"{TEXT}redis: {{url: '{url}'}}\n"
    masked = without_secrets(parse_settings(text, environment={"PASSWORD": "other-password"}))
    assert url.replace("pass-of-sentinel", "***").replace(":one@", ":***@") in masked


def test_the_path_and_the_query_of_a_secret_url_are_masked() -> None:
    url = "https://hooks.slack.example/services/T0/B0/of-a-channel"
    slack = f"  slack: {{type: webhook, url: '{url}?key=of-another', secret_url: true}}\n"
    masked = without_secrets(parse_settings(TEXT + slack, environment={}))
    assert "https://hooks.slack.example/***?***" in masked
    shown = without_secrets(parse_settings(TEXT + slack.replace("true", "false"), environment={}))
    assert url in shown
    assert read_recorded(masked) is not None


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "a: b: c"])
def test_what_is_no_configuration_is_not_read(text: str) -> None:
    assert read_recorded(text) is None


def rules(*made: str) -> str:
    return f"rules: [{', '.join(made)}]"


A, B = "{name: a, drop: true}", "{name: b, drop: true}"
OTHER_A = "{name: a, when: {event_name: test}, drop: true}"


@pytest.mark.parametrize(
    ("then", "now", "changes"),
    [
        (rules(A), rules(A), []),
        (rules(A), rules(A, B), ["rule 'b' was added"]),
        (rules(A, B), rules(B), ["rule 'a' was removed"]),
        (rules(A, B), rules(OTHER_A, B), ["rule 'a' was changed"]),
        (rules(A, B), rules(B, A), ["the order of rules was changed"]),
        (rules("{drop: true}"), rules(A), ["rule 'rule 1' was removed", "rule 'a' was added"]),
        ("consent: {regions: []}", "sources: {}", ["consent was changed", "sources was changed"]),
        ("redis: {url: a}", "redis: {url: b}", []),
        ("rules: 5", "rules: [7]", ["rule 'rule 1' was added"]),
    ],
)
def test_what_changed_for_every_event(then: str, now: str, changes: list[str]) -> None:
    before, after = read_recorded(then), read_recorded(now)
    assert before is not None
    assert after is not None
    assert changes_for_all(before, after) == changes


@pytest.mark.parametrize(
    ("then", "now", "changes"),
    [
        ("{x: {a: 1}}", "{x: {a: 1}}", []),
        ("{x: {a: 1}}", "{x: {a: 2, b: 1}}", ["a was changed", "b was changed"]),
        ("{x: {a: '${A}'}}", "{x: {a: '${B}'}}", ["a was changed"]),
        ("{x: {a: ***}}", "{x: {a: ***}}", []),
        ("{}", "{x: {}}", ["the destination was added"]),
        ("{x: {}}", "{}", ["the destination was removed"]),
        ("{}", "{}", []),
        ("{x: {}}", f"{{x: {{{rules(A)}}}}}", ["its rule 'a' was added"]),
    ],
)
def test_what_changed_for_a_destination(then: str, now: str, changes: list[str]) -> None:
    before, after = (read_recorded(f"destinations: {each}") for each in (then, now))
    assert before is not None
    assert after is not None
    assert changes_of_destination("x", before, after) == changes


def test_a_rule_without_a_name_is_called_by_its_place() -> None:
    kept = read_recorded(rules(A, "{drop: true}"))
    assert kept is not None
    assert rule_names(kept) == ["a", "rule 2"]
