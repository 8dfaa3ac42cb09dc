"""Rules: their actions, the order of everything, and who is told of what."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.paths import getter
from gateway.rules import Rule, Ruled, compile_rules

SHA256 = {
    "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",  # FIPS 180-4
    " ABC": "d5df6e8038a1d77c563600f51c8e2e50a2c0a936a9d2b75e6c4e46428a134965",
    "12": "6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918",
    "\ud800": "91a681b998555fb475479817b126c94e57e52011fa1842c5d188795a4a05226b",
}


def apply(event: dict[str, Any], *rules: dict[str, Any], salt: str | None = None) -> Ruled:
    return compile_rules([Rule.model_validate(rule) for rule in rules], salt)(event)


@pytest.mark.parametrize(
    ("rule", "event", "expected"),
    [
        ({"set": {"size": "large"}}, {}, {"size": "large"}),
        ({"set": {"size": "large"}}, {"size": 1}, {"size": "large"}),
        ({"set": {"a.b": 1, "c": [2]}}, {}, {"a": {"b": 1}, "c": [2]}),
        ({"set": {"a": None}}, {}, {"a": None}),
        ({"set": {"items.*.x": 1}}, {"items": [{}, {"x": 0}]}, {"items": [{"x": 1}, {"x": 1}]}),
        ({"rename": {"a": "b"}}, {"a": 1}, {"b": 1}),
        ({"rename": {"a": "b"}}, {"a": 1, "b": 2}, {"b": 1}),
        ({"rename": {"a": "b"}}, {"b": 2}, {"b": 2}),
        ({"rename": {"a": "b"}}, {"a": None}, {"b": None}),
        ({"rename": {"a.b": "c.d"}}, {"a": {"b": 1, "x": 2}}, {"a": {"x": 2}, "c": {"d": 1}}),
        ({"rename": {"a": "a.b"}}, {"a": 1}, {"a": {"b": 1}}),
        ({"rename": {"a.b": "a"}}, {"a": {"b": 1}}, {"a": 1}),
        ({"rename": {"a": "a"}}, {"a": 1}, {"a": 1}),
        ({"rename": {"a": "b.c"}}, {"a": 1, "b": "text"}, {"a": 1, "b": "text"}),  # not lost
        ({"rename": {"a": "b", "b": "c"}}, {"a": 1}, {"c": 1}),
        ({"remove": ["a", "nothing"]}, {"a": 1, "b": 2}, {"b": 2}),
        ({"remove": ["a.b"]}, {"a": {"b": 1}}, {"a": {}}),
        ({"remove": ["items.*.x"]}, {"items": [{"x": 1}, {"y": 2}]}, {"items": [{}, {"y": 2}]}),
        ({"hash": ["a"]}, {"a": "abc"}, {"a": SHA256["abc"]}),
        ({"hash": ["a"]}, {"a": " ABC"}, {"a": SHA256[" ABC"]}),  # the text as it stands
        ({"hash": ["a"]}, {"a": ""}, {"a": SHA256[""]}),
        ({"hash": ["a"]}, {"a": 12}, {"a": SHA256["12"]}),
        ({"hash": ["a"]}, {"a": "\ud800"}, {"a": SHA256["\ud800"]}),
        ({"hash": ["a"]}, {"a": ["abc", 12, None]}, {"a": [SHA256["abc"], SHA256["12"]]}),
        ({"hash": ["a.*"]}, {"a": ["abc", True]}, {"a": [SHA256["abc"]]}),
        ({"hash": ["a.b"]}, {"a": {"b": "abc"}}, {"a": {"b": SHA256["abc"]}}),
        ({"hash": ["a"]}, {"b": 1}, {"b": 1}),
        ({"hash": ["a", "b", "c"]}, {"a": True, "b": None, "c": {"d": "abc"}}, {}),
    ],
)
def test_an_action(rule: dict[str, Any], event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert apply(event, rule) == Ruled(expected, ("rule 1",))


@pytest.mark.parametrize(
    ("salt", "text", "expected"),
    [
        (  # RFC 4231, test case 2
            "Jefe",
            "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        ("key", "abc", "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"),
    ],
)
def test_a_salt_is_the_key_of_an_hmac(salt: str, text: str, expected: str) -> None:
    assert apply({"a": text}, {"hash": ["a"]}, salt=salt).event == {"a": expected}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("value", "12.5", 12.5),
        ("currency", "eur", "EUR"),
        ("transaction_id", 7, "7"),
        ("timestamp", "2026-01-01T00:00:00Z", 1_767_225_600.0),
        ("consent.ad_storage", False, "denied"),
        ("consent", {"ad_storage": True}, {"ad_storage": "granted"}),
        ("items.0.price", "5", 5),
        ("own", "12.5", "12.5"),
        ("own", None, None),
        ("own.nested", [True, 1], [True, 1]),
    ],
)
def test_what_a_rule_sets_has_the_type_that_it_has_in_events(
    path: str, value: Any, expected: Any
) -> None:
    event = apply({"items": [{}]}, {"set": {path: value}}).event
    assert repr(getter(path)(event)) == repr(expected)


def test_the_actions_of_a_rule_run_in_this_order() -> None:
    rule = {  # written the other way round
        "drop": True,
        "remove": ["set_and_removed"],
        "hash": ["hashed"],
        "set": {"hashed": "abc", "set_and_removed": 1, "renamed": "set"},
        "rename": {"old": "renamed"},
        "name": "all of it",
    }
    assert apply({"old": 1}, rule) == Ruled(
        {"renamed": "set", "hashed": SHA256["abc"]},
        ("all of it",),
        "dropped by rule 'all of it'",
    )


def test_each_rule_sees_what_the_one_before_left() -> None:
    ruled = apply(
        {"a": 1},
        {"name": "first", "when": {"a": 1}, "set": {"b": 2}},
        {"name": "second", "when": {"b": 2}, "remove": ["a"]},
        {"name": "third", "when": {"a": 1}, "set": {"c": 3}},
    )
    assert ruled == Ruled({"b": 2}, ("first", "second"))


def test_without_when_a_rule_always_applies() -> None:
    assert apply({}, {"set": {"a": 1}}, {"when": {}, "set": {"b": 2}}).event == {"a": 1, "b": 2}


def test_rules_without_a_name_have_a_number() -> None:
    rules: list[dict[str, Any]] = [
        {"when": {"a": 2}, "set": {"b": 2}},
        {"set": {"b": 1}},
        {"name": "three", "set": {"b": 3}},
    ]
    assert apply({"a": 1}, *rules).applied == ("rule 2", "three")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"drop": True}, "dropped by rule 'rule 1'"),
        ({"name": "stop", "drop": True}, "dropped by rule 'stop'"),
        (
            {"name": "stop", "when": {"a": [1, 2], "not": {"b": 1}}, "drop": True},
            "dropped by rule 'stop': a in [1, 2] and not (b equals 1)",
        ),
    ],
)
def test_drop_ends_the_event_and_says_why(rule: dict[str, Any], reason: str) -> None:
    later = {"name": "later", "set": {"never": True}}
    ruled = apply({"a": 1}, rule, later)
    assert ruled == Ruled({"a": 1}, (rule.get("name", "rule 1"),), reason)


def test_a_rule_that_is_not_met_does_nothing() -> None:
    event = {"a": 1}
    ruled = apply(event, {"when": {"a": 2}, "set": {"b": 1}, "remove": ["a"], "drop": True})
    assert ruled == Ruled(event)
    assert ruled.event is event


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "a rule needs an action: rename, set, hash, remove or drop"),
        ({"name": "x", "when": {"a": 1}}, "a rule needs an action"),
        ({"drop": False}, "a rule needs an action"),
        ({"set": {}, "remove": []}, "a rule needs an action"),
        ({"rename": {"items.*.a": "b"}}, "rename moves one field"),
        ({"rename": {"a": "items.*.b"}}, "rename moves one field"),
        ({"st": {"a": 1}}, "Extra inputs are not permitted"),
        ({"hash": "a"}, "valid list"),
        ({"set": ["a"]}, "valid dictionary"),
        ({"set": {"value": "much"}}, "value: Input should be a valid"),
        ({"set": {"consent": "granted"}}, "consent: Input should be a valid dictionary"),
        ({"set": {"consent.ad_storage": "maybe"}}, "consent.ad_storage: Input should be 'granted'"),
        ({"set": {"user_data": ["jo@example.com"]}}, "user_data: Input should be a valid dict"),
        ({"set": {"event_name": ""}}, "event_name: String should have at least 1 character"),
        ({"remove": ["event_name"]}, "every event needs its event_name"),
        ({"remove": ["a", "event_id"]}, "every event needs its event_id"),
        ({"rename": {"timestamp": "sent_at"}}, "every event needs its timestamp"),
        ({"rename": {"sent_at": "timestamp"}}, "timestamp cannot be just any text"),
        ({"hash": ["timestamp"]}, "timestamp cannot be just any text"),
        ({"hash": ["consent"]}, "consent cannot be just any text"),
    ],
)
def test_mistakes(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Rule.model_validate(rule)
    assert message in str(caught.value)


PATHS = st.sampled_from(["a", "b", "a.b", "a.*", "a.*.b", "a.0", "b.a", "c"])
PLAIN = st.sampled_from(["a", "b", "a.b", "a.0", "b.a", "c"])
SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x", "\ud800"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=6,
)
EVENTS = st.dictionaries(st.sampled_from("abc"), VALUES)
RULES = st.fixed_dictionaries(
    {"set": st.dictionaries(PATHS, VALUES, min_size=1, max_size=2)},
    optional={
        "when": st.dictionaries(PATHS, st.sampled_from(["x", 1, True]), max_size=2),
        "rename": st.dictionaries(PLAIN, PLAIN, max_size=2),
        "hash": st.lists(PATHS, max_size=2),
        "remove": st.lists(PATHS, max_size=2),
        "drop": st.booleans(),
    },
)


@given(event=EVENTS, rules=st.lists(RULES, max_size=4), salt=st.none() | st.just("key"))
@settings(max_examples=100, deadline=None)
def test_rules_never_raise_and_never_change_their_input(
    event: dict[str, Any], rules: list[dict[str, Any]], salt: str | None
) -> None:
    before = copy.deepcopy((event, rules))
    function = compile_rules([Rule.model_validate(rule) for rule in rules], salt)

    ruled = function(event)

    assert (event, rules) == before
    assert function(event) == ruled
    if not ruled.applied:
        assert ruled.event is event


@given(value=VALUES)
@settings(max_examples=100, deadline=None)
def test_nothing_readable_is_left_where_a_rule_hashed(value: Any) -> None:
    hashed = apply({"a": value}, {"hash": ["a"]}).event
    assert all(_is_digest(scalar) for scalar in _scalars(hashed.get("a", [])))


def _scalars(value: Any) -> list[Any]:
    return [s for each in value for s in _scalars(each)] if isinstance(value, list) else [value]


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
