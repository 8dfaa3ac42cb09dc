"""What a mapping sets in a vendor's event."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from destinations.mapping import MappingSettings, compile_mapping
from destinations.remarks import collect_remarks

EVENT: dict[str, Any] = {
    "event_name": "lead_won",
    "margin": 12.5,
    "count": "3",
    "empty": "",
    "paid": "yes",
    "tags": ["a", "b"],
    "shop": {"name": "Bergen", "sizes": [41, 42]},
    "items": [{"item_id": "A"}, {"item_id": "B"}],
    "user_data": {"address": [{"city": "Bonn"}, {"city": "Wien"}]},
    "page_location": "https://shop.example/?size=42",
}


def applied(
    fields: dict[str, Any], body: dict[str, Any] | None = None, event: dict[str, Any] = EVENT
) -> dict[str, Any]:
    """`body` after a mapping with `fields`, which must not change the event."""
    mapping = MappingSettings.model_validate({"fields": fields})
    mapped = {} if body is None else body
    before = deepcopy(event)
    compile_mapping(MappingSettings(), mapping, {"hashed": lambda value: [f"#{value}"]}).apply(
        event, mapped
    )
    assert event == before
    return mapped


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a literal", "a literal"),
        (7, 7),
        (7.5, 7.5),
        (True, True),
        (["a", 1], ["a", 1]),
        ({"literal": {"field": "x"}}, {"field": "x"}),
        ({"literal": None}, None),
        ({"field": "margin"}, 12.5),
        ({"field": "tags"}, ["a", "b"]),
        ({"field": "shop.name"}, "Bergen"),
        ({"field": "shop.sizes.1"}, 42),
        ({"field": "items.*.item_id"}, ["A", "B"]),
        ({"field": "user_data.address.city"}, "Bonn"),
        ({"field": "user_data.address.*.city"}, ["Bonn", "Wien"]),
        ({"template": "to {user_data.address.city}"}, "to Bonn"),
        ({"field": "page_location.query.size"}, "42"),
        ({"field": "page_location.query.size", "as": "number"}, 42),
        ({"field": "margin", "as": "text"}, "12.5"),
        ({"field": "margin", "as": "integer"}, 12),
        ({"field": "count", "as": "number"}, 3),
        ({"field": "paid", "as": "boolean"}, True),
        ({"template": "{shop.name}-{count}"}, "Bergen-3"),
        ({"template": "{count}", "as": "integer"}, 3),
    ],
)
def test_a_value_is_a_literal_a_field_or_a_template(value: Any, expected: Any) -> None:
    assert applied({"to": value}) == {"to": expected}
    assert applied({"a.b.to": value}) == {"a": {"b": {"to": expected}}}


@pytest.mark.parametrize(
    ("value", "remarks"),
    [
        ({"field": "unknown"}, []),
        ({"field": "shop.unknown"}, []),
        ({"field": "empty"}, []),
        ({"field": "empty", "as": "text"}, []),
        ({"field": "tags", "as": "text"}, ["to: not set because tags cannot be read as text"]),
        (
            {"field": "shop.name", "as": "number"},
            ["to: not set because shop.name cannot be read as number"],
        ),
        (
            {"template": "{shop.name}-{unknown}"},
            ["to: not set because a field in its template is missing or not a text"],
        ),
    ],
)
def test_a_value_that_is_missing_or_of_another_type_is_not_set(
    value: Any, remarks: list[str]
) -> None:
    with collect_remarks() as found:
        assert applied({"to": value}, {"to": "before"}) == {"to": "before"}
    assert found == remarks


def test_null_leaves_a_field_out() -> None:
    body = {"a": {"b": 1, "c": 2}, "d": 3}
    assert applied({"a.b": None, "d": None, "e.f": None, "a.c.g": None}, body) == {"a": {"c": 2}}


def test_fields_that_the_event_shares_with_the_vendors_event_are_copied_first() -> None:
    body = {"data": EVENT}
    mapped = applied({"data.shop.name": "Oslo", "data.tags": None, "data.new": 1}, body)
    expected = {**EVENT, "shop": {"name": "Oslo", "sizes": [41, 42]}, "new": 1}
    del expected["tags"]
    assert mapped == {"data": expected}


def test_nothing_is_set_within_a_list_or_a_text() -> None:
    with collect_remarks() as remarks:
        assert applied({"a.b": 1, "c.d": {"field": "margin"}}, {"a": [1], "c": "x"}) == {
            "a": [1],
            "c": "x",
        }
    assert remarks == [
        f"{path}: the mapping sets no field in it because it is not an object" for path in "ac"
    ]


def test_later_fields_see_what_earlier_ones_made() -> None:
    assert applied({"a": {"literal": {"b": 1}}, "a.c": 2, "a.b": None}) == {"a": {"c": 2}}
    assert applied({"a": {"literal": {"b": 1}}}) == {"a": {"b": 1}}


@pytest.mark.parametrize("value", ["Bergen", {"field": "shop.name"}, {"template": "{shop.name}"}])
def test_what_the_vendor_hashes_is_hashed_wherever_it_comes_from(value: Any) -> None:
    assert applied({"hashed": value}) == {"hashed": ["#Bergen"]}


@pytest.mark.parametrize(("state", "is_set"), [("granted", True), ("denied", False)])
def test_no_personal_data_is_set_if_the_visitor_denied_that(state: str, is_set: bool) -> None:
    event = {**EVENT, "consent": {"ad_user_data": state}}
    assert ("hashed" in applied({"hashed": {"field": "shop.name"}}, event=event)) is is_set


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"a": {}}, "needs exactly one of field, template and literal"),
        ({"a": {"field": "b", "literal": 1}}, "needs exactly one of field, template and literal"),
        ({"a": {"field": None}}, "needs exactly one of field, template and literal"),
        ({"a": {"literal": 1, "as": "text"}}, "as: has no effect on a literal"),
        ({"a": {"field": "b..c"}}, "'b..c' is not a path"),
        ({"a": {"template": "{}"}}, "'' is not a path"),
        ({"a": {"template": "{b"}}, "a template needs a path between each { and }"),
        ({"a": {"template": "{b.*}"}}, "a template needs single values"),
        ({"a": 2**64}, "value cannot be represented in JSON"),
        ({"a": float("nan")}, "value cannot be represented in JSON"),
        ({"a": ["\ud800"]}, "value cannot be represented in JSON"),
        ({"a": {"literal": {"b": float("inf")}}}, "value cannot be represented in JSON"),
        ({"a.*.b": 1}, "a.*.b contains *"),
        ({".a": 1}, "'.a' is not a path"),
    ],
)
def test_a_field_that_can_never_be_set_is_a_mistake(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        MappingSettings.model_validate({"fields": fields})
    assert said in str(error.value)
