"""Rules: their actions, the order of these, and messages about mistakes."""

import copy
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.event.paths import getter
from gateway.stages.rules import Rule, Ruled, compile_rules
from gateway.stages.rules.denials import ONLY_DENY

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
        ({"rename": {"sent": "timestamp"}}, {"sent": "5.5"}, {"timestamp": 5.5}),
        ({"rename": {"sent": "timestamp"}}, {"sent": "soon"}, {"sent": "soon"}),
        ({"rename": {"a": "items.0.price"}}, {"a": 1}, {"a": 1}),  # no list is created
        (
            {"rename": {"page_location.query.e": "user_data.email_address"}},
            {"page_location": "/x?e=jo%40x.example&f=1"},
            {"page_location": "/x?f=1", "user_data": {"email_address": "jo@x.example"}},
        ),
        ({"rename": {"a": "b.query.c"}}, {"a": 1, "b": "/x"}, {"b": "/x?c=1"}),
        ({"rename": {"a": "b.host"}}, {"a": 1, "b": "//x/"}, {"a": 1, "b": "//x/"}),
        ({"remove": ["a", "nothing"]}, {"a": 1, "b": 2}, {"b": 2}),
        ({"remove": ["a.query.b"]}, {"a": "/x?b=1&c=2"}, {"a": "/x?c=2"}),
        ({"remove": ["a.b"]}, {"a": {"b": 1}}, {"a": {}}),
        ({"remove": ["items.*.x"]}, {"items": [{"x": 1}, {"y": 2}]}, {"items": [{}, {"y": 2}]}),
        ({"hash": ["a"]}, {"a": "abc"}, {"a": SHA256["abc"]}),
        ({"hash": ["a"]}, {"a": " ABC"}, {"a": SHA256[" ABC"]}),  # not normalised
        ({"hash": ["a"]}, {"a": ""}, {"a": SHA256[""]}),
        ({"hash": ["a"]}, {"a": 12}, {"a": SHA256["12"]}),
        ({"hash": ["a"]}, {"a": "\ud800"}, {"a": SHA256["\ud800"]}),
        ({"hash": ["a"]}, {"a": ["abc", 12, None]}, {"a": [SHA256["abc"], SHA256["12"]]}),
        ({"hash": ["a.*"]}, {"a": ["abc", True]}, {"a": [SHA256["abc"]]}),
        ({"hash": ["a.b"]}, {"a": {"b": "abc"}}, {"a": {"b": SHA256["abc"]}}),
        ({"hash": ["a"]}, {"b": 1}, {"b": 1}),
        (
            {"hash": ["page_location.query.e"]},
            {"page_location": "/?e=ab%63"},
            {"page_location": f"/?e={SHA256['abc']}"},
        ),
        ({"hash": ["a", "b", "c"]}, {"a": True, "b": None, "c": {"d": "abc"}}, {}),
    ],
)
def test_an_action(rule: dict[str, Any], event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert apply(event, rule) == Ruled(expected, ("rule 1",))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"field": "b"}, 5),
        ({"field": "c.d"}, [1]),
        ({"field": "items.*.item_id"}, ["A", "B"]),
        ({"field": "link.query.q"}, "x y"),
        ({"field": "nothing"}, "old"),
        ({"template": "{b}-{items.0.item_id}"}, "5-A"),
        ({"template": "{half}, {whole}, {yes}"}, "0.5, 2, true"),
        ({"template": "{{{b}}}"}, "{5}"),
        ({"template": "no field"}, "no field"),
        ({"template": ""}, ""),
        ({"template": "{link.host}{link.path}"}, "x.example/p"),
        ({"template": "{b}{nothing}"}, "old"),
        ({"template": "{c}"}, "old"),  # an object
        ({"template": "{nan}"}, "old"),
        ({"literal": {"template": "{b}"}}, {"template": "{b}"}),
        ({"literal": 5}, 5),
        ({"literal": {"own": "b"}}, {"own": "b"}),
    ],
)
def test_what_a_field_can_be_set_to(value: Any, expected: Any) -> None:
    event = {"a": "old", "b": 5, "c": {"d": [1]}, "items": [{"item_id": "A"}, {"item_id": "B"}]}
    event |= {"half": 0.5, "whole": 2.0, "yes": True, "nan": float("nan")}
    event |= {"link": "https://x.example/p?q=x+y"}
    assert apply(event, {"set": {"a": value}}).event == {**event, "a": expected}


@pytest.mark.parametrize(
    ("path", "found", "expected"),
    [
        ("value", "12.5", 12.5),
        ("value", "much", 1),
        ("value", [5], 1),
        ("currency", "usd", "USD"),
        ("currency", "dollars", "EUR"),
        ("page_location.query.q", 5, "5"),
        ("page_location.query.q", {"a": 1}, "old"),
        ("page_location.query.q", "x" * 20_000, "old"),  # longer than any text may be
        ("event_name", "", "buy"),
        ("user_data", "jo", {}),
        ("user_data", {"email_address": 1}, {"email_address": "1"}),
    ],
)
def test_a_known_field_keeps_its_type(path: str, found: Any, expected: Any) -> None:
    event = {"event_name": "buy", "value": 1, "currency": "EUR", "user_data": {}, "found": found}
    event |= {"page_location": "/?q=old"}
    for rule in ({"set": {path: {"field": "found"}}}, {"rename": {"found": path}}):
        assert repr(getter(path)(apply(event, rule).event)) == repr(expected)


@pytest.mark.parametrize(
    ("rule", "event", "expected"),
    [
        ({"map": {"a": {"x": "y"}}}, {"a": "x"}, {"a": "y"}),
        ({"map": {"a": {"x": "y"}}}, {"a": "z"}, {"a": "z"}),
        ({"map": {"a": {"x": "y"}}}, {}, {}),
        ({"map": {"a": {"x": "y", "*": "other"}}}, {"a": "z"}, {"a": "other"}),
        ({"map": {"a": {"x": "y", "*": "other"}}}, {"a": None}, {"a": None}),
        ({"map": {"a": {"*": "other"}}}, {"b": 1}, {"b": 1}),
        ({"map": {"a": {"5": [1], "true": None}}}, {"a": 5.0}, {"a": [1]}),
        ({"map": {"a": {"True": "yes"}}}, {"a": True}, {"a": "yes"}),
        ({"map": {"a.*": {"1": 2}}}, {"a": [1, "1", 3]}, {"a": [2, 2, 3]}),
        ({"map": {"value": {"1": "2.5"}}}, {"value": 1}, {"value": 2.5}),
        ({"map": {"a.query.b": {"1": 2}}}, {"a": "/?b=1"}, {"a": "/?b=2"}),
        ({"cast": {"a": "number"}}, {"a": " 12.50 "}, {"a": 12.5}),
        ({"cast": {"a": "number"}}, {"a": "1e3"}, {"a": 1000}),
        ({"cast": {"a": "number"}}, {"a": "12,5"}, {"a": "12,5"}),
        ({"cast": {"a": "number"}}, {"a": "1_000"}, {"a": "1_000"}),
        ({"cast": {"a": "number"}}, {"a": "nan"}, {"a": "nan"}),
        ({"cast": {"a": "number"}}, {"a": "1e999"}, {"a": "1e999"}),
        ({"cast": {"a": "number"}}, {"a": True}, {"a": 1}),
        ({"cast": {"a": "integer"}}, {"a": "12.9"}, {"a": 12}),
        ({"cast": {"a": "integer"}}, {"a": -12.9}, {"a": -12}),
        ({"cast": {"a": "integer"}}, {"a": 1e300}, {"a": 1e300}),
        ({"cast": {"a": "integer"}}, {"a": [1.5]}, {"a": [1.5]}),
        ({"cast": {"a": "boolean"}}, {"a": "Yes"}, {"a": True}),
        ({"cast": {"a": "boolean"}}, {"a": 0}, {"a": False}),
        ({"cast": {"a": "boolean"}}, {"a": "perhaps"}, {"a": "perhaps"}),
        ({"cast": {"a": "text"}}, {"a": 5.0}, {"a": "5"}),
        ({"cast": {"a": "text"}}, {"a": False}, {"a": "false"}),
        ({"cast": {"a": "text"}}, {"a": {}}, {"a": {}}),
        ({"round": {"a": 2}}, {"a": 2.675}, {"a": 2.68}),  # as written, not as stored in binary
        ({"round": {"a": 2}}, {"a": -2.675}, {"a": -2.68}),
        ({"round": {"a": 2}}, {"a": 5}, {"a": 5}),
        ({"round": {"a": 2}}, {"a": -0.001}, {"a": 0.0}),
        ({"round": {"a": 0}}, {"a": 0.5}, {"a": 1}),
        ({"round": {"a": -2}}, {"a": 1250}, {"a": 1300}),
        ({"round": {"a": 2}}, {"a": "1.234"}, {"a": "1.234"}),
        ({"round": {"a": 2}}, {"a": True}, {"a": True}),
        ({"round": {"a": 2}}, {"a": 1e300}, {"a": 1e300}),
        (
            {"round": {"items.*.price": 1}},
            {"items": [{"price": 1.25}]},
            {"items": [{"price": 1.3}]},
        ),
        ({"lower": ["a", "b"]}, {"a": "ÄB", "b": ["A", 1]}, {"a": "äb", "b": ["a", 1]}),
        ({"lower": ["a.query.b"]}, {"a": "/P?b=X"}, {"a": "/P?b=x"}),
        (
            {"truncate": {"a": 2, "b": 1}},
            {"a": "äöü", "b": ["xy", 10]},
            {"a": "äö", "b": ["x", 10]},
        ),
        ({"truncate": {"currency": 2}}, {"currency": "EUR"}, {"currency": "EUR"}),
        ({"truncate": {"client_id": 2}}, {"client_id": "a b"}, {"client_id": "a"}),
        (
            {"keep_only": ["a.b", "items.*.item_id", "items.0.price", "l.1"]},
            {
                "event_name": "x",
                "event_id": "1",
                "timestamp": 1.0,
                "consent": {"ad_storage": "denied"},
                "a": {"b": 1, "c": 2},
                "b": 3,
                "items": [{"item_id": "A", "price": 1, "own": 1}, {"item_id": "B", "price": 2}],
                "l": [1, 2, 3],
            },
            {
                "event_name": "x",
                "event_id": "1",
                "timestamp": 1.0,
                "consent": {"ad_storage": "denied"},
                "a": {"b": 1},
                "items": [{"item_id": "A", "price": 1}, {"item_id": "B"}],
                "l": [2],
            },
        ),
        ({"keep_only": ["a.b"]}, {"a": "text"}, {}),
        ({"keep_only": ["a.*"]}, {"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}),
        ({"keep_only": ["a", "a.b"]}, {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"keep_only": ["a.b", "a"]}, {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 2}}),
        (
            {"keep_only": ["page_location.query.utm_source", "page_location.query.x.y"]},
            {"page_location": "/p?utm_source=a&e=jo&x.y=1#f"},
            {"page_location": "/p?utm_source=a&x.y=1"},
        ),
        (
            {"keep_only": ["page_location.query", "page_referrer.fragment"]},
            {"page_location": "/p?a=1#f", "page_referrer": "/p?a=1#f"},
            {"page_location": "/p?a=1", "page_referrer": "/p#f"},
        ),
    ],
)
def test_more_actions(
    rule: dict[str, Any], event: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = copy.deepcopy(event)
    assert repr(apply(event, rule).event) == repr(expected)
    assert repr(event) == repr(before)


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
    rule = {  # written in reverse order
        "drop": True,
        "keep_only": ["renamed", "hashed", "cut", "mail"],
        "remove": ["set_and_removed"],
        "hash": ["hashed"],
        "redact": {"patterns": ["email"]},
        "truncate": {"cut": 3, "mail": 12},
        "lower": ["hashed"],
        "round": {"cut": 1},
        "cast": {"cut": "number"},
        "map": {"cut": {"cut me": "1.25"}},
        "set": {
            "hashed": "ABC",
            "set_and_removed": 1,
            "renamed": "set",
            "cut": "cut me",
            "mail": "jo@x.example",
        },
        "rename": {"old": "renamed"},
        "sample": {"share": 1},
        "name": "all of it",
    }
    assert apply({"old": 1}, rule) == Ruled(
        {"renamed": "set", "hashed": SHA256["abc"], "cut": 1.3, "mail": "[email]"},
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
    assert apply({}, {"set": {"a": 1}}, {"set": {"b": 2}}).event == {"a": 1, "b": 2}


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
            "dropped by rule 'stop': a is 1 or 2, and b is not 1",
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
        (
            {},
            "a rule needs an action: sample, rename, set, map, cast, round, lower, truncate, "
            "transform, redact, hash, remove, keep_only or drop",
        ),
        ({"name": "x", "when": {"a": 1}}, "a rule needs an action"),
        ({"drop": False}, "a rule needs an action"),
        ({"set": {}, "remove": []}, "a rule needs an action"),
        ({"rename": {"items.*.a": "b"}}, "rename moves a single field"),
        ({"rename": {"a": "items.*.b"}}, "rename moves a single field"),
        ({"st": {"a": 1}}, "Extra inputs are not permitted"),
        ({"hash": "a"}, "valid list"),
        ({"when": None, "drop": True}, "is empty, so every event meets it; write a condition"),
        ({"when": {}, "drop": True}, "is empty, so every event meets it; write a condition"),
        ({"set": ["a"]}, "valid dictionary"),
        ({"set": {"value": "much"}}, "value: Input should be a valid"),
        ({"set": {"consent": "granted"}}, "consent: Input should be a valid dictionary"),
        ({"set": {"consent.ad_storage": "maybe"}}, "consent.ad_storage: Input should be 'granted'"),
        ({"set": {"user_data": ["jo@example.com"]}}, "user_data: Input should be a valid dict"),
        ({"set": {"event_name": ""}}, "event_name: String should have at least 1 character"),
        ({"remove": ["event_name"]}, "event_name is required in every event"),
        ({"remove": ["a", "event_id"]}, "event_id is required in every event"),
        ({"rename": {"timestamp": "sent_at"}}, "timestamp is required in every event"),
        (
            {"rename": {"consent.ad_store": "a"}},
            "consent has no ad_store; did you mean 'ad_storage'",
        ),
        ({"rename": {"a": "page_location.host"}}, "page_location.host is read-only"),
        ({"hash": ["timestamp"]}, "timestamp cannot hold arbitrary text"),
        ({"rename": {"my": "consent"}}, f"consent: {ONLY_DENY}"),
        ({"rename": {"my": "consent.ad_storage"}}, f"consent.ad_storage: {ONLY_DENY}"),
        ({"rename": {"consent.ad_storage": "my"}}, f"consent.ad_storage: {ONLY_DENY}"),
        ({"set": {"consent.ad_storage": "granted"}}, f"consent.ad_storage: {ONLY_DENY}"),
        ({"set": {"consent.ad_storage": {"field": "a"}}}, f"consent.ad_storage: {ONLY_DENY}"),
        ({"set": {"consent.ad_storage": {"template": "{a}"}}}, f"consent.ad_storage: {ONLY_DENY}"),
        ({"set": {"consent": {"literal": {"ad_storage": "denied"}}}}, f"consent: {ONLY_DENY}"),
        ({"set": {"consent.*": "denied"}}, "consent is an object, and * is for the elements of"),
        ({"hash": ["consent.*"]}, "consent is an object, and * is for the elements of a list"),
        (
            {"remove": ["user_data.*"]},
            "user_data is an object, and * is for the elements of a list",
        ),
        ({"keep_only": ["*"]}, "an event is an object, and * is for the elements of a list"),
        (
            {"map": {"consent.ad_storage": {"denied": "granted"}}},
            f"consent.ad_storage: {ONLY_DENY}",
        ),
        ({"cast": {"consent.ad_storage": "text"}}, f"consent.ad_storage: {ONLY_DENY}"),
        ({"remove": ["consent"]}, f"consent: {ONLY_DENY}"),
        ({"remove": ["consent.ad_storage"]}, f"consent.ad_storage: {ONLY_DENY}"),
        ({"hash": ["consent"]}, "consent cannot hold arbitrary text"),
        ({"hash": ["consent.ad_storage"]}, "consent.ad_storage cannot hold arbitrary text"),
        ({"hash": ["value"]}, "value cannot hold arbitrary text"),
        ({"hash": ["items.*.price"]}, "items.*.price cannot hold arbitrary text"),
        ({"hash": ["items.price"]}, "write items.*.price for each element"),
        ({"when": {"items.price": 1}, "drop": True}, "write items.*.price for each element"),
        ({"set": {"items.price": 1}}, "write items.*.price for each element"),
        ({"set": {"items.*.price": "much"}}, "price: Input should be a valid"),
        (
            {"set": {"a": {"feild": "b"}}},
            "a: unknown key 'feild'; did you mean 'field'? To set an object, write `{literal: ",
        ),
        (
            {"set": {"a": {"templte": "{b}"}}},
            "a: unknown key 'templte'; did you mean 'template'? To set an object, write",
        ),
        ({"set": {"a": {"x": 1}}}, "a: unknown key 'x'; to set an object, write `{literal: ...}`"),
        ({"set": {"a": {"field": "b", "x": 1}}}, "a: unknown key 'x'; to set an object, write"),
        ({"set": {"a": {}}}, "a: needs one of literal, field, template; to set an object, write"),
        (
            {"set": {"a": {"event_name": None}}},
            'a: put templates in quotes: `{template: "{event_name}"}`',
        ),
        ({"set": {"a": {"template": {"b": None}}}}, "a: put templates in quotes"),
        (
            {"set": {"items.*.total": {"field": "items.*.price"}}},
            "items.*.total: each element would get the list of all values of items.*.price",
        ),
        ({"set": {"value": None}}, "value cannot be null"),
        ({"set": {"a": {"template": "{b"}}}, "a template needs a path between each { and }"),
        ({"set": {"a": {"template": "{}"}}}, "'' is not a path"),
        ({"set": {"a": {"template": "{b:.2f}"}}}, "a template inserts fields as they are"),
        ({"set": {"a": {"template": "{b!r}"}}}, "a template inserts fields as they are"),
        ({"set": {"a": {"template": "{items.*.price}"}}}, "items.*.price contains *"),
        ({"set": {"a": {"template": "{items.price}"}}}, "write items.*.price"),
        ({"set": {"a": {"template": 5}}}, "a: template is a text"),
        ({"set": {"a": {"field": {"b": 1}}}}, "a: field is a text"),
        ({"set": {"a": {"field": "value.b"}}}, "value is a number and has no fields"),
        ({"set": {"page_location.path": "/"}}, "is read-only"),
        ({"map": {"value": {"a": "much"}}}, "value: Input should be a valid"),
        ({"map": {"a": "b"}}, "valid dictionary"),
        ({"cast": {"a": "float"}}, "Input should be 'text', 'number', 'integer' or 'boolean'"),
        ({"cast": {"value": "text"}}, "value has a fixed type and cannot be converted to text"),
        ({"cast": {"page_title": "number"}}, "page_title has a fixed type"),
        ({"cast": {"page_location.query.a": "number"}}, "page_location.query.a has a fixed type"),
        ({"round": {"page_title": 1}}, "page_title never contains a number"),
        ({"round": {"a": 11}}, "less than or equal to 10"),
        ({"lower": ["value"]}, "value never contains a string"),
        ({"truncate": {"value": 5}}, "value never contains a string"),
        ({"truncate": {"a": 0}}, "greater than or equal to 1"),
        ({"sample": {"share": 2}}, "less than or equal to 1"),
        ({"sample": {"share": 1, "by": "email"}}, "'client_id', 'user_id' or 'event_id'"),
        ({"redact": {}}, "redact needs patterns or query_parameters"),
        ({"redact": {"query_parameters": ["?token"]}}, "`?` is in no name of a parameter"),
        ({"redact": {"query_parameters": ["token="]}}, "`=` is in no name of a parameter"),
        ({"redact": {"query_parameters": ["utm_*"]}}, "`*` is in no name of a parameter"),
        ({"redact": {"query_parameters": ["token "]}}, "without spaces around them: 'token'"),
        ({"redact": {"query_parameters": ["x%5Bid%5D"]}}, "once decoded, without spaces"),
        ({"redact": {"patterns": ["mail"]}}, "Input should be 'email', 'phone', 'card' or 'token'"),
        ({"redact": {"fields": ["items.price"], "patterns": ["card"]}}, "write items.*.price"),
        ({"keep_only": ["consent.x"]}, "consent has no x"),
        ({"keep_only": ["page_location.path"]}, "is read-only"),
        ({"transform": "nothing"}, "write it as package.module:function"),
    ],
)
def test_mistakes(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Rule.model_validate(rule)
    assert message in str(caught.value)


TWO = [{"street": "Am Hof", "city": "Bonn"}, {"city": "Wien"}]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"remove": ["user_data.address.street"]}, [{"city": "Bonn"}, {"city": "Wien"}]),
        ({"remove": ["user_data.address.0.street"]}, [{"city": "Bonn"}, {"city": "Wien"}]),
        ({"set": {"user_data.address.city": "X"}}, [{**TWO[0], "city": "X"}, {"city": "X"}]),
        (
            {"set": {"user_data.address.city": {"field": "event_name"}}},
            [{**TWO[0], "city": "buy"}, {"city": "buy"}],
        ),
        (
            {"hash": ["user_data.address.street"]},
            [{**TWO[0], "street": hashlib.sha256(b"Am Hof").hexdigest()}, {"city": "Wien"}],
        ),
        (
            {"redact": {"query_parameters": ["a"], "fields": ["user_data.address.note"]}},
            TWO,
        ),
        (
            {"set": {"user_data.address.town": {"field": "user_data.address.city"}}},
            [{**TWO[0], "town": "Bonn"}, {"city": "Wien", "town": "Wien"}],
        ),
        (
            {
                "set": {
                    "user_data.address.line": {
                        "template": "{event_name} {user_data.address.street}"
                    }
                }
            },
            [{**TWO[0], "line": "buy Am Hof"}, {"city": "Wien"}],
        ),
        ({"lower": ["user_data.address.city"]}, [{**TWO[0], "city": "bonn"}, {"city": "wien"}]),
        (
            {"map": {"user_data.address.city": {"Wien": "Vienna"}}},
            [TWO[0], {"city": "Vienna"}],
        ),
        ({"cast": {"user_data.address.city": "text"}}, TWO),
        ({"keep_only": ["user_data.address.city"]}, [{"city": "Bonn"}, {"city": "Wien"}]),
        (
            {"rename": {"user_data.address.street": "user_data.address.road"}},
            [{"city": "Bonn", "road": "Am Hof"}, {"city": "Wien"}],
        ),
        (
            {"rename": {"user_data.address.city": "user_data.address.place.name"}},
            [{"street": "Am Hof", "place": {"name": "Bonn"}}, {"place": {"name": "Wien"}}],
        ),
        (
            {"when": {"user_data.address.city": "Wien"}, "remove": ["user_data.address"]},
            None,
        ),
        (
            {"when": {"user_data.address.region": {"exists": False}}, "set": {"a": 1}},
            TWO,
        ),
    ],
)
def test_a_name_applies_to_each_address(rule: dict[str, Any], expected: Any) -> None:
    event = {"event_name": "buy", "user_data": {"address": TWO}}
    ruled = apply(event, rule)
    assert ruled.event["user_data"].get("address") == expected
    assert ruled.applied == ("rule 1",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"field": "user_data.address.city"}, "Bonn"),
        ({"field": "user_data.address.1.city"}, "Wien"),
        ({"field": "user_data.address.*.city"}, ["Bonn", "Wien"]),
        ({"field": "user_data.address"}, TWO),
        ({"field": "user_data.address.tags.*"}, None),
        ({"template": "{user_data.address.street}, {user_data.address.city}"}, "Am Hof, Bonn"),
    ],
)
def test_one_value_is_that_of_the_first_address(value: dict[str, str], expected: Any) -> None:
    event = {"event_name": "buy", "user_data": {"address": TWO}}
    assert apply(event, {"set": {"a": value}}).event.get("a") == expected


@pytest.mark.parametrize(
    ("rename", "words"),
    [
        (
            {"user_data.address.street": "street"},
            "user_data.address.street was not renamed: user_data.address is a list, and street is "
            "not in its elements",
        ),
        (
            {"user_data.address.own": "user_data.address.city"},
            "user_data.address.own was not renamed: a value has the wrong type for "
            "user_data.address.city",
        ),
    ],
)
def test_what_cannot_be_renamed_in_a_list_stays(rename: dict[str, str], words: str) -> None:
    event = {"user_data": {"address": [{"street": "A", "own": {"a": 1}}]}}
    ruled = apply(event, {"rename": rename})
    assert ruled.event == event
    assert ruled.trace == (f"rule 1: met; {words}",)


PATHS = st.sampled_from(["a", "b", "a.b", "a.*", "a.*.b", "a.0", "b.a", "c"])
PLAIN = st.sampled_from(["a", "b", "a.b", "a.0", "b.a", "c"])
SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x"])


def _nested(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
        ),
        max_leaves=6,
    )


LITERALS = _nested(SCALARS).map(
    lambda value: {"literal": value} if isinstance(value, dict) else value
)
VALUES = _nested(SCALARS | st.just("\ud800"))
EVENTS = st.dictionaries(st.sampled_from("abc"), VALUES)
RULES = st.fixed_dictionaries(
    {"set": st.dictionaries(PATHS, LITERALS, min_size=1, max_size=2)},
    optional={
        "when": st.dictionaries(PATHS, st.sampled_from(["x", 1, True]), min_size=1, max_size=2),
        "rename": st.dictionaries(PLAIN, PLAIN, max_size=2),
        "hash": st.lists(PATHS, max_size=2),
        "keep_only": st.lists(PATHS, max_size=2),
        "remove": st.lists(PATHS, max_size=2),
        "drop": st.booleans(),
    },
)


@given(event=EVENTS, rules=st.lists(RULES, max_size=4), salt=st.none() | st.just("key"))
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
def test_nothing_readable_is_left_where_a_rule_hashed(value: Any) -> None:
    hashed = apply({"a": value}, {"hash": ["a"]}).event
    assert all(_is_digest(scalar) for scalar in _scalars(hashed.get("a", [])))


def _scalars(value: Any) -> list[Any]:
    return [s for each in value for s in _scalars(each)] if isinstance(value, list) else [value]


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
