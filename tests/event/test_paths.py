"""Paths: what they find, what an edit changes, and above all what it leaves alone."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.paths import OBJECT_OR_LIST, reader
from gateway.event.each_way import place_of_list
from gateway.event.fields import known_names
from gateway.event.paths import ANY, MISSING, Change, editor, finder, getter


def edited(event: dict[str, Any], path: str, change: Change) -> dict[str, Any]:
    """The result of an edit of a shallow copy of `event`."""
    own = event.copy()
    editor(path, change)(own)
    return own


def is_untouched(event: dict[str, Any], other: dict[str, Any]) -> bool:
    return event.keys() == other.keys() and all(event[key] is other[key] for key in event)


ORDER: dict[str, Any] = {
    "event_name": "purchase",
    "value": None,
    "user_data": {"address": {"city": "Bonn", "street": "Am Hof 1"}, "phone_number": ["1", "2"]},
    "items": [{"item_id": "A", "price": 5}, {"item_id": "B"}, "not an object"],
    "lists": [[1, 2], [3]],
    "links": [{"url": "/a?b=1"}, {"url": "/c?b=2#f"}, {"url": 5}],
    "texts": ["/a?b=1", "/"],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("event_name", "purchase"),
        ("value", None),
        ("user_data.address.city", "Bonn"),
        ("user_data.phone_number", ["1", "2"]),
        ("user_data.phone_number.1", "2"),
        ("items.0.price", 5),
        ("items.*.price", [5]),
        ("items.*.item_id", ["A", "B"]),
        ("items.*", ORDER["items"]),
        ("lists.*.*", [1, 2, 3]),
        ("lists.*.0", [1, 3]),
        ("links.0.url.query.b", "1"),
        ("links.*.url.query.b", ["1", "2"]),
        ("links.*.url.fragment", ["f"]),
        ("links.*.url", ["/a?b=1", "/c?b=2#f", 5]),
        ("texts.*.query.b", ["1"]),
        ("texts.0.path", "/a"),
    ],
)
def test_a_path_finds(path: str, expected: Any) -> None:
    assert getter(path)(ORDER) == expected


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "",
        "user_data.nothing",
        "user_data.address.city.district",
        "user_data.phone_number.2",
        "user_data.phone_number.-1",
        "user_data.phone_number.¹",
        "user_data.phone_number.first",
        "value.amount",
        "items.*.nothing",
        "items.*.item_id.*",
        "user_data.*",
        "*",
        "event_name.*",
        "event_name.0",
        "event_name.query.a",
        "event_name.host",
        "links.0.url.path.a",
        "links.*.url.query.nothing",
        "user_data.phone_number.99999999999999999999",
    ],
)
def test_a_path_finds_nothing(path: str) -> None:
    assert getter(path)(ORDER) is MISSING


@pytest.mark.parametrize(
    ("event", "path", "expected"),
    [
        ({}, "a", {"a": 9}),
        ({"a": 1}, "a", {"a": 9}),
        ({}, "a.b.c", {"a": {"b": {"c": 9}}}),
        ({"a": {"x": 1}}, "a.b", {"a": {"x": 1, "b": 9}}),
        ({"a": [1, 2]}, "a.1", {"a": [1, 9]}),
        ({"a": [1, 2]}, "a.01", {"a": [1, 9]}),
        ({"a": [{}, {"b": 1}]}, "a.*.b", {"a": [{"b": 9}, {"b": 9}]}),
        ({"a": [[1], [2, 3]]}, "a.*.*", {"a": [[9], [9, 9]]}),
        ({"a": {"0": 1}}, "a.0", {"a": {"0": 9}}),
        ({"a": "/x?b=1&c=2"}, "a.query.b", {"a": "/x?b=9&c=2"}),
        ({"a": {"u": ["/x", "/y?b=1"]}}, "a.u.*.query.b", {"a": {"u": ["/x?b=9", "/y?b=9"]}}),
        ({"a": "/x#y"}, "a.fragment", {"a": "/x#9"}),
    ],
)
def test_setting(event: Any, path: str, expected: Any) -> None:
    assert edited(event, path, lambda _: 9) == expected


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ({"a": "text"}, "a.b"),  # a text has no fields, and is not replaced by an object
        ({"a": None}, "a.b"),
        ({"a": [1, 2]}, "a.2"),  # a list has no gaps
        ({"a": [1, 2]}, "a.b"),
        ({"a": []}, "a.*"),
        ({"a": []}, "a.*.b"),
        ({"a": ["text"]}, "a.*.b"),
        ({}, "a.*"),  # no list to set the elements of
        ({}, "a.*.b"),
        ({"a": {"b": 1}}, "a.*"),  # an object is no list
        ({"a": {"b": 1}}, "a.*.c"),
        ({"a": 1}, "*"),
        ({"*": 1}, "*"),
        ({"*": {"a": 1}}, "*.a"),
        ({"a": "/x"}, "a.path"),  # these parts can only be read
        ({"a": "https://x.example/"}, "a.host"),
        ({"a": ""}, "a.query.b"),  # an empty text is no URL
        ({"a": 1}, "a.query.b"),
    ],
)
def test_setting_where_nothing_can_be(event: Any, path: str) -> None:
    assert is_untouched(edited(event, path, lambda _: 9), event)


def test_what_is_no_text_cannot_be_in_a_url() -> None:
    event = {"a": "/x?b=1"}
    for value in ({}, [1], None, float("nan")):
        assert is_untouched(edited(event, "a.query.b", lambda _, value=value: value), event)


def test_an_edit_can_be_told_to_make_no_objects() -> None:
    for event in ({}, {"a": {}}):
        own = copy.deepcopy(event)
        editor("a.b.c", lambda _: 9, makes=False)(own)
        assert own == event
    own = {"a": {"b": {}}}
    editor("a.b.c", lambda _: 9, makes=False)(own)
    assert own == {"a": {"b": {"c": 9}}}


@pytest.mark.parametrize(
    ("event", "path", "expected"),
    [
        ({"a": 1, "b": 2}, "a", {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, "a.b", {"a": {"c": 2}}),
        ({"a": {"b": 1}}, "a.b", {"a": {}}),
        ({"a": [1, 2, 3]}, "a.1", {"a": [1, 3]}),
        ({"a": [1, 2]}, "a.*", {"a": []}),
        ({"a": [{"b": 1, "c": 2}, {"c": 3}]}, "a.*.b", {"a": [{"c": 2}, {"c": 3}]}),
        ({"a": "/x?b=1&c=2"}, "a.query.b", {"a": "/x?c=2"}),
        ({"a": "/x?b=1#d"}, "a.query", {"a": "/x#d"}),
    ],
)
def test_removing(event: Any, path: str, expected: Any) -> None:
    assert edited(event, path, lambda _: MISSING) == expected


KEYS = st.sampled_from(["a", "b", "0", "1", "01", ""])
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "text"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
EVENTS = st.dictionaries(KEYS, VALUES, max_size=4)
PLAIN = st.lists(KEYS, min_size=1, max_size=4).map(".".join)
PATHS = st.lists(KEYS | st.just(ANY), min_size=1, max_size=4).map(".".join)


@given(event=EVENTS, path=PATHS, new=VALUES | st.just(MISSING))
def test_an_edit_leaves_its_input_and_all_that_is_beside_the_path(
    event: Any, path: str, new: Any
) -> None:
    before = copy.deepcopy(event)

    result = edited(event, path, lambda _: new)

    assert event == before
    _assert_kept_beside(event, result, path.split("."), new)


def _assert_kept_beside(old: Any, new: Any, keys: list[str], value: Any) -> None:
    """Every branch of `new` off the path is the same object as in `old`."""
    if new is old or not keys:
        return
    if isinstance(old, dict):
        assert isinstance(new, dict)
        assert old.keys() - {keys[0]} == new.keys() - {keys[0]}
        assert all(new[key] is old[key] for key in old if key != keys[0])
        if keys[0] in old and keys[0] in new:
            _assert_kept_beside(old[keys[0]], new[keys[0]], keys[1:], value)
    elif isinstance(old, list):
        assert isinstance(new, list)
        if len(new) == len(old):
            on_path = [keys[0] == ANY or int(keys[0]) == index for index in range(len(old))]
            assert all(new[i] is old[i] for i in range(len(old)) if not on_path[i])
        else:
            assert value is MISSING
            assert all(any(kept is each for each in old) for kept in new)
    else:
        pytest.fail(f"an edit replaced {old!r}, which is on the way and not an object")


@given(event=EVENTS, path=PLAIN, new=VALUES)
def test_what_was_set_is_got_wherever_it_can_be(event: Any, path: str, new: Any) -> None:
    result = edited(event, path, lambda _: new)

    if _has_place(event, path.split(".")):
        assert getter(path)(result) is new
    else:
        assert is_untouched(result, event)


def _has_place(container: Any, keys: list[str]) -> bool:
    """Whether the path can be followed through objects, existing or made, and list elements."""
    if isinstance(container, dict):
        key, rest = keys[0], keys[1:]
        return not rest or key not in container or _has_place(container[key], rest)
    if isinstance(container, list):
        found = keys[0].isdigit() and int(keys[0]) < len(container)
        return found and (len(keys) == 1 or _has_place(container[int(keys[0])], keys[1:]))
    return False


@given(event=EVENTS, path=PLAIN)
def test_what_was_removed_is_missing(event: Any, path: str) -> None:
    *above, _ = path.split(".")
    container = getter(".".join(above))(event) if above else event

    result = edited(event, path, lambda _: MISSING)

    if getter(path)(event) is MISSING:
        assert is_untouched(result, event)
    elif isinstance(container, list):  # the elements behind it move up
        assert len(getter(".".join(above))(result)) == len(container) - 1
    else:
        assert getter(path)(result) is MISSING


@given(event=EVENTS, path=PATHS, new=SCALARS)
def test_a_star_edits_what_it_finds(event: Any, path: str, new: Any) -> None:
    found: list[Any] = []

    def change(value: Any) -> Any:
        found.append(value)
        return value

    assert is_untouched(edited(event, path, change), event)
    if ANY in path.split("."):
        present = [value for value in found if value is not MISSING]
        assert present == ([] if getter(path)(event) is MISSING else getter(path)(event))
        result = edited(event, path, lambda old: old if old is MISSING else new)
        assert getter(path)(result) == ([new] * len(present) if present else MISSING)


STREETS: dict[str, Any] = {"user_data": {"address": [{"street": "A", "city": "B"}, "c", {}]}}


@pytest.mark.parametrize("makes", [True, False])
def test_a_name_applies_to_each_object_where_the_model_has_an_object_or_a_list(makes: bool) -> None:
    own = STREETS.copy()
    editor("user_data.address.street", lambda _: MISSING, makes=makes)(own)
    assert own == {"user_data": {"address": [{"city": "B"}, "c", {}]}}
    assert STREETS["user_data"]["address"][0]["street"] == "A"
    assert edited(STREETS, "user_data.address.0.street", lambda _: "C")["user_data"]["address"] == [
        {"street": "C", "city": "B"},
        "c",
        {},
    ]


def test_where_the_model_has_no_list_a_name_is_no_element() -> None:
    event = {"own": [{"a": 1}], "user_properties": {"x": [{"a": 1}]}}
    for path in ("own.a", "user_properties.x.a"):
        assert is_untouched(edited(event, path, lambda _: MISSING), event)


@pytest.mark.parametrize(
    ("path", "event", "expected"),
    [
        ("user_data.address.street", STREETS, ["A"]),
        ("user_data.address.street", {"user_data": {"address": {"street": "A"}}}, ["A"]),
        ("user_data.address.street", {"user_data": {"address": [{}]}}, MISSING),
        ("user_data.address.street", {}, MISSING),
        ("user_data.address.*.city", STREETS, ["B"]),
        ("items.*.price", ORDER, [5]),
    ],
)
def test_all_values_at_a_path(path: str, event: dict[str, Any], expected: Any) -> None:
    find = finder(path)
    assert find is not None
    assert find(event) == expected


@pytest.mark.parametrize(
    "path", ["value", "user_data.address", "user_data.address.0.street", "a.b"]
)
def test_paths_at_which_there_can_be_only_one_value(path: str) -> None:
    assert finder(path) is None


@pytest.mark.parametrize(
    ("path", "event", "expected"),
    [
        ("user_data.address.street", STREETS, "A"),
        ("user_data.address.street", {"user_data": {"address": {"street": "A"}}}, "A"),
        ("user_data.address.street", {"user_data": {"address": [{}, {"street": "B"}]}}, MISSING),
        ("user_data.address.street", {"user_data": {"address": []}}, MISSING),
        (
            "user_data.address.street",
            {"user_data": {"address": ["text", {"street": "A"}]}},
            MISSING,
        ),
        ("user_data.address.street", {"user_data": "text"}, MISSING),
        ("user_data.address.street", {}, MISSING),
        ("user_data.address.own.*", {"user_data": {"address": [{"own": [1, 2]}]}}, [1, 2]),
        ("user_data.address.1", STREETS, "c"),
        ("user_data.address.*.street", STREETS, ["A"]),
        ("user_data.address", STREETS, STREETS["user_data"]["address"]),
        ("own.street", {"own": [{"street": "A"}]}, MISSING),
    ],
)
def test_one_value_at_a_path(path: str, event: dict[str, Any], expected: Any) -> None:
    assert reader(path)(event) == expected


def test_one_value_is_read_where_the_model_has_an_object_or_a_list() -> None:
    assert place_of_list((*OBJECT_OR_LIST, "street")) == len(OBJECT_OR_LIST)
    outermost = [(name, "own") for name in known_names()]
    inner = [(name, each, "own") for name in known_names() for each in known_names(name)]
    places = {keys[:-1] for keys in [*outermost, *inner] if place_of_list(keys) is not None}
    assert places == {OBJECT_OR_LIST}
