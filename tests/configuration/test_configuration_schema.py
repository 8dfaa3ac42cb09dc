"""`gateway schema`: the JSON Schema with which editors check a configuration file as written."""

import copy
import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML

from gateway.configuration.file_schema import DIALECT, as_written, file_schema
from gateway.configuration.load import settings_schema
from gateway.configuration.settings import settings_model
from gateway.configuration.yaml_file import REFERENCE_PATTERN, read_yaml

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
SHIPPED = [
    *sorted(CONFIG.glob("*.yaml")),
    *sorted(CONFIG.glob("examples/*.yaml")),
    *sorted(ROOT.glob("tests/*/gateway.yaml")),
    *sorted(ROOT.glob("tests/fixtures/*/gateway.yaml")),
]
SCHEMA = file_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def as_an_editor_reads(text: str) -> Any:
    """The data of YAML 1.2 in which ``${NAME}`` is ordinary text."""
    return YAML(typ="safe", pure=True).load(text)


TEXT = (CONFIG / "examples/shop.yaml").read_text()
SHOP = as_an_editor_reads(TEXT)


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    jsonschema_rs.Draft202012Validator(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == DIALECT


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_files_that_we_ship_are_valid(file: Path) -> None:
    data = as_an_editor_reads(file.read_text())
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []
    jsonschema_rs.Draft202012Validator(SCHEMA).validate(data)


def changed(path: tuple[str | int, ...], value: Any, data: Any = SHOP) -> Any:
    """A copy of `data` with `value` at `path`."""
    copied = copy.deepcopy(data)
    node = copied
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return copied


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all scalars in `data`."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
    else:
        yield path


FORMS = [
    *("yes", "no", "on", "Off", "TRUE", "1", "0", "12", "1.0", " 7 ", "1e3", "abc", "/p", "G-ABC"),
    *("https://shop.example", "granted", "", True, False, 0, 1, 12, 1.0, 2.5, -1, None, [], {}),
]
FULL = read_yaml(
    TEXT
    + """\
  extra:
    type: meta
    pixel_id: 12
    access_token: abc
    dry_run: false
    field_consent: off
    on_denied: withhold
    mapping:
      built_in: true
      other_events: withhold
      events: {lead_won: {name: Lead, fields: {custom_data.lead: true}}, scroll: null, a: B}
      fields: {custom_data.a: {field: b, as: number}, custom_data.c: null, custom_data.d: [1, x]}
    when: {value: {exists: true, gte: 1, in: [1, a]}, items: true}
    rules: [{drop: false}, {truncate: {page_title: 5}}, {round: {value: 2}}]
    delivery: {tries: 2, requests_per_second: 5.5, backoff: [1, 2], max_age: 100}
    http: {timeout: 5, connect_timeout: 5}
dedupe_window: 600
spool: {enabled: true, max_bytes: 1000000}
pii_guard: {enabled: true}
""",
    {},
).data


@pytest.mark.parametrize("path", list(leaves(FULL)), ids=lambda path: ".".join(map(str, path)))
def test_what_the_gateway_takes_is_valid(path: tuple[str | int, ...]) -> None:
    """Tries many forms of each scalar in turn. One difference is intended: pydantic takes true and
    false for numbers, and the schema does not."""
    model = settings_model()
    for value in FORMS:
        data = changed(path, value, FULL)
        try:
            model.model_validate(data)
        except ValidationError:
            continue
        errors = [error.message for error in VALIDATOR.iter_errors(data)]
        if isinstance(value, bool):
            errors = [error for error in errors if "is not of type" not in error]
        assert errors == [], value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("destinations", "meta", "pixel_id"), 1234567890),
        (("destinations", "warehouse", "when", "any", 2, "not", "page_location", "exists"), "yes"),
        (("destinations", "warehouse", "allow_private_addresses"), "on"),
        (("destinations", "meta", "field_consent"), False),
        (("destinations", "meta", "api_version"), "v27.0"),
        (("destinations", "meta", "delivery"), {"tries": "3", "requests_per_second": "2.5"}),
        (("consent", "default", "ad_storage"), True),
        (("rules", 2, "when", "value", "gte"), "500"),
        (("rules", 1, "drop"), "Yes"),
        (("sources", "segment", "write_keys", 0), 12345),
        (("sources", "site", "rate_limit"), False),
        (("sources", "site", "rate_limit"), "off"),
        (("server", "trusted_proxies"), ["10.0.0.0/8", "::1"]),
    ],
    ids=str,
)
def test_a_form_that_is_converted_is_valid(path: tuple[str | int, ...], value: Any) -> None:
    data = read_yaml(TEXT, {}).data
    settings_model().model_validate(changed(path, value, data))
    assert [error.message for error in VALIDATOR.iter_errors(changed(path, value))] == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("destinations", "meta", "acces_token"), "x", "'acces_token' was unexpected"),
        (("destinations", "warehouse", "delivery"), {"in_fligt": 2}, "'in_fligt' was unexpected"),
        (("destinations", "ga4", "rules", 0, "hsah"), [], "'hsah' was unexpected"),
        (("destinations", "meta"), {"type": "meta"}, "'pixel_id' is a required property"),
        (("destinations", "ga4", "delivery"), {"tries": 0}, "0 is less than or equal to the min"),
        (("destinations", "meta", "http"), {"timeout": "x"}, "'x' does not match"),
        (("sources", "site", "allowed_origns"), [], "'allowed_origns' was unexpected"),
        (("sources", "site", "rate_limit"), {"reqests": "1/s"}, "'reqests' was unexpected"),
        (("rules", 0, "when", "page_hostname", "end_with"), "x", "'end_with' was unexpected"),
        (("enrichment", 0), {"geo": {"databse": "x"}}, "'databse' was unexpected"),
        (("consent", "hold"), {"secnds": 5}, "'secnds' was unexpected"),
    ],
    ids=str,
)
def test_a_mistake_is_named_at_its_own_place(
    path: tuple[str | int, ...], value: Any, words: str
) -> None:
    found = [error.message for error in VALIDATOR.iter_errors(changed(path, value))]
    assert words in found[0]
    assert "is not valid under any of the given schemas" not in "".join(found)


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
        (["rules", 2, "when", "value", "gte"], "much"),
        (["rules", 1, "drop"], "maybe"),
        (["destinations", "meta", "pixel_id"], "UA-1"),
        (["destinations", "meta", "field_consent"], "yes"),
        (["destinations", "meta"], {"type": "metta"}),
        (["destinations", "meta"], {"pixel_id": "1"}),
        (["destinations", "meta"], "x"),
        (["destinations", "warehouse", "url"], "ftp://x.example"),
        (["consent", "default", "ad_storage"], 1),
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
    assert not VALIDATOR.is_valid(changed(tuple(path), value))


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


def test_settings_may_be_called_like_words_of_json_schema() -> None:
    """Examples are `default` in `consent` and `not` in a condition."""
    number = {"type": "integer"}
    schema = {"properties": dict.fromkeys(("default", "not", "anyOf", "enum", "type"), number)}
    assert as_written(schema) == {
        "properties": {name: as_written(number) for name in schema["properties"]}
    }


def test_a_pattern_lets_a_reference_through() -> None:
    schema = {"type": "string", "pattern": "^a$", "description": "A."}
    assert as_written(schema) == {**schema, "pattern": f"^a$|{REFERENCE_PATTERN}"}
    assert as_written({"const": "x", "type": "string"}) == {"const": "x", "type": "string"}


class Colour(Enum):
    RED = "red"


class Corn(BaseModel):
    food: Literal["corn"]
    grams: int


class Wheat(BaseModel):
    food: Literal["wheat"]
    sacks: int


class OfAPlugIn(BaseModel):
    """Has unions that no built-in setting has."""

    model_config = ConfigDict(extra="forbid")

    colour: Colour | None = None
    either: Corn | Wheat | None = None
    told: Annotated[Corn | Wheat, Field(discriminator="food")] | None = None
    many: list[Corn | int] | None = None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"colour": "red", "either": None, "told": None, "many": None}, []),
        ({"colour": "${COLOUR}"}, []),
        ({"either": {"food": "wheat", "sacks": 1}}, []),
        ({"told": {"food": "wheat", "sacks": "1"}}, []),
        ({"many": [{"food": "corn", "grams": 1}, 5, "${FIVE}"]}, []),
        ({"colour": "blue"}, ["'blue' is not valid under any of the given schemas"]),
        ({"either": {"food": "wheat"}}, ["is not valid under any of the given schemas"]),
        ({"told": {"food": "wheat"}}, ["'sacks' is a required property"]),
        ({"told": {"food": "rice"}}, ["'rice' is not valid under any of the given schemas"]),
        ({"told": 5}, ["5 is not of type 'null'"]),
        ({"many": [{"food": "corn"}]}, ["'grams' is a required property"]),
    ],
    ids=str,
)
def test_unions_in_the_settings_of_a_plug_in(data: Any, words: list[str]) -> None:
    schema = as_written(OfAPlugIn.model_json_schema())
    found = [error.message for error in Draft202012Validator(schema).iter_errors(data)]
    assert len(found) == len(words)
    assert all(part in message for part, message in zip(words, found, strict=True))
