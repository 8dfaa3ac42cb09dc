"""An odd value costs an event at most the field that has it, and the rest can be sent."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from destinations.base import Request, Unsendable
from gateway.event import Received, read_event
from gateway.event.mending import IGNORED
from gateway.event.schema import Address, EventFields, Item, UserData
from gateway.pipeline.compile import Pipeline, compile_pipeline
from gateway.sources.shape import MAX_SHAPE_BYTES, shape
from gateway.testing.events import NOW
from tests.destinations.test_every_destination import SUITES

PLACES = [
    *((name,) for name in EventFields.__annotations__ if name != "event_name"),
    *(("items", name) for name in Item.__annotations__),
    *(("user_data", name) for name in UserData.__annotations__),
    *(("user_data", "address", name) for name in Address.__annotations__),
    ("event_location", "country"),
    ("click_ids", "fbclid"),
]
_text = st.text(max_size=8) | st.sampled_from(
    ["", " ", "59,90", "1,234", "€", "high", "NaN", "20261129", "\0", "x" * 20_000]
)
_scalar = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | _text
_odd = st.recursive(
    _scalar,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_text | st.sampled_from(["0", "1", "int", "Address"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def pipeline(settings: Any) -> Pipeline:
    return compile_pipeline(settings)


def with_odd(places: list[tuple[str, ...]], values: list[Any]) -> dict[str, Any]:
    """A page view that can be sent, with odd values at some places."""
    event: dict[str, Any] = {
        "event_name": "page_view",
        "client_id": "1.2",
        "user_id": "u-1",
        "fbp": "fb.1.1698887799092.241649850",
        "currency": "EUR",
    }
    for (first, *more), value in zip(places, values, strict=True):
        nested = value
        for name in reversed(more):
            nested = {name: nested}
        event[first] = [nested] if first == "items" and more else nested
    return event


odd_events = st.lists(st.sampled_from(PLACES), min_size=1, max_size=3).flatmap(
    lambda places: st.builds(
        with_odd, st.just(places), st.lists(_odd, min_size=len(places), max_size=len(places))
    )
)


WHY = ("missing", "no usable", "nothing to attribute", "not granted", "denied", "refuses")
"""Words in the reasons why a vendor gets no event; no such reason is about an odd value."""


@given(odd_events, st.booleans())
@example({"event_name": "page_view", "value": math.nan, "timestamp": math.inf}, False)
def test_no_value_of_a_known_field_refuses_the_event(
    pipeline: Pipeline, raw: dict[str, Any], own_properties: bool
) -> None:
    event = read_event(raw, own_properties)
    assert event["event_name"] == "page_view"
    again = read_event(event)
    again.pop(IGNORED, None)
    event.pop(IGNORED, None)
    assert repr(again) == repr(event), "what was read has its types"
    decided = pipeline(read_event(raw, own_properties), Received("site", NOW, trusted=True)).event
    for destination in [suite.destination for suite in SUITES]:
        (result,) = destination.requests([decided], NOW)
        if isinstance(result, Unsendable):
            assert any(words in result.reason for words in WHY), result.reason
            assert destination.type != "webhook"
        else:
            assert isinstance(result, Request)
            is_hit = result.headers["content-type"].startswith("text/plain")
            assert result.body if is_hit else orjson.loads(result.body)


@given(_odd)
def test_the_shape_of_a_value_is_short_and_repeats_none(value: Any) -> None:
    shown = orjson.dumps(
        shape({"event": value, "SECRET WORDS": ["SECRET"], "jane@shop.example": 1})
    )
    assert b"SECRET" not in shown
    assert b"jane" not in shown
    assert len(shown) <= MAX_SHAPE_BYTES


def test_the_shape_of_a_large_message_is_short() -> None:
    names = [f"name_{number}" for number in range(100)]
    message = {name: {each: dict.fromkeys(names, 1) for each in names} for name in names}
    assert len(orjson.dumps(shape(message))) <= MAX_SHAPE_BYTES
    assert shape({"a": "", "b": [1, "x"], "c": [], "d": {}, "e": None, "f": True}) == {
        "a": "empty text",
        "b": ["number"],
        "c": "empty list",
        "d": "empty object",
        "e": "null",
        "f": "boolean",
    }
