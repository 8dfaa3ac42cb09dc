"""`gateway schema`: what editors check a configuration with, as it is written."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from gateway.configuration.load import file_schema, settings_schema

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = file_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def as_written(file: Path) -> Any:
    """The YAML as an editor reads it: ``${NAME}`` is a text like any other."""
    return YAML(typ="safe", pure=True).load(file.read_text())


SHOP = as_written(CONFIG / "examples/shop.yaml")


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize(
    "file",
    sorted([*CONFIG.glob("*.yaml"), *CONFIG.glob("examples/*.yaml")]),
    ids=lambda file: file.name,
)
def test_the_files_that_we_ship_are_valid(file: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(as_written(file))] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["sever"], {}),
        (["server", "pubic_url"], "http://x.example"),
        (["redis", "datadir"], "./data"),
        (["sources", "site", "allowed_origns"], []),
        (["sources", "a name"], {"type": "pixel"}),
        (["sources", "site", "type"], "colect"),
        (["consent", "default", "ad_storge"], "granted"),
        (["consent", "default", "ad_storage"], "maybe"),
        (["consent", "regions", 0, "for"], ["DE"]),
        (["enrichment", 0], "paje"),
        (["enrichment", 0], {"geo": {"databse": "x"}}),
        (["lookups"], {"margins": {"key": "user_id", "ad": ["margin"]}}),
        (["lookups"], {"a name": {"key": "user_id", "add": ["margin"], "file": "x.csv"}}),
        (["rules", 0, "nmae"], "x"),
        (["rules", 0, "when", "page_hostname", "end_with"], "x"),
        (["rules", 2, "when", "value", "gte"], "500"),
        (["destinations", "meta", "acces_token"], "x"),
        (["destinations", "meta", "delivery"], {"in_fligt": 2}),
        (["destinations", "meta", "delivery"], {"tries": 0}),
        (["destinations", "meta", "http"], {"timout": 2}),
        (["destinations", "ga4", "rules", 0, "hsah"], []),
        (["destinations", "warehouse", "when", "any", 2, "not", "page_location", "exist"], True),
        (["destinations", "warehouse", "consent"], ["ad_storge"]),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, list) else "",
)
def test_a_mistake_is_found(path: list[str | int], value: Any) -> None:
    wrong = copy.deepcopy(SHOP)
    node = wrong
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert not VALIDATOR.is_valid(wrong)


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("server", {"max_body_bytes": "${LIMIT}", "demo": "${DEMO:-false}"}),
        ("redis", {"url": "rediss://:${PASSWORD}@redis:6379"}),
        ("rules", [{"when": {"value": {"gte": "${MINIMUM:-500}"}}, "drop": "${DROP}"}]),
    ],
)
def test_a_reference_may_stand_for_any_scalar(section: str, value: Any) -> None:
    assert VALIDATOR.is_valid({**SHOP, section: value})
    assert not VALIDATOR.is_valid({**SHOP, section: "$NAME"})


def test_every_setting_is_described() -> None:
    without = [
        f"{name}.{key}"
        for name, part in {"Gateway": settings_schema(), **settings_schema()["$defs"]}.items()
        for key, setting in part.get("properties", {}).items()
        if "description" not in setting and key != "type"
    ]
    assert without == []
