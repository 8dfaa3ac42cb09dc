"""JSON that is almost right: one bad character costs one character."""

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.lenient_json import MAX_DEPTH, load_leniently, mend_json
from gateway.sources.reading import decode


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'["\ud83d", 1]', ["�", 1]),
        (rb'["a\ud83dz"]', ["a�z"]),
        (rb'["\ude00"]', ["�"]),
        (rb'["\uD83D\uD83D\uDE00"]', ["�😀"]),
        (rb'["\ud83d\ude00\ude00"]', ["😀�"]),
        (rb'["\ude00\ud83d"]', ["��"]),
        (rb'["\ud83d\u0041"]', ["�A"]),
        (rb'["\\ud83d", "\ud83d"]', ["\\ud83d", "�"]),
        (rb'["\\\ud83d\\ude00"]', ["\\�\\ude00"]),
        (rb'["\ud83d\\\ude00"]', ["�\\�"]),
        (rb'{"\ud83d": 1, "a": 2}', {"�": 1, "a": 2}),
        (rb'["\u0000"]', ["�"]),
        (rb'["\\u0000\u0000\\\u0000"]', ["\\u0000�\\�"]),
        (b'["\0"]', ["�"]),
        (b'["a\xff\xfez"]', ["a��z"]),
        (b'["\xf0\x9f\x94"]', ["�"]),
        (b'["\xe2", 1]', ["�", 1]),
        (b'["a\nb\tc\x01"]', ["a\nb\tc\x01"]),
        (b'\xef\xbb\xbf["a"]', ["a"]),
        (rb'["\ud83d", 18446744073709551616, 1e400]', ["�", 18446744073709551616.0, math.inf]),
    ],
)
def test_one_bad_character_costs_one_character(text: bytes, value: Any) -> None:
    read = decode(text)
    assert read == value
    assert [type(each) for each in read] == [type(each) for each in value]


def test_numbers_that_are_not_finite_are_floats() -> None:
    nan, *others = decode(b"[NaN, Infinity, -Infinity, 1e999, " + b"1" * 400 + b"]")
    assert math.isnan(nan)
    assert others == [math.inf, -math.inf, math.inf, math.inf]


LONG = "12345678901234567890"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"transaction_id":%s}', f"{LONG}91"),
        ('{ "id" :\n%s, "a": 1e3}', LONG),
        ('{"a": [{"orderId":%s }]}', LONG * 12),
        ('{"order_id":%s,"a":"\\ud83d"}', f"{LONG}91"),
        ('{"order_id":%s,"a":1,"a":2}', f"{LONG}91"),
        ('{"client_id": %s}', "1234567890.1234567890"),
        ('{"client_id":%s}', "1234567890.1700000000"),
        ('{"cid":%s,"a":"\\ud83d"}', "987654321.1700000000"),
    ],
)
def test_an_id_keeps_all_its_digits(text: str, value: str) -> None:
    assert f"'{value}'" in repr(decode((text % value).encode()))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"transaction_id": 1234567890123456789}', {"transaction_id": 1234567890123456789}),
        (b'{"transaction_id": 12345678901234567890.5}', {"transaction_id": 12345678901234567890.5}),
        (b'{"item_id": 7.0, "client_id": 7.50}', {"item_id": 7.0, "client_id": 7.5}),
        (b'{"latitude": 52.52000659999999}', {"latitude": 52.52000659999999}),
        (b'{"transaction_id": 100000000000000000000e3}', {"transaction_id": 1e23}),
        (b'{"value": 100000000000000000000}', {"value": 1e20}),
        (rb'{"a": "b_id\": 100000000000000000000,"}', {"a": 'b_id": 100000000000000000000,'}),
    ],
)
def test_other_numbers_stay_numbers(text: bytes, value: Any) -> None:
    assert decode(text) == value


@pytest.mark.parametrize(
    "text",
    [
        rb'{"a": "\ud83d"',
        rb'["\ud83d",]',
        rb'["\x"]',
        rb'["\ud8"]',
        b'\0{"a": 1}',
        b"[nan]",
        b"[01]",
    ],
)
def test_what_is_no_json_is_refused_in_words_that_repeat_nothing(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\Anot JSON\Z"):
        decode(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'{"a": {"x": 1}, "a": {"y": 2}, "b": "\ud83d"}', {"a": {"x": 1, "y": 2}, "b": "�"}),
        (
            rb'{"consent": {"a": "denied"}, "consent": {"a": "granted"}, "b": "\ud83d"}',
            {"consent": {"a": ["denied", "granted"]}, "b": "�"},
        ),
    ],
)
def test_a_repeated_key_is_read_as_it_is_without_a_bad_character(text: bytes, value: Any) -> None:
    assert decode(text) == value
    assert decode(text.replace(rb"\ud83d", b"?")) == {**value, "b": "?"}


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("beyond", [1, 100, 100_000])
def test_what_the_usual_parser_finds_too_deep_is_too_deep(
    opening: str, closing: str, beyond: int
) -> None:
    depth = MAX_DEPTH + beyond
    text = opening * depth + r'"\ud83d"' + closing * depth
    with pytest.raises(ValueError, match=r"\A(not JSON|nested too deep)\Z"):
        decode(text.encode())


def test_lists_next_to_each_other_are_not_deep() -> None:
    assert load_leniently("[" + "[]," * 2 * MAX_DEPTH + "[]]") == [[]] * (2 * MAX_DEPTH + 1)


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('aé語😀\\"u0d8/\n') | st.characters(codec="utf-8"), max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(documents)
def test_sound_json_is_read_as_by_the_usual_parser(document: Any) -> None:
    body = orjson.dumps(document)
    without_nul = body.replace(rb"\u0000", b"")
    assert load_leniently(mend_json(without_nul)) == orjson.loads(without_nul)


pieces = st.sampled_from(
    ["\\", "\\\\", "\\ud83d", "\\ude00", "\\u0000", "\\uD8", "\\n", '\\"', "u", "d83d", "0", "é"]
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_what_is_read_has_neither_nul_nor_half_a_pair_and_as_many_characters(text: str) -> None:
    try:
        usual = _with_bad_ones(text)
    except ValueError:
        with pytest.raises(ValueError, match="not JSON"):
            decode(f'["{text}"]'.encode())
        return
    (read,) = decode(f'["{text}"]'.encode())
    assert read == usual.translate({0: "�"} | dict.fromkeys(range(0xD800, 0xE000), "�"))


def _with_bad_ones(text: str) -> str:
    """The text as Python's parser reads it: with NULs and halves of surrogate pairs."""
    (value,) = json.loads(f'["{text}"]')
    assert isinstance(value, str)
    return value


@given(st.binary(max_size=40))
def test_any_bytes_in_a_text_are_read_in_full(data: bytes) -> None:
    data = data.translate(bytes(range(256)), b'"\\')
    (read,) = decode(b'["' + data + b'"]')
    assert read == data.decode(errors="replace").replace("\0", "�")
