"""config/production.yaml needs its variables and opens nothing to strangers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.configuration.exposure import permitted
from gateway.configuration.load import load_settings, parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings

PRODUCTION = Path(__file__).parents[2] / "config" / "production.yaml"
TEXT = PRODUCTION.read_text()

ALWAYS = {"SITE_ORIGIN": "https://shop.example", "BACKEND_KEY": "a-key-of-our-own"}
OF_DESTINATION = {
    "meta": {"META_PIXEL_ID": "1234567890", "META_ACCESS_TOKEN": "a-token"},
    "ga4": {"GA4_MEASUREMENT_ID": "G-TEST000001", "GA4_API_SECRET": "a-secret"},
    "warehouse": {
        "WEBHOOK_URL": "https://warehouse.example/events",
        "WEBHOOK_SECRET": "whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A=",
    },
}
EVERYTHING = ALWAYS | {k: v for values in OF_DESTINATION.values() for k, v in values.items()}


def missing(text: str, environment: Mapping[str, str]) -> set[str]:
    """The unset variables that `text` needs. Fails if `text` has any other mistake."""
    with pytest.raises(ConfigurationError) as wrong:
        parse_settings(text, "production.yaml", environment)
    told = [re.search(r"the environment has no (\w+)", p.message) for p in wrong.value.problems]
    unset = {found[1] for found in told if found}
    places = {problem.path for problem, found in zip(wrong.value.problems, told, strict=True)}
    assert len(places) == len(unset), wrong.value
    return unset


def without(text: str, name: str) -> str:
    """`text` without the block of the destination `name` and the comment above it."""
    kept, deleted = re.subn(rf"\n  # [^\n]*\n  {name}:\n(    [^\n]*\n)+", "\n", text)
    assert deleted == 1
    return kept


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(PRODUCTION, EVERYTHING)


def test_with_its_variables_it_may_be_served_to_strangers(settings: Settings) -> None:
    assert permitted(settings, PRODUCTION, allow_demo=False) is settings
    assert not settings.server.demo
    assert settings.destinations.keys() == OF_DESTINATION.keys()
    assert not any(each.dry_run for each in settings.destinations.values())


def test_without_its_variables_it_says_which_are_missing() -> None:
    assert missing(TEXT, {}) == set(EVERYTHING)


@pytest.mark.parametrize("name", EVERYTHING)
def test_each_of_them_is_needed(name: str) -> None:
    assert missing(TEXT, {k: v for k, v in EVERYTHING.items() if k != name}) == {name}


@pytest.mark.parametrize("only", OF_DESTINATION)
def test_a_destination_alone_needs_nothing_of_the_others(only: str) -> None:
    text = TEXT
    for name in OF_DESTINATION.keys() - {only}:
        text = without(text, name)
    settings = parse_settings(text, "production.yaml", ALWAYS | OF_DESTINATION[only])
    assert settings.destinations.keys() == {only}
    assert missing(text, {}) == ALWAYS.keys() | OF_DESTINATION[only].keys()


def test_what_the_environment_says_arrives(settings: Settings) -> None:
    assert settings.redis.url == "embedded"
    assert settings.server.trusted_proxies == [ip_network("127.0.0.1")]
    assert settings.sources["site"].allowed_origins == ["https://shop.example"]
    other = EVERYTHING | {
        "REDIS_URL": "redis://valkey:6379/0",
        "DATA_DIR": "/var/lib/gateway/data",
        "TRUSTED_PROXY": "172.18.0.0/16",
    }
    elsewhere = load_settings(PRODUCTION, other)
    assert elsewhere.redis.url == "redis://valkey:6379/0"
    assert elsewhere.redis.data_dir == Path("/var/lib/gateway/data")
    assert elsewhere.server.trusted_proxies == [ip_network("172.18.0.0/16")]


def test_consent_is_that_of_the_default_configuration(settings: Settings) -> None:
    """Except for held consent, which needs a secret of its own."""
    default = load_settings(PRODUCTION.parent / "gateway.yaml", {})
    assert settings.consent == default.consent.model_copy(update={"hold": None})
    ours, theirs = settings.destinations, default.destinations
    assert {k: v.consent for k, v in ours.items()} == {k: v.consent for k, v in theirs.items()}


OF_VARIABLE = {
    "BACKEND_KEY": "sources.backend.keys.0",
    "META_PIXEL_ID": "destinations.meta.pixel_id",
    "META_ACCESS_TOKEN": "destinations.meta.access_token",
    "GA4_MEASUREMENT_ID": "destinations.ga4.measurement_id",
    "GA4_API_SECRET": "destinations.ga4.api_secret",
    "WEBHOOK_URL": "destinations.warehouse.url",
    "WEBHOOK_SECRET": "destinations.warehouse.secret",
}


@pytest.mark.parametrize(("name", "place"), OF_VARIABLE.items())
def test_a_variable_that_is_set_to_nothing_is_a_mistake(name: str, place: str) -> None:
    """This happens with an .env file that has not been filled in."""
    with pytest.raises(ConfigurationError) as wrong:
        load_settings(PRODUCTION, EVERYTHING | {name: ""})
    (problem,) = wrong.value.problems
    assert problem.path == place
