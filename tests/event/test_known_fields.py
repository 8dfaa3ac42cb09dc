"""What is known about the field at a path before any event arrives."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from gateway.event.bounds import MAX_DEPTH
from gateway.event.fields import MISFIT, changed_path, field_type, fitting, read_path
from gateway.event.schema import Id

DEEP = ".".join("a" * (MAX_DEPTH - 1))


@pytest.mark.parametrize(
    ("path", "value", "held"),
    [
        ("value", "12.5", 12.5),
        ("value", "much", MISFIT),
        ("value", None, MISFIT),
        ("items.*.price", "5", 5),
        ("items.0.item_id", 7, "7"),
        ("items.0.own", [7], [7]),
        ("items", {"0": {"price": "1"}}, [{"price": 1}]),
        ("page_title", "x" * 16_384, "x" * 16_384),
        ("page_title", "x" * 16_385, MISFIT),
        ("client_id", " a ", "a"),
        ("client_id", " ", MISFIT),
        ("currency", "eur", "EUR"),
        ("currency", "euro", MISFIT),
        ("timestamp", "1795000000000", 1_795_000_000.0),
        ("consent.ad_storage", False, "denied"),
        ("consent.ad_storage", "maybe", MISFIT),
        ("user_data.email_address", ["a", 1], ["a", "1"]),
        ("user_data.email_address.0", ["a"], MISFIT),
        ("user_data.address", [{"city": 5}], [{"city": "5"}]),
        ("user_data.address.city", 5, "5"),
        ("user_data.address.1.city", 5, "5"),
        ("user_properties", "text", MISFIT),
        ("user_properties.a.b", {"c": None}, {"c": None}),
        ("click_ids.gclid", {}, MISFIT),
        ("own", None, None),
        (DEEP, {}, {}),
        (DEEP, {"b": []}, MISFIT),
        ("user_properties", {"a": [[]]}, {"a": [[]]}),
    ],
)
def test_a_field_holds_values_as_events_have_them(path: str, value: Any, held: Any) -> None:
    assert repr(field_type(path).fit(value)) == repr(held)


@pytest.mark.parametrize(
    ("path", "makes"),
    [
        ("user_data.address.city", True),
        ("own.a.b", True),
        ("click_ids.gclid", True),
        ("items.0.price", False),  # items is a list, and no rule makes one with a gap
        ("user_data.email_address.0", False),
        ("user_data.address.0.city", False),
        ("page_location.query.a", False),  # there is no URL to hold it
        ("own.link.query.a", False),
    ],
)
def test_which_objects_may_be_made_on_the_way(path: str, makes: bool) -> None:
    assert field_type(path).makes is makes


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "items.price",
            "items.price: items is a list: write items.*.price for each element, or items.0",
        ),
        ("value.amount", "value.amount: value is a number and has no fields"),
        ("*", "*: an event is an object, and * is for the elements of a list: write the name of"),
        ("click_ids.*", "click_ids.*: click_ids is an object, and * is for the elements of a list"),
        ("user_data.*.city", "user_data is an object, and * is for the elements of a list"),
        ("items.*.*", "items.* is an object, and * is for the elements of a list: write items.*"),
        (
            "client_id.a",
            "client_id.a: client_id is a text: "
            "as a URL it has .query.<name>, .host, .path, .fragment",
        ),
        ("consent.ad_storag", "consent has no ad_storag; did you mean 'ad_storage'?"),
        ("consent.xyz", "consent has no xyz"),
        ("consent.ad_storage.a", "consent.ad_storage is a text"),
        ("a..b", "'a..b' is not a path"),
        ("", "'' is not a path"),
        (f"{DEEP}.b.c", f"events can be nested at most {MAX_DEPTH} levels deep"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^.") as caught:
        read_path(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("path", ["own.host", "page_location.query", "page_location.query.a.b"])
def test_paths_that_can_be_changed(path: str) -> None:
    assert changed_path(path) == path


@pytest.mark.parametrize("part", ["host", "path"])
def test_parts_of_a_url_that_are_only_read(part: str) -> None:
    path = f"page_location.{part}"
    assert read_path(path) == path
    with pytest.raises(ValueError, match="is read-only; change page_location itself"):
        changed_path(path)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("value", "s3cr3t", "value: Input should be a valid"),
        ("items.*.price", "s3cr3t", "items.0.price: Input should be a valid"),
        ("value", None, "value cannot be null"),
        (
            "user_data.address.city",
            {"s3cr3t": 1},
            "user_data.address.city: Input should be a valid",
        ),
        ("page_location.query.a", ["s3cr3t"], "page_location.query.a is part of a URL"),
        ("own", "\ud800", "own: value cannot be represented in JSON"),
        ("own", {"a": float("nan")}, "own: value cannot be represented in JSON"),
        ("own", float("inf"), "own: value cannot be represented in JSON"),
        ("own", 2**64, "own: value cannot be represented in JSON"),
        (DEEP, {"s3cr3t": []}, "nested"),
    ],
)
def test_a_value_that_a_field_cannot_hold(path: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"^.") as caught:
        fitting(path, value)
    assert message in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_field_can_be_described_any_number_of_times() -> None:
    described = [TypeAdapter(Id).json_schema() for _ in range(400)]
    assert described == described[:1] * 400
