"""JSON in which a key occurs twice in one object."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import read_event
from gateway.sources.reading import decode
from gateway.sources.repeated_keys import load_all_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": {"x": 1}, "a": {"y": 2}}', {"a": {"x": 1, "y": 2}}),
        (
            '{"a": {"x": 1}, "a": {"x": {"y": 2}}, "a": {"x": {"z": 3}}}',
            {"a": {"x": {"y": 2, "z": 3}}},
        ),
        ('{"a": {"x": 1}, "a": 2}', {"a": 2}),
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
    ],
)
def test_nothing_is_lost_that_is_stated_about_consent(text: str, value: Any) -> None:
    assert load_all_values(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"gcs": "G100", "gcs": "G111"}', {"gcs": "G111"}),
        (
            b'{"a": "denied", "a": "b", "gcs": "G100", "gcs": "G111"}',
            {"a": "b", "gcs": ["G100", "G111"]},
        ),
        (
            b'{"a": "DENIED", "a": "b", "gcs": "G100", "gcs": "G111"}',
            {"a": "b", "gcs": ["G100", "G111"]},
        ),
        (b'{"a": "denied", "gcs": "G100", "gcs": "G111"}', {"a": "denied", "gcs": "G111"}),
    ],
)
def test_only_a_text_that_denies_more_than_its_value_is_read_again(text: bytes, value: Any) -> None:
    assert decode(text) == value


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
    assert len(load_all_values(f"{{{pairs}}}")["gcs"]) <= 20


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


states = st.sampled_from(["granted", "", "denied", True, False, 1, None])
consents = st.one_of(
    states,
    st.lists(st.tuples(st.sampled_from(["ad_storage", "adStorage", "x"]), states), max_size=3).map(
        tuple
    ),
)


@given(st.lists(st.tuples(st.just("consent"), consents), max_size=15), st.data())
def test_a_denial_survives_wherever_it_stands(
    pairs: list[tuple[str, Any]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(pairs)))
    denial = ("consent", (("ad_storage", "denied"),))
    event = (("event_name", "a"), *pairs[:place], denial, *pairs[place:])
    read = read_event(decode(written(event).encode()))
    assert read["consent"]["ad_storage"] == "denied"
