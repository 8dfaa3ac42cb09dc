"""Values that an event may state in several forms, and what a sender learns of those that do not
fit."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from functools import reduce
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.event import EventError, read_event
from gateway.event.bounds import MAX_DEPTH, SURPLUS
from gateway.event.consent import CONSENT_TYPES, UNKNOWN_KEYS
from gateway.event.mending import IGNORED
from gateway.event.schema import Consent, EventFields


def read(**fields: Any) -> dict[str, Any]:
    return read_event({"event_name": "purchase", **fields})


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (1795219200.5, 1795219200.5),
        (1795219200, 1795219200.0),
        (1795219200500, 1795219200.5),
        (1795219200500000, 1795219200.5),
        ("1795219200500", 1795219200.5),
        ("2026-11-21T00:00:00Z", 1795219200.0),
        ("2026-11-21T01:00:00+01:00", 1795219200.0),
        ("2026-11-21", 1795219200.0),
        ("20261121", 1795219200.0),
        (20261121, 1795219200.0),
        ("Sat, 21 Nov 2026 01:00:00 +0100", 1795219200.0),
        ("Sat, 21 Nov 2026 00:00:00 GMT", 1795219200.0),
        ("20 Nov 2026 19:00 EST", 1795219200.0),
        (1795219200500000000, 1795219200.5),
        (" 2026-11-21T00:00:00Z ", 1795219200.0),
        ("2026-11-21T00:00:00z", 1795219200.0),
        ("2026-11-21 00:00:00 UTC", 1795219200.0),
        ("2026-11-21T01:00:00 01:00", 1795219200.0),
        ("2026-11-21 01:00:00.500 0100", 1795219200.5),
        ("2026-11-21 00:00", 1795219200.0),
        ("Sat Nov 21 2026 01:00:00 GMT+0100 (Central European Standard Time)", 1795219200.0),
        ("Sat Nov 21 2026 01:00:00 GMT 0100", 1795219200.0),
        ("2026-11-21T01:00:00+01:00[Europe/Berlin]", 1795219200.0),
        ("2026-11-21T00:00:00.5Z[UTC]", 1795219200.5),
        ("2026-11-21 01:00:00.5 +0100 CET", 1795219200.5),
        ("2026-11-21 00:00:00 +0000 UTC m=+0.000012", 1795219200.0),
        ("Sat Nov 21 00:00:00 UTC 2026", 1795219200.0),
        ("Sun Nov  1 00:00:00 GMT 2026", 1793491200.0),
        ("/Date(1795219200500)/", 1795219200.5),
        ("/Date(1795219200000+0100)/", 1795219200.0),
        ("20261121000000", 1795219200.0),
        (20261121000000, 1795219200.0),
        ("202611210000", 1795219200.0),
        (202611210000, 1795219200.0),
        ("202611210130", 1795224600.0),
        (982598400000, 982598400.0),
        ({"seconds": 1795219200, "nanos": 500_000_000}, 1795219200.5),
        ({"seconds": 1795219200, "nanoseconds": 0}, 1795219200.0),
        ({"_seconds": 1795219200, "_nanoseconds": 500_000_000}, 1795219200.5),
        ({"$date": "2026-11-21T00:00:00Z"}, 1795219200.0),
        ({"$date": 1795219200500}, 1795219200.5),
        ("2026/11/21 00:00:00", 1795219200.0),
        ("2026/11/21 01:00:00 +0100", 1795219200.0),
        *(
            ({"date": f"2026-11-21 {at}:00.000000", "timezone_type": 3, "timezone": zone}, seconds)
            for at, zone, seconds in (
                ("01:00", "Europe/Berlin", 1795219200.0),
                ("00:00", "UTC", 1795219200.0),
                ("01:00", "+01:00", 1795219200.0),
            )
        ),
    ],
)
def test_a_time_in_every_way_is_unix_seconds(said: object, seconds: float) -> None:
    assert read(timestamp=said)["timestamp"] == seconds


@pytest.mark.parametrize(
    "said",
    [
        "Sat Nov 21 00:00:00 XYZ 2026",
        "/Date(999999999999999)/",
        "20269921000000x",
        {"seconds": 10**400, "nanos": 0},
        {"seconds": 1795219200, "nanos": "0"},
        {"date": "SECRET", "timezone": "UTC"},
        {"$date": {"$date": "2026-11-21"}},
        "2026/21/11",
        {"date": "2026-11-21", "timezone": "../../etc/passwd"},
        {"date": "2026-11-21", "timezone": "Europe/Atlantis"},
        {"date": "2026-11-21", "timezone": "Europe"},
        {"date": "2026-11-21", "timezone": "+99:99"},
    ],
)
def test_what_only_looks_like_a_time_is_set_aside(said: object) -> None:
    event = read(timestamp=said)
    assert "timestamp" not in event
    assert "SECRET" not in str(event[IGNORED])


def test_an_event_can_state_each_consent_type() -> None:
    assert tuple(Consent.__annotations__) == CONSENT_TYPES


def test_consent_in_another_form_is_read_too() -> None:
    event = read(consent=[{"adStorage": 0, "banner": "v2"}, {"AD_STORAGE": "granted"}])
    assert event["consent"] == {"ad_storage": "denied"}
    assert event[UNKNOWN_KEYS] == ["banner"]


@pytest.mark.parametrize("nothing", [None, {}, [], "", " "])
def test_an_empty_consent_says_nothing(nothing: object) -> None:
    assert not read(consent=nothing).get("consent")


@pytest.mark.parametrize(
    ("field", "said", "kept"),
    [
        (
            "items",
            {"0": {"item_id": 7}, "1": {"item_id": "B"}},
            [{"item_id": "7"}, {"item_id": "B"}],
        ),
        ("items", [{"price": "9.5", "quantity": 1.0}], [{"price": 9.5, "quantity": 1.0}]),
        ("user_data", {"email_address": "a@b.c"}, {"email_address": "a@b.c"}),
        ("user_data", {"email_address": ["a@b.c", 5]}, {"email_address": ["a@b.c", "5"]}),
        ("user_data", {"phone_number": {"0": "1", "1": "2"}}, {"phone_number": ["1", "2"]}),
        ("user_data", {"phone_number": 49301234567}, {"phone_number": "49301234567"}),
        ("user_data", {"phone_number": 49301234567.0}, {"phone_number": "49301234567"}),
        (
            "items",
            [{"item_id": 4711.0}, {"item_id": 1.5}],
            [{"item_id": "4711"}, {"item_id": "1.5"}],
        ),
        ("user_id", 12345.0, "12345"),
        ("user_id", "12345.0", "12345.0"),
        ("transaction_id", 1e20, "1e+20"),
        ("user_data", {"address": {"city": "Wien"}}, {"address": {"city": "Wien"}}),
        ("user_data", {"address": {"0": {"city": "Wien"}}}, {"address": [{"city": "Wien"}]}),
        ("user_data", {"address": {"0": "x", "city": 1}}, {"address": {"0": "x", "city": "1"}}),
        ("user_data", {"address": [{"city": None}, {}]}, {"address": [{}, {}]}),
        ("value", "12", 12),
        ("value", 2**60, float(2**60)),
        ("currency", "eur", "EUR"),
        ("unknown", {"0": None}, {"0": None}),
    ],
)
def test_other_forms_are_kept_in_the_one_that_is_documented(
    field: str, said: object, kept: object
) -> None:
    value = read(**{field: said})[field]
    assert (value, type(value)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, "event_name: Field required"),
        ({"event_name": None}, "event_name: Field required"),
        ({"event_name": " "}, "event_name: String should have at least 1 character"),
        ({"event_name": ["SECRET"]}, "event_name: Input should be a valid string"),
        ({"event_name": "SECRET" * 50}, "event_name: String should have at most 256 characters"),
        ({"value": "SECRET", "user_id": []}, "event_name: Field required"),
        ("SECRET", "Input should be a valid dictionary"),
    ],
)
def test_only_an_event_without_a_usable_name_is_refused(raw: Any, told: str) -> None:
    with pytest.raises(EventError) as caught:
        read_event(raw)
    assert str(caught.value) == told


@pytest.mark.parametrize("kind", ["list", "object", "both in turn"])
@pytest.mark.parametrize("field", ["unknown", "user_properties"])
def test_an_event_is_as_deep_as_it_may_be_and_not_one_level_deeper(kind: str, field: str) -> None:
    def around(inner: Any, level: int) -> Any:
        listed = kind == "list" or (kind == "both in turn" and level % 2)
        return [1, inner] if listed and level else {"a": "b", "c": inner}

    deepest = reduce(around, range(MAX_DEPTH - 2, -1, -1), "leaf")
    assert read(**{field: deepest})[field] == deepest
    event = read(**{field: {"one": deepest}})
    assert depth(event[field]) == MAX_DEPTH - 1
    assert len(event[SURPLUS]) == 1


def nested(levels: int) -> Any:
    return reduce(lambda inner, _: {"x": inner}, range(levels), 1)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


HOLDING = [name for name in EventFields.__annotations__ if name not in ("consent", "event_name")]
"""Fields that keep all that they hold. Of `consent`, only the states are kept."""

IN_WHAT_A_FIELD_HOLDS: dict[str, Callable[[Any], Any]] = {
    "itself": lambda inner: inner,
    "object": lambda inner: {"x": inner},
    "list": lambda inner: [inner, 1],
    "object in a list": lambda inner: [{"x": inner}, 1],
    "address": lambda inner: {"address": {"x": inner}},
    "list of addresses": lambda inner: {"address": [{"x": inner}]},
}


@pytest.mark.parametrize("around", IN_WHAT_A_FIELD_HOLDS.values(), ids=IN_WHAT_A_FIELD_HOLDS)
@pytest.mark.parametrize("field", [*HOLDING, "unknown"])
def test_no_field_holds_what_is_nested_too_deep(field: str, around: Callable[[Any], Any]) -> None:
    spent = 1 + depth(around(1))
    fits, too_deep = around(nested(MAX_DEPTH - spent)), around(nested(MAX_DEPTH - spent + 1))
    event = read(**{field: fits})
    assert event.get(field) == fits or event[IGNORED][0]["field"].startswith(field)
    event = read(**{field: too_deep})
    assert depth(event.get(field)) < MAX_DEPTH
    assert not event.get(field) or len(event[SURPLUS]) == 1


@pytest.mark.parametrize(
    "fields",
    [
        lambda deep: {"gpp_sid": deep(), "consent": {"gpp_sid": deep()}},
        lambda deep: {"consent": {"accepted": deep()}},
        lambda deep: {"user_data": {"zip": [deep()], "address": {"postal_code": [deep()]}}},
    ],
)
def test_values_that_are_compared_may_be_nested_as_deeply_as_json(
    fields: Callable[[Callable[[], Any]], Any],
) -> None:
    def deep() -> Any:
        inner: Any = 1
        for _ in range(1000):
            inner = [inner]
        return inner

    event = read(**fields(deep))
    assert all(depth(value) < MAX_DEPTH for value in event.values())


@pytest.mark.parametrize(
    ("raw", "event"),
    [
        ({"event_name ": "x", " value": "5"}, {"event_name": "x", "value": 5}),
        ({"event_name": "x", "\u200bvalue\ufeff\u00a0": 5}, {"event_name": "x", "value": 5}),
        ({"event_name": "\u200b"}, {"event_name": "\u200b"}),
        ({"event_name": "x", "tax\t": 5, "tax": 7}, {"event_name": "x", "tax": 7, "tax\t": 5}),
        (
            {"event_name": "x", "\u200buser_data": {"email": "a@b.example"}},
            {"event_name": "x", "user_data": {"email_address": "a@b.example"}},
        ),
        ({"event_name": "x", " a ": 5, "b c": 7}, {"event_name": "x", " a ": 5, "b c": 7}),
    ],
)
def test_what_is_around_the_name_of_a_field_is_taken_off(
    raw: dict[str, Any], event: dict[str, Any]
) -> None:
    assert read_event(raw) == event


def test_known_fields_come_first_and_the_others_as_they_were_sent() -> None:
    raw = {"z": None, "value": 1, "a": {"b": [None]}, "event_name": "purchase", "m": 2.0}
    event = read_event(raw)
    assert event == raw
    assert list(event) == ["event_name", "value", "z", "a", "m"]


def test_what_was_sent_is_not_changed() -> None:
    raw = {"event_name": "a", "x": 1, "value": None, "items": {"0": {"price": "1", "y": [None]}}}
    sent = deepcopy(raw)
    read_event(raw)
    assert raw == sent


texts = st.text(max_size=6)
scalars = texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none()
listed = st.lists(texts, max_size=3)
days = st.dates(max_value=date(5000, 1, 1))
"""Much later days, in seconds, would be taken for milliseconds."""
in_any_form = st.fixed_dictionaries(
    {"event_name": st.just("purchase")},
    optional={
        "timestamp": st.floats(0, 4e9) | st.integers(10**12, 4 * 10**12) | days.map(str),
        "consent": st.dictionaries(st.sampled_from(CONSENT_TYPES), st.booleans() | texts),
        "items": st.lists(st.dictionaries(st.sampled_from(["item_id", "price", "x"]), scalars)),
        "user_data": st.fixed_dictionaries(
            {},
            optional={
                "email_address": scalars | listed | st.dictionaries(st.just("0"), scalars),
                "address": st.dictionaries(st.sampled_from(["city", "0", "x"]), scalars),
            },
        ),
        "client_id": scalars,
        "currency": st.sampled_from(["eur", "EUR", "euro"]),
        "unknown": scalars | st.dictionaries(texts, scalars),
    },
)


@given(in_any_form)
@example({"event_name": "purchase", "timestamp": "5000-01-01"})
def test_what_was_read_reads_as_itself(raw: dict[str, Any]) -> None:
    event = read_event(raw)
    event.pop(IGNORED, None)
    again = read_event(event)
    by_name = orjson.OPT_SORT_KEYS  # `items` may come last
    assert orjson.dumps(again, option=by_name) == orjson.dumps(event, option=by_name)


def test_items_beyond_the_bound_are_cut_off() -> None:
    event = read_event({"event_name": "purchase", "items": [{}] * 6000})
    assert 4900 < len(event["items"]) < 5000
    assert event[SURPLUS][-1].endswith("more")


@pytest.mark.parametrize(
    ("item", "fields"), [({"price": "x"}, ["items.price", "items"]), (1, ["items"])]
)
def test_thousands_of_values_that_do_not_fit_are_named_once(item: Any, fields: list[str]) -> None:
    event = read_event({"event_name": "purchase", "items": [item] * 6000})
    assert [each["field"] for each in event[IGNORED]] == fields
