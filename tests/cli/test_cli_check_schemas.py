"""What `gateway check` says about schemas that no event matches, and words that check nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.configuration.load import load_settings, parse_settings
from gateway.operations.checking.schemas import schema_notes

CONFIG = """\
sources: {}
schemas:
  purchase:
    on_mismatch: drop
    schema: %s
destinations: {}
"""


def notes(schema: str) -> list[str]:
    settings = parse_settings(CONFIG % schema, "shop.yaml", {})
    return [*schema_notes(settings, Path("shop.yaml"))]


@pytest.mark.parametrize(
    ("schema", "keyword", "fields"),
    [
        (
            "{additionalProperties: false, properties: {event_name: {}, value: {type: number}}}",
            "additionalProperties",
            "consent, event_id, timestamp",
        ),
        (
            "{unevaluatedProperties: false, properties: {event_name: {}, event_id: {}}}",
            "unevaluatedProperties",
            "consent, timestamp",
        ),
    ],
)
def test_a_schema_that_refuses_what_every_event_has(schema: str, keyword: str, fields: str) -> None:
    assert notes(schema) == [
        f"Warning: shop.yaml:3: schemas.purchase: no event matches, because {keyword} is false, "
        f"and every event has {fields}. The gateway adds further fields, such as bot and "
        "user_agent: allow others, or list these too."
    ]


NO_KEYWORD = "is no keyword of JSON Schema, so it checks nothing"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{requried: [value]}", f"requried: {NO_KEYWORD}; did you mean 'required'?"),
        ("{propertys: {value: {}}}", f"propertys: {NO_KEYWORD}; did you mean 'properties'?"),
        ("{value: {type: number}}", f"value: {NO_KEYWORD}; write it below `properties`."),
        (
            "{properties: {value: {typ: number}}}",
            f"properties.value.typ: {NO_KEYWORD}; did you mean 'type'?",
        ),
        (
            "{properties: {value: {min: 1}}}",
            f"properties.value.min: {NO_KEYWORD}; did you mean 'minimum'?",
        ),
        (
            "{properties: {items: {items: {allOf: [{requird: [a]}]}}}}",
            f"properties.items.items.allOf.0.requird: {NO_KEYWORD}; did you mean 'required'?",
        ),
        (
            "{$defs: {a: {minlength: 1}}}",
            f"$defs.a.minlength: {NO_KEYWORD}; did you mean 'minLength'?",
        ),
        (
            "{properties: {mail: {format: emial}}}",
            "properties.mail.format: is no format of JSON Schema, so it checks nothing; did you "
            "mean 'email'?",
        ),
        (
            "{required: [value, transacton_id]}",
            "required.1: the gateway knows no such field; did you mean 'transaction_id'?",
        ),
        (
            "{anyOf: [{properties: {items: {items: {properties: {item_nme: {}}}}}}]}",
            "anyOf.0.properties.items.items.properties.item_nme: the gateway knows no such field; "
            "did you mean 'items.*.item_name'?",
        ),
        (
            "{properties: {user_data: {required: [email]}}}",
            "properties.user_data.required.0: `user_data.email` is read as "
            "`user_data.email_address`, so events do not have it.",
        ),
        (
            "{properties: {value: {type: [string, 'null']}}}",
            "properties.value.type: is a number; ['string', 'null'] never matches.",
        ),
        (
            "{properties: {currency: {enum: [EUR, chf]}}}",
            "properties.currency.enum: events have 'CHF'; 'chf' never matches.",
        ),
        (
            "{properties: {currency: {const: euro}}}",
            "properties.currency.const: is a currency such as 'EUR'; the text 'euro' never "
            "matches.",
        ),
    ],
)
def test_a_word_that_checks_nothing(schema: str, words: str) -> None:
    assert notes(schema) == [f"Warning: shop.yaml:5: schemas.purchase.schema.{words}"]


def test_a_word_that_checks_nothing_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "purchase.json").write_text('{"requried": ["value"]}')
    config = tmp_path / "shop.yaml"
    config.write_text(
        "sources: {}\ndestinations: {}\nschemas:\n  purchase: {file: purchase.json}\n"
    )
    assert [*schema_notes(load_settings(config), Path("shop.yaml"))] == [
        "Warning: shop.yaml:4: schemas.purchase.file.requried: "
        f"{NO_KEYWORD}; did you mean 'required'?"
    ]


def test_fields_that_rules_make_are_known_to_schemas() -> None:
    config = CONFIG % "{required: [item_nme]}" + "rules: [{set: {item_nme: a}}]\n"
    assert [*schema_notes(parse_settings(config, "shop.yaml", {}), Path("shop.yaml"))] == []


@pytest.mark.parametrize(
    "schema",
    [
        "{required: [value], properties: {value: {type: number}}}",
        "{properties: {items: {items: {additionalProperties: false, properties: {a: {}}}}}}",
        "{properties: {consent: {additionalProperties: false}}}",
        "{additionalProperties: false, patternProperties: {'': {}}}",
        "{title: a, x-owner: shop, example: 1, tags: [a], $comment: a, nullable: true}",
        "{properties: {value: {type: integer}, items: {minItems: 1}, own: {type: object}}}",
        "{properties: {a.b: {const: 1}, '': {const: a}, '*': {enum: [a]}, own: {format: int32}}}",
        "{properties: {items: {properties: {price: {const: a}}}}, not: {required: [coupon]}}",
        "{properties: {event_name: {const: purchase}, user_data: {type: object}}}",
        "{if: {properties: {currency: {const: EUR}}}, then: {required: [tax]}, else: true}",
        "{dependencies: {a: [b]}, items: {type: string}, prefixItems: [{const: 1}]}",
    ],
)
def test_other_schemas_need_no_warning(schema: str) -> None:
    assert notes(schema) == []
