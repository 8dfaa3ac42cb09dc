"""Which vendor event an event becomes, and how settings change the built-in mapping."""

from __future__ import annotations

from typing import Any

import pytest

from destinations.mapping import Mapper, MappingSettings, compile_mapping, merged

BUILT_IN = MappingSettings.model_validate(
    {
        "events": {
            "purchase": "Purchase",
            "quote": {"name": "Quote", "fields": {"kind": "offer", "by": "us"}},
        },
        "fields": {"id": {"field": "event_id"}, "shop": "web"},
    }
)


def mapper(own: dict[str, Any]) -> Mapper:
    return compile_mapping(BUILT_IN, MappingSettings.model_validate(own), {})


def mapped(own: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    event, body = {"event_name": name, "event_id": "7"}, {}
    chosen = mapper(own)
    chosen.apply(event, body)
    return chosen.name_of(event), body


ID, SHOP = {"id": "7"}, {"shop": "web"}
OFFER = {"kind": "offer", "by": "us"}


@pytest.mark.parametrize(
    ("own", "name", "expected"),
    [
        ({}, "purchase", ("Purchase", ID | SHOP)),
        ({}, "scroll", ("scroll", ID | SHOP)),
        ({}, "quote", ("Quote", ID | SHOP | OFFER)),
        ({"events": {"scroll": "Scroll"}}, "scroll", ("Scroll", ID | SHOP)),
        ({"events": {"purchase": "Order"}}, "purchase", ("Order", ID | SHOP)),
        ({"events": {"purchase": None}}, "purchase", ("purchase", ID | SHOP)),
        ({"events": {"quote": "Lead"}}, "quote", ("Lead", ID | SHOP | OFFER)),
        (
            {"events": {"quote": {"fields": {"by": "you", "shop": "shop"}}}},
            "quote",
            ("Quote", ID | {"shop": "shop", "kind": "offer", "by": "you"}),
        ),
        ({"events": {"a": {"fields": {"b": 1}}}}, "a", ("a", ID | SHOP | {"b": 1})),
        ({"fields": {"id": None, "more": 1}}, "purchase", ("Purchase", SHOP | {"more": 1})),
        ({"built_in": False}, "purchase", ("purchase", {})),
        ({"built_in": False, "fields": {"shop": "x"}}, "quote", ("quote", {"shop": "x"})),
    ],
)
def test_a_mapping_is_added_to_the_built_in_one_or_replaces_it(
    own: dict[str, Any], name: str, expected: tuple[str, dict[str, Any]]
) -> None:
    assert mapped(own, name) == expected
    complete = merged(BUILT_IN, MappingSettings.model_validate(own))
    assert mapped(complete.as_written(), name) == expected, "also when it is written out"


@pytest.mark.parametrize(
    ("own", "name", "withheld"),
    [
        ({}, "scroll", False),
        ({"other_events": "custom"}, "scroll", False),
        ({"other_events": "withhold"}, "scroll", True),
        ({"other_events": "withhold"}, "purchase", False),
        ({"other_events": "withhold"}, "Purchase", False),
        ({"other_events": "withhold"}, "quote", False),
        ({"other_events": "withhold", "events": {"purchase": None}}, "purchase", True),
        ({"other_events": "withhold", "events": {"a": {"fields": {"b": 1}}}}, "a", False),
        ({"other_events": "withhold", "built_in": False}, "purchase", True),
    ],
)
def test_events_that_have_no_name_of_the_vendor_can_be_withheld(
    own: dict[str, Any], name: str, withheld: bool
) -> None:
    assert mapper(own).withholds({"event_name": name}) is withheld


@pytest.mark.parametrize(
    ("path", "touched"),
    [("id", True), ("id.x", True), ("i", False), ("data", True), ("data.value", True), ("b", True)],
)
def test_what_a_mapping_may_change_is_known(path: str, touched: bool) -> None:
    own = {"fields": {"data.value": 1}, "events": {"a": {"fields": {"b.c": 1}}}}
    assert mapper(own).touches(path) is touched
    assert mapper(own).has_fields
    assert not mapper({"built_in": False}).has_fields
