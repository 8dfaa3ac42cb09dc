"""`enrichment:` and `lookups:` in the configuration, and the files that they name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.event import Received
from gateway.stages.enrichment import (
    BY_DEFAULT,
    NAMES,
    EnrichmentList,
    EnrichmentMistakes,
    LookupSettings,
    compile_enrichment,
    element_of,
    open_tables,
)
from gateway.stages.enrichment.settings import ConfiguredEnrichment, Name, name_of

LIST: TypeAdapter[Any] = TypeAdapter(EnrichmentList)
NAME: TypeAdapter[Any] = TypeAdapter(Name)
RECEIVED = Received("site", 0.0)


def test_an_element_is_a_name_or_a_name_with_settings() -> None:
    elements = LIST.validate_python(
        ["page", {"geo": {"database": "city.mmdb"}}, {"currency": {"rates": "r.json", "to": "eur"}}]
    )
    assert [name_of(element) for element in elements] == ["page", "geo", "currency"]
    assert elements[1].settings.database == Path("city.mmdb")
    assert elements[2].settings.to == "EUR"


def test_the_names_are_those_that_can_be_compiled() -> None:
    assert tuple(NAME.json_schema()["enum"]) == NAMES
    assert set(ConfiguredEnrichment.model_fields) <= set(NAMES)
    assert LIST.validate_python(list(BY_DEFAULT)) == list(BY_DEFAULT)


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (["paje"], "Input should be 'bot', 'page'"),
        ([3], "Input should be 'bot', 'page'"),
        ([None], "Input should be 'bot', 'page'"),
        ([["page"]], "Input should be 'bot', 'page'"),
        (["currency"], "currency needs settings: {currency: {rates: rates.json, to: EUR}}"),
        ([{}], "should be one name with its settings"),
        ([{"geo": None}], "should be one name with its settings"),
        ([{"geo": {}, "bot": {}}], "should be one name with its settings"),
        ([{"page": {}}], "Extra inputs are not permitted"),
        ([{"geo": {"databse": "x"}}], "geo.databse"),
        ([{"currency": {"to": "EUR"}}], "Field required"),
        (["geo", "page", {"geo": {}}], "geo is listed 2 times"),
    ],
)
def test_mistakes(elements: list[Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LIST.validate_python(elements)


def test_every_setting_is_described_in_the_schema() -> None:
    schema = TypeAdapter(tuple[EnrichmentList, LookupSettings]).json_schema()
    without = [
        f"{name}.{key}"
        for name, part in schema["$defs"].items()
        for key, setting in part.get("properties", {}).items()
        if "description" not in setting
    ]
    assert without == []


def test_all_files_that_cannot_be_used_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text('{"base": "EUR", "rates": {}}')
    elements = LIST.validate_python(
        [
            "page",
            {"geo": {"database": "city.mmdb"}},
            {"currency": {"rates": "rates.json", "to": "USD"}},
            {"bot": {"networks": "networks.txt"}},
        ]
    )
    lookups = {
        "margins": LookupSettings(key="user_id", add=["a"], file=Path("margins.csv")),
        "segments": LookupSettings(key="user_id", add=["a"], redis_hash="segments"),
    }
    with pytest.raises(EnrichmentMistakes) as raised:
        open_tables(elements, lookups, tmp_path)
    missing = "cannot be read: No such file or directory"
    assert raised.value.problems == [
        (("enrichment", 1, "geo", "database"), f"{tmp_path}/city.mmdb {missing}"),
        (("enrichment", 2, "currency", "rates"), f"{tmp_path}/rates.json has no rate of USD"),
        (("enrichment", 3, "bot", "networks"), f"{tmp_path}/networks.txt {missing}"),
        (("lookups", "margins", "file"), f"{tmp_path}/margins.csv {missing}"),
    ]
    assert "enrichment.1.geo.database: " in str(raised.value)
    with pytest.raises(EnrichmentMistakes):
        compile_enrichment(elements, lookups)


def test_the_whole_stage_with_files(make_database: Callable[..., Path], tmp_path: Path) -> None:
    make_database({"8.8.8.0/24": {"country": {"iso_code": "US"}, "city": {"names": {"en": "X"}}}})
    (tmp_path / "rates.csv").write_text("currency,rate\nEUR,1\nUSD,2\n")
    (tmp_path / "margins.csv").write_text("item_id,margin\nA,0.5\n")
    (tmp_path / "cities.json").write_text('{"X": "north"}')
    elements = LIST.validate_python(
        [
            {"currency": {"rates": "rates.csv", "to": "EUR"}},
            "items",
            {"geo": {"database": "geo.mmdb"}},
        ]
    )
    lookups = {
        "margins": LookupSettings(key="items.*.item_id", add=["margin"], file=Path("margins.csv")),
        "cities": LookupSettings(key="event_location.city", add=["area"], file=Path("cities.json")),
    }
    tables = open_tables(elements, lookups, tmp_path)
    enrich = compile_enrichment(elements, lookups, tables)
    event = {
        "event_name": "purchase",
        "ip_override": "8.8.8.8",
        "currency": "USD",
        "items": [{"item_id": "A", "price": 3}],
    }
    found, line = enrich(event, RECEIVED)
    assert line == "geo, items, currency, lookup margins, lookup cities"
    assert found == {
        **event,
        "items": [{"item_id": "A", "price": 3, "margin": 0.5}],
        "event_location": {"country": "US", "city": "X", "area": "north"},
        "items_quantity": 1,
        "items_value": 3,
        "value": 3,
        "value_converted": 1.5,
        "currency_converted": "EUR",
    }
    assert enrich(found, RECEIVED) == (found, "")


def test_the_place_can_be_found_out_before_the_rest_as_it_is_configured(
    make_database: Callable[..., Path], tmp_path: Path
) -> None:
    make_database({"8.8.8.0/24": {"country": {"iso_code": "AT"}}})
    elements = LIST.validate_python(["page", {"geo": {"database": "geo.mmdb"}}])
    tables = open_tables(elements, folder=tmp_path)
    event = {"event_name": "x", "ip_override": "8.8.8.8"}
    locate = compile_enrichment([element_of(elements, "geo")], tables=tables)
    assert locate(event, RECEIVED) == ({**event, "event_location": {"country": "AT"}}, "geo")
    locate = compile_enrichment([element_of(["page"], "geo")])
    assert locate(event, RECEIVED)[0]["event_location"] == {"country": "US"}
