"""What `gateway check` says about schemas that no event matches."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.configuration.load import parse_settings
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


@pytest.mark.parametrize(
    "schema",
    [
        "{required: [value], properties: {value: {type: number}}}",
        "{properties: {items: {items: {additionalProperties: false, properties: {a: {}}}}}}",
        "{properties: {consent: {additionalProperties: false}}}",
        "{additionalProperties: false, patternProperties: {'': {}}}",
    ],
)
def test_other_schemas_need_no_warning(schema: str) -> None:
    assert notes(schema) == []
