"""Events are checked against the schemas for their names, and invalid schemas are reported."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.stages.schemas import Check, SchemaMistakes, SchemaSettings, compile_schemas

PURCHASE = {
    "type": "object",
    "required": ["transaction_id", "value"],
    "properties": {
        "transaction_id": {"type": "string", "minLength": 3},
        "value": {"type": "number", "minimum": 0},
        "currency": {"enum": ["EUR", "USD"]},
        "coupon": {"pattern": "^[A-Z0-9]+$"},
        "delivery": {"format": "date"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["item_id"],
                "properties": {"item_id": {"type": ["string", "integer"]}},
                "additionalProperties": False,
            },
        },
    },
}
GOOD = {"event_name": "purchase", "transaction_id": "T-1", "value": 10, "currency": "EUR"}
SETTINGS = TypeAdapter(dict[str, SchemaSettings])


def compiled(schemas: dict[str, Any], folder: Path = Path()) -> Check:
    return compile_schemas(SETTINGS.validate_python(schemas), folder)


def purchase(on_mismatch: str = "flag", schema: dict[str, Any] = PURCHASE) -> Check:
    return compiled({"purchase": {"schema": schema, "on_mismatch": on_mismatch}})


def test_an_event_without_a_schema_goes_on_in_silence() -> None:
    event = {"event_name": "page_view"}
    checked = purchase("drop")(event)
    assert checked.event is event
    assert (checked.line, checked.action, checked.reason) == ("", "", "")


@pytest.mark.parametrize("on_mismatch", ["flag", "drop", "quarantine"])
def test_an_event_that_fits_goes_on_as_it_is(on_mismatch: str) -> None:
    checked = purchase(on_mismatch)(GOOD)
    assert checked.event is GOOD
    assert (checked.line, checked.action, checked.reason) == ("matches schemas.purchase", "", "")


@pytest.mark.parametrize("on_mismatch", ["drop", "quarantine"])
def test_an_event_that_does_not_fit_is_dropped_or_kept_aside(on_mismatch: str) -> None:
    event = {**GOOD, "value": -1}
    checked = purchase(on_mismatch)(event)
    assert checked.event is event
    assert checked.action == on_mismatch
    assert checked.reason == "does not match schemas.purchase: value: minimum 0"
    assert checked.line == checked.reason


def test_an_event_that_does_not_fit_is_flagged_in_a_copy() -> None:
    event = {**GOOD, "value": -1}
    checked = purchase("flag")(event)
    assert checked.event == {**event, "schema_errors": ["value: minimum 0"]}
    assert checked.action == ""
    assert checked.reason == "does not match schemas.purchase: value: minimum 0"
    assert "schema_errors" not in event


def test_flagging_is_the_default() -> None:
    check = compiled({"purchase": {"schema": PURCHASE}})
    assert check({**GOOD, "value": "much"}).event["schema_errors"] == ["value: type number"]


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"value": "secret"}, ["value: type number"]),
        ({"transaction_id": "zz"}, ["transaction_id: minLength 3"]),
        ({"currency": "secret"}, ["currency: enum"]),
        ({"coupon": "secret"}, ["coupon: pattern ^[A-Z0-9]+$"]),
        ({"delivery": "secret"}, ["delivery: format date"]),
        ({"items": [{"item_id": "a"}, {}]}, ["items.1: required item_id"]),
        ({"items": [{"item_id": 1.5}]}, ["items.0.item_id: type integer or string"]),
        (
            {"items": [{"item_id": 1, "colour": "secret"}]},
            ["items.0: additionalProperties colour"],
        ),
        ({"items": [{"item_id": 1, "a@b.de": "secret"}]}, ["items.0: additionalProperties ?"]),
        ({"value": -5, "currency": "secret"}, ["value: minimum 0", "currency: enum"]),
    ],
)
def test_errors_name_the_path_and_the_rule_and_never_the_value(
    change: dict[str, Any], errors: list[str]
) -> None:
    checked = purchase("flag")({**GOOD, **change})
    assert sorted(checked.event["schema_errors"]) == sorted(errors)
    assert "secret" not in checked.reason


def test_a_missing_field_of_the_event_itself() -> None:
    checked = purchase("drop")({"event_name": "purchase", "value": 1})
    assert checked.reason == ("does not match schemas.purchase: the event: required transaction_id")


def test_only_the_first_errors_are_told() -> None:
    many = {"type": "object", "properties": {"n": {"items": {"type": "string"}}}}
    checked = purchase("flag", many)({"event_name": "purchase", "n": list(range(500))})
    assert len(checked.event["schema_errors"]) == 10


def test_what_json_does_not_have_does_not_fit() -> None:
    checked = purchase("drop")({"event_name": "purchase", 1: 2})  # type: ignore[dict-item]
    assert checked.reason == "does not match schemas.purchase: the event: not JSON"


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(event=st.dictionaries(st.sampled_from([*PURCHASE["properties"], "x"]), VALUES))
def test_every_event_gets_an_answer_and_is_not_touched(event: dict[str, Any]) -> None:
    event = {"event_name": "purchase", **event}
    before = repr(event)
    checked = purchase("quarantine")(event)
    assert repr(event) == before
    assert checked.event is event
    assert (checked.action == "quarantine") == (checked.reason != "")


def test_a_schema_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/purchase.json").write_text(json.dumps(PURCHASE), encoding="utf-8")
    check = compiled(
        {"purchase": {"file": "schemas/purchase.json", "on_mismatch": "drop"}}, tmp_path
    )
    assert check(GOOD).action == ""
    assert check({**GOOD, "value": -1}).action == "drop"


def test_an_older_draft_has_its_own_rules() -> None:
    draft4 = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"value": {"minimum": 0, "exclusiveMinimum": True}},
    }
    assert purchase("drop", draft4)({**GOOD, "value": 0}).action == "drop"


def test_a_schema_may_refer_to_its_own_definitions() -> None:
    schema = {
        "properties": {"value": {"$ref": "#/$defs/money"}},
        "$defs": {"money": {"type": "number"}},
    }
    assert purchase("drop", schema)({**GOOD, "value": "x"}).action == "drop"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "strin"}, "not a JSON Schema: type: "),
        ({"properties": 3}, "not a JSON Schema: properties: "),
        ({"pattern": "("}, "not a JSON Schema: pattern: "),
        ({"pattern": "(?=look)ahead"}, "not a JSON Schema: pattern: "),
        ({"$ref": "#/$defs/nope"}, "can only refer to its own $defs"),
        ({"$ref": "other.json"}, "can only refer to its own $defs"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "can only refer to its own $defs"),
        ({"$ref": "file:///etc/hostname"}, "can only refer to its own $defs"),
        ({"$schema": "https://nobody.example/draft"}, "https://nobody.example/draft"),
    ],
)
def test_a_schema_that_is_none_is_a_mistake_in_words(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaMistakes) as caught:
        purchase("drop", schema)
    ((path, text),) = caught.value.problems
    assert path == ("schemas", "purchase", "schema")
    assert words in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file"), (b"{", "is not JSON"), (b"[]", "must be an object")],
)
def test_a_file_that_cannot_be_used_is_a_mistake_in_words(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(SchemaMistakes, match=words) as caught:
        compiled({"purchase": {"file": "a.json"}}, tmp_path)
    assert caught.value.problems[0][0] == ("schemas", "purchase", "file")


def test_all_mistakes_are_told_at_once() -> None:
    bad = {"schema": {"type": "nothing"}}
    with pytest.raises(SchemaMistakes) as caught:
        compiled({"purchase": bad, "refund": bad, "page_view": {"schema": {}}})
    assert [path[1] for path, _ in caught.value.problems] == ["purchase", "refund"]


@pytest.mark.parametrize(
    "schema_settings",
    [
        {},
        {"file": "a.json", "schema": {}},
        {"schema": {}, "on_mismatch": "ignore"},
        {"schema": {}, "mode": "drop"},
        {"schema": []},
    ],
)
def test_mistakes_in_the_settings_are_refused(schema_settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SchemaSettings.model_validate(schema_settings)


@pytest.mark.parametrize("name", ["*", "purchase_*"])
def test_a_schema_is_for_one_name(name: str) -> None:
    written = f"sources: {{}}\ndestinations: {{}}\nschemas:\n  '{name}': {{schema: {{}}}}\n"
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(written, "shop.yaml", {})
    assert str(caught.value) == (
        f"shop.yaml:4: schemas.{name}: `*` is no pattern; a schema checks the events with one name"
    )
