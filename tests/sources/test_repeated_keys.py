"""JSON in which a key occurs twice in one object."""

import json
import math
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import read_event
from gateway.sources.reading import decode
from gateway.sources.repeated_keys import load_all_values
from gateway.sources.statements import MAX_STATEMENTS

IDS = [f"C{number:04}" for number in range(30)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": {"x": 1}, "a": {"y": 2}}', {"a": {"x": 1, "y": 2}}),
        (
            '{"a": {"x": 1}, "a": {"x": {"y": 2}}, "a": {"x": {"z": 3}}}',
            {"a": {"x": {"y": 2, "z": 3}}},
        ),
        ('{"a": {"x": 1}, "a": 2}', {"a": {"x": 1}}),
        ('{"a": {"consent": {"b": 0}}, "a": null}', {"a": {"consent": {"b": 0}}}),
        ('{"a": 2, "a": {"x": 1}}', {"a": {"x": 1}}),
        ('{"gcs": "G100", "gcs": "G111"}', {"gcs": ["G100", "G111"]}),
        ('{"gcs": "G100", "gcs": "G100"}', {"gcs": "G100"}),
        (
            '{"consent": {"ad_storage": "denied", "ad_storage": "granted"}}',
            {"consent": {"ad_storage": ["denied", "granted"]}},
        ),
        (
            '{"consent": {"ad_storage": "denied"}, "consent": {"ad_storage": "granted"}}',
            {"consent": {"ad_storage": ["denied", "granted"]}},
        ),
        (
            '{"consent": {"adStorage": "denied"}, "consent": "x", "consent": {"b": 1}}',
            {"consent": ["x", {"adStorage": "denied", "b": 1}]},
        ),
        (
            '{"consent": {"a": "denied"}, "consent": null, "consent": ["x"]}',
            {"consent": [None, "x", {"a": "denied"}]},
        ),
        (
            '{"context": {"consent": {"a": 1}}, "context": {"consent": {"a": 2}}}',
            {"context": {"consent": {"a": [1, 2]}}},
        ),
        (
            '[{"consent": {"a": {"x": 1, "x": 2}, "a": {"x": 3}}}]',
            [{"consent": {"a": {"x": [1, 2, 3]}}}],
        ),
        (
            '{"integrations": {"All": false, "All": true}, "integrations": {"a": 1}}',
            {"integrations": {"All": [False, True], "a": 1}},
        ),
        (
            json.dumps({"consentManagement": {"deniedConsentIds": IDS}}).replace(
                "{", '{"consentManagement": {"deniedConsentIds": ["x"]}, ', 1
            ),
            {"consentManagement": {"deniedConsentIds": ["x", *IDS]}},
        ),
    ],
)
def test_nothing_is_lost_that_is_stated_about_consent(text: str, value: Any) -> None:
    assert load_all_values(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"gcs": "G100", "gcs": "G111"}', {"gcs": ["G100", "G111"]}),
        (b'{"us_privacy":"1YYN","us_privacy":"1YNN"}', {"us_privacy": ["1YYN", "1YNN"]}),
        (
            b'{"consent":{"ad_storage":false,"ad_storage":true}}',
            {"consent": {"ad_storage": [False, True]}},
        ),
        (b'{"consent":0,"consent":1}', {"consent": [0, 1]}),
        (b'{"consent":0,"c\\u006fnsent":1}', {"consent": [0, 1]}),
        (b'{"a":"\\u0022\\u0022","gcs":0,"gcs":1}', {"a": '""', "gcs": [0, 1]}),
        (b'{"a":"\\\\u0022","gcs":0,"gcs":1}', {"a": "\\u0022", "gcs": [0, 1]}),
        (b'{"a":NaN,"gcs":0,"gcs":1}', {"a": math.nan, "gcs": [0, 1]}),
        (b'{"a":"\\u0000","gcs":0,"gcs":1}', {"a": "\ufffd", "gcs": [0, 1]}),
        (b'{"a":1e5,"a":1}', {"a": 1}),
    ],
)
def test_a_text_that_lost_a_pair_is_read_again(text: bytes, value: Any) -> None:
    assert repr(decode(text)) == repr(value)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":"denied","b":[1.5,"\\"",null]}',
        b'{ "a" : "denied", "b": 1e3 }',
        b'{"a":"\\u00e4\\/\\u0022"}',
        '{"a":"\u00e4\U0001f600"}'.encode(),
    ],
)
def test_a_text_without_repeated_keys_is_read_once(
    text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sources.reading.load_all_values", pytest.fail)
    assert decode(text) == orjson.loads(text)


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> bytes:
    return (opening * depth + '"denied"' + closing * depth).encode()


@pytest.mark.parametrize("depth", [100, 300, 900, 1_020, 5_000, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('{"a":"denied","a":', "}")]
)
def test_depth_is_read_or_refused(depth: int, opening: str, closing: str) -> None:
    text = nested(depth, opening, closing)
    for read in (decode, lambda text: load_all_values(text.decode())):
        try:
            assert read(text)
        except ValueError as error:
            assert str(error) in ("not JSON", "nested too deep")  # noqa: PT017


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", '{"a": nan}', '{"a": 1}}', "\0"])
def test_what_is_no_json_is_refused_in_words_that_repeat_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"\Anot JSON\Z"):
        load_all_values(text)


def test_many_values_of_one_key_are_bounded() -> None:
    pairs = ", ".join(f'"gcs": "G{number}"' for number in range(10_000))
    assert len(load_all_values(f"{{{pairs}}}")["gcs"]) == MAX_STATEMENTS


def test_depth_alone_is_no_reason_to_refuse() -> None:
    assert decode(nested(900)) == orjson.loads(nested(900))
    assert decode(b'{"consent":0,"consent":1,"a":' + nested(300) + b"}")["consent"] == [0, 1]


numbers = st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False))
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
names = st.one_of(st.sampled_from(["consent", "gcs", "ad_storage", "denied"]), texts)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.just("denied"), numbers, texts),
    lambda children: st.one_of(
        st.lists(children, max_size=4), st.dictionaries(names, children, max_size=4)
    ),
    max_leaves=20,
)


@given(documents)
def test_without_repeated_keys_it_reads_what_the_usual_parser_reads(document: Any) -> None:
    text = written(document)
    assert load_all_values(text) == orjson.loads(text) == decode(text.encode())


pairs_of_objects = st.recursive(
    st.one_of(st.sampled_from([None, False, True, 0, 1, "denied", '"', "\\"]), texts),
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.lists(st.tuples(names, children), max_size=5).map(tuple),
    ),
    max_leaves=20,
)


@given(pairs_of_objects, st.booleans())
def test_the_usual_reading_loses_no_pair(document: Any, escapes: bool) -> None:
    text = written(document)
    if escapes:
        text = re.sub(r"\\.", lambda escape: escape[0].replace('"', "u0022"), text)
    assert decode(text.encode()) == load_all_values(text)


def written(value: Any) -> str:
    """JSON of `value`; a tuple of pairs is an object whose keys may be repeated."""
    if isinstance(value, dict):
        value = tuple(value.items())
    if isinstance(value, tuple):
        pairs = (f"{written(name)}:{written(child)}" for name, child in value)
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return str(value) if type(value) is int else orjson.dumps(value).decode()


states = st.sampled_from(["granted", "", "denied", True, False, 1, 0, None])
consents = st.one_of(
    states,
    st.lists(st.tuples(st.sampled_from(["ad_storage", "adStorage", "x"]), states), max_size=3).map(
        tuple
    ),
)


@given(
    st.lists(st.tuples(st.just("consent"), consents), max_size=30),
    st.sampled_from(["denied", False, 0, "no"]),
    st.data(),
)
def test_a_denial_survives_wherever_it_stands(
    pairs: list[tuple[str, Any]], state: object, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(pairs)))
    denial = ("consent", (("ad_storage", state),))
    event = (("event_name", "a"), *pairs[:place], denial, *pairs[place:])
    read = read_event(decode(written(event).encode()))
    assert read["consent"]["ad_storage"] == "denied"
