"""The visitor's place, from a database, the headers of a CDN or the registries."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.event import Received
from gateway.stages.enrichment import Tables, geo
from gateway.stages.enrichment.geo import GeoSettings
from gateway.stages.enrichment.table_mistake import TableMistake
from tests.support.enrichments import adding

GOOGLE, STRATO, HOME = "8.8.8.8", "85.214.132.117", "198.51.100.7"
BERLIN = {
    "country": {"iso_code": "DE"},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}],
    "city": {"names": {"de": "Berlin (de)", "en": "Berlin"}},
}
MakeDatabase = Callable[..., Path]


def located(
    settings: dict[str, Any],
    address: str = HOME,
    headers: dict[str, str] | None = None,
    event: dict[str, Any] | None = None,
    **received: Any,
) -> Any:
    """`event_location` of an event that came from `address` through a trusted proxy."""
    geo_settings = TypeAdapter(GeoSettings).validate_python(settings)
    add_location = adding(geo.load(geo_settings, Tables()))
    how = {"proxied": True, "client_ip": address, **received}
    found = add_location(
        {"event_name": "x", "ip_override": address, **(event or {})},
        Received("site", 0.0, headers=headers or {}, **how),
    )
    return found.get("event_location")


@pytest.mark.parametrize(
    ("record", "location"),
    [
        (BERLIN, {"country": "DE", "region": "BE", "city": "Berlin"}),
        ({"country": {"iso_code": "DE"}}, {"country": "DE"}),
        (
            {
                "country": {"iso_code": "US"},
                "subdivisions": [{"names": {"en": "California"}}],
                "city": {"names": {"en": "Mountain View"}},
            },
            {"country": "US", "region": "CA", "city": "Mountain View"},
        ),
        (
            {"country": {"iso_code": "FR"}, "subdivisions": [{"names": {"en": "Brittany"}}]},
            {"country": "FR", "region": "Brittany"},
        ),
        ({"country": "DE", "city": "Berlin", "subdivisions": {"a": "b"}}, None),
        ({"country": {"iso_code": ""}}, None),
        ({"registered_country": {"iso_code": "DE"}}, None),
        ("DE", None),
    ],
)
def test_places_of_a_database(
    record: Any, location: dict[str, str] | None, make_database: MakeDatabase
) -> None:
    path = make_database({f"{HOME}/24".replace(".7", ".0"): record})
    assert located({"database": path}) == location


def test_a_database_is_believed_first_and_the_registries_know_the_rest(
    make_database: MakeDatabase,
) -> None:
    settings = {"database": make_database({"8.8.8.0/24": BERLIN}), "headers": "cloudflare"}
    headers = {"cf-ipcountry": "FR"}
    assert located(settings, GOOGLE, headers)["country"] == "DE"
    assert located(settings, STRATO, headers) == {"country": "FR"}
    assert located(settings, STRATO) == {"country": "DE"}
    assert located(settings, "2001:4860:4860::8888") == {"country": "US"}
    for nowhere in ("unknown", "10.0.0.1", "fe80::1%eth0", "\x00"):
        assert located(settings, nowhere) is None


@pytest.mark.parametrize(
    ("said", "location"),
    [
        ({}, {"country": "DE", "region": "BE", "city": "Berlin"}),
        ({"country": "DE"}, {"country": "DE", "region": "BE", "city": "Berlin"}),
        ({"country": "FR"}, {"country": "FR"}),
        ({"region": "BY"}, {"region": "BY", "country": "DE"}),
        ({"country": "DE", "city": "Bonn"}, {"country": "DE", "city": "Bonn"}),
    ],
)
def test_what_is_said_of_the_place_is_never_mixed_with_another(
    said: dict[str, str], location: dict[str, str], make_database: MakeDatabase
) -> None:
    settings = {"database": make_database({"8.8.8.0/24": BERLIN})}
    assert located(settings, GOOGLE, event={"event_location": said}) == location


@pytest.mark.anyio
async def test_a_database_that_is_replaced_is_read_again(make_database: MakeDatabase) -> None:
    tables = Tables()
    settings = GeoSettings(database=make_database({"8.8.8.0/24": {"country": {"iso_code": "AT"}}}))
    add_location = adding(geo.load(settings, tables))
    event = {"event_name": "x", "ip_override": GOOGLE}
    assert add_location(event, Received("site", 0.0))["event_location"] == {"country": "AT"}
    make_database({"8.8.8.0/24": BERLIN})
    await tables.refresh()
    assert add_location(event, Received("site", 0.0))["event_location"]["city"] == "Berlin"


def test_a_file_that_is_no_database_of_places_is_a_mistake(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    (tmp_path / "text.mmdb").write_text("no database")
    wrong = {
        make_database({"8.8.8.0/24": {"a": 1}}, "GeoLite2-ASN"): r"wrong kind \(GeoLite2-ASN\)",
        tmp_path / "text.mmdb": "is not a MaxMind DB file",
        tmp_path / "none.mmdb": "cannot be read: No such file",
        tmp_path: "is not a MaxMind DB file",
    }
    for path, message in wrong.items():
        with pytest.raises(TableMistake, match=message):
            geo.load(GeoSettings(database=path), Tables())


def test_without_the_extra_a_database_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, make_database: MakeDatabase
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(TableMistake, match=r"pip install 'event-gateway\[geo\]'"):
        geo.load(GeoSettings(database=make_database({"8.8.8.0/24": BERLIN})), Tables())


@pytest.mark.parametrize(
    ("setting", "headers", "location"),
    [
        ("cloudflare", {"cf-ipcountry": "DE"}, {"country": "DE"}),
        (
            "cloudflare",
            {"cf-ipcountry": "DE", "cf-region-code": "by", "cf-ipcity": "MÃ¼nchen"},
            {"country": "DE", "region": "BY", "city": "München"},
        ),
        ("cloudflare", {"cf-ipcountry": "T1"}, None),
        ("cloudflare", {"cf-ipcountry": "XX"}, None),
        ("cloudflare", {"cf-ipcountry": "Germany"}, None),
        ("cloudflare", {"cf-ipcountry": ""}, None),
        ("cloudflare", {"cf-ipcity": "Berlin"}, None),
        ("cloudflare", {"x-appengine-country": "DE"}, None),
        (
            "cloudfront",
            {
                "cloudfront-viewer-country": "US",
                "cloudfront-viewer-country-region": "CA",
                "cloudfront-viewer-city": "Los Angeles",
            },
            {"country": "US", "region": "CA", "city": "Los Angeles"},
        ),
        (
            "app_engine",
            {
                "x-appengine-country": "us",
                "x-appengine-region": "ca",
                "x-appengine-city": "mountain view",
            },
            {"country": "US", "region": "CA", "city": "mountain view"},
        ),
        ("app_engine", {"x-appengine-country": "ZZ", "x-appengine-city": "?"}, None),
        ("app_engine", {"x-appengine-country": "DE", "x-appengine-region": "?"}, {"country": "DE"}),
        (
            "vercel",
            {"x-vercel-ip-country": "BR", "x-vercel-ip-city": "S%C3%A3o%20Paulo"},
            {"country": "BR", "city": "São Paulo"},
        ),
        (
            {"country": "X-Country", "region": "X-Region"},
            {"x-country": "CH", "x-region": "ZH", "x-city": "Zürich"},
            {"country": "CH", "region": "ZH"},
        ),
    ],
)
def test_headers_of_a_cdn(
    setting: Any, headers: dict[str, str], location: dict[str, str] | None
) -> None:
    assert located({"headers": setting}, headers=headers) == location


def test_headers_are_believed_of_a_trusted_proxy_about_its_visitor_alone() -> None:
    settings, headers = {"headers": "cloudflare"}, {"cf-ipcountry": "DE"}
    assert located(settings, headers=headers) == {"country": "DE"}
    assert located(settings, headers=headers, proxied=False) is None
    assert located(settings, headers=headers, trusted=True) is None
    assert located(settings, headers=headers, client_ip="203.0.113.9") is None
    assert located(settings, "", headers) is None
    assert located({}, headers=headers) is None


@pytest.mark.parametrize("code", ["XX", "T1", "", " ", "AP", "USA", "--"])
def test_what_the_cdn_does_not_know_the_registries_do_not_know_either(code: str) -> None:
    google: dict[str, Any] = {"address": "8.8.8.8"}
    settings = {"headers": "cloudflare"}
    assert located(settings, headers={"cf-ipcountry": code}, **google) is None
    assert located(settings, headers={}, **google) == {"country": "US"}
    assert located(settings, headers={"cf-ipcountry": code}, proxied=False, **google) == {
        "country": "US"
    }


def test_a_country_of_the_european_union_is_a_place() -> None:
    assert located({"headers": "cloudflare"}, headers={"cf-ipcountry": "EU"}) == {"country": "EU"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"headers": "claudflare"}, "Input should be 'cloudflare', 'cloudfront'"),
        ({"headers": {"region": "x-region"}}, "Field required"),
        ({"headers": {"country": "x country"}}, "should match pattern"),
        ({"databse": "x.mmdb"}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_are_mistakes(settings: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GeoSettings.model_validate(settings)
