"""config/examples/shop.yaml works as it is, and each of its keys reaches the settings."""

from pathlib import Path
from typing import Any

import pytest

from gateway.configuration.destination import build_destination
from gateway.configuration.load import load_settings, parse_settings
from gateway.configuration.settings import build_sources
from gateway.configuration.yaml_file import read_yaml
from gateway.pipeline.routes import required_consent

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "config/examples/shop.yaml"


PRODUCTION = ROOT / "config/production.yaml"
SHIPPED = {*ROOT.glob("config/*.yaml"), *ROOT.glob("config/examples/*.yaml")}


@pytest.mark.parametrize("file", sorted(SHIPPED - {PRODUCTION}), ids=lambda file: file.name)
def test_every_file_that_we_ship_but_one_works_without_an_environment(file: Path) -> None:
    settings = load_settings(file, {})
    assert build_sources(settings).keys() == settings.sources.keys()
    for name, destination in settings.destinations.items():
        assert build_destination(destination).type == settings.destinations[name].type


def test_every_key_arrives() -> None:
    """Each value in the file is in the settings at the same path."""
    settings = load_settings(SHOP, {}).model_dump(mode="json", by_alias=True)
    leaves = list(_leaves(read_yaml(SHOP.read_text(), {}).data))
    assert len(leaves) > 60
    odd = {path for path, said in leaves if _at(settings, path) not in (said, *HIDDEN)}
    assert odd == RESPELT


HIDDEN = ("**********", ["**********"])
RESPELT = {
    ("destinations", "meta", "base_url"),  # a slash is added at the end
    ("destinations", "ga4", "base_url"),
    ("redis", "data_dir"),  # ./data becomes data
}


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """Every scalar and every list of scalars, with its path."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, (*path, key))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for index, each in enumerate(value):
            yield from _leaves(each, (*path, index))
    else:
        yield path, value


def _at(settings: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        settings = settings[key]
    return settings


def test_the_environment_takes_the_place_of_defaults() -> None:
    environment = {
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "DATA_DIR": "/var/lib/gateway",
        "META_URL": "http://127.0.0.1:9001",
        "META_ACCESS_TOKEN": "from-the-environment",
        "GA4_URL": "",  # set but empty, so the default applies
    }
    settings = load_settings(SHOP, environment)
    meta: Any = settings.destinations["meta"]
    ga4: Any = settings.destinations["ga4"]
    assert settings.redis.url == "redis://127.0.0.1:6379/0"
    assert settings.redis.data_dir == Path("/var/lib/gateway")
    assert str(meta.base_url) == "http://127.0.0.1:9001/"
    assert meta.access_token.get_secret_value() == "from-the-environment"
    assert str(ga4.base_url) == "https://www.google-analytics.com/"


def test_consent_that_each_destination_asks_for() -> None:
    destinations = load_settings(SHOP, {}).destinations
    assert {name: list(required_consent(each)) for name, each in destinations.items()} == {
        "meta": ["ad_storage", "ad_user_data"],
        "ga4": ["analytics_storage"],
        "warehouse": [],
    }


def test_the_version_changes_with_the_file_and_with_nothing_else() -> None:
    text = SHOP.read_text()
    version = parse_settings(text, environment={}).version
    assert len(version) == 12
    assert int(version, 16)
    assert parse_settings(text, "other name", {"META_ACCESS_TOKEN": "other"}).version == version
    assert parse_settings(text + "\n", environment={}).version != version


def test_secrets_are_not_in_what_python_prints_of_the_settings() -> None:
    environment = {"META_ACCESS_TOKEN": "s3cr3t-token", "BACKEND_KEY": "s3cr3t-key"}
    assert "s3cr3t" not in repr(load_settings(SHOP, environment))
