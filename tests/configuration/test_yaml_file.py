"""YAML: plain data with lines, values from the environment, and problems instead of exceptions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.yaml_file import Problem, read_yaml

TEXT = """\
# a comment
sources:
  site:
    type: collect
    paths: [/a,
            /b]
rules:
  - name: first
  - name: "second"
    set: {n: 1, f: 1.5, t: true, z: ~, s: '1'}
"""


def test_the_data_is_plain() -> None:
    file = read_yaml(TEXT, {})
    assert file.problems == []
    assert file.data == {
        "sources": {"site": {"type": "collect", "paths": ["/a", "/b"]}},
        "rules": [
            {"name": "first"},
            {"name": "second", "set": {"n": 1, "f": 1.5, "t": True, "z": None, "s": "1"}},
        ],
    }
    assert _types(file.data) <= {dict, list, str, int, float, bool, type(None)}


def _types(value: Any) -> set[type]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return {type(value)}.union(*(_types(each) for each in inner))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("sources",), 2),
        (("sources", "site", "type"), 4),
        (("sources", "site", "paths", 1), 6),
        (("rules", 1), 9),
        (("rules", 1, "set", "t"), 10),
        (("rules", 1, "nothing"), 9),  # the line of the nearest parent
        (("nothing", 7, "nothing"), 1),
    ],
)
def test_lines(path: tuple[str | int, ...], line: int) -> None:
    assert read_yaml(TEXT, {}).line(path) == line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${NAME}", "value"),
        ("a ${NAME} b ${NAME}", "a value b value"),
        ("${NAME:-default}", "value"),
        ("${EMPTY}", ""),
        ("${EMPTY:-default}", "default"),
        ("${UNSET:-default}", "default"),
        ("${UNSET:-}", ""),
        ("${UNSET:-https://x.example/?a=b:-c}", "https://x.example/?a=b:-c"),
        ("${TWICE}", "${NAME}"),  # values from the environment are not expanded again
        ("$NAME", "$NAME"),
        ("{${NAME}}", "{value}"),
        ("${DOLLAR:-$}{NAME}", "${NAME}"),
        ("$${NAME}", "$value"),
    ],
)
def test_values_from_the_environment(text: str, value: str) -> None:
    environment = {"NAME": "value", "EMPTY": "", "TWICE": "${NAME}"}
    for written in (f"'{text}'", f'"{text}"', f"!tag '{text}'", f"|-\n  {text}"):
        file = read_yaml(f"key: {written}", environment)
        assert (file.data, file.problems) == ({"key": value}, [])


def test_names_that_the_environment_lacks() -> None:
    file = read_yaml("a: ${ONE}\nb:\n  - x\n  - ${TWO} ${THREE:-3}\n${KEY}: 1", {})
    assert file.problems == [
        Problem(
            1, "a", "the environment has no ONE; set it there or in .env, or write ${ONE:-default}"
        ),
        Problem(
            4,
            "b.1",
            "the environment has no TWO; set it there or in .env, or write ${TWO:-default}",
        ),
    ]
    assert file.data == {"a": "", "b": ["x", " 3"], "${KEY}": 1}  # keys are not expanded


def test_a_key_that_is_there_twice_does_not_hide_what_else_is_wrong() -> None:
    file = read_yaml("a:\n  b: s3cr3t\n  b: s3cr3t\n  c: ${NO}\na: 2\na: 3\n", {})
    assert file.problems == [
        Problem(5, "a", "duplicate key; it is also in line 1. Remove one"),
        Problem(6, "a", "duplicate key; it is also in line 1. Remove one"),
        Problem(3, "a.b", "duplicate key; it is also in line 2. Remove one"),
        Problem(
            4, "a.c", "the environment has no NO; set it there or in .env, or write ${NO:-default}"
        ),
    ]


@pytest.mark.parametrize(
    "text", ["a: {1: x, '1': y}", "a: {'1': x, 1: y}", "a: {true: x, 'True': y}", "a: {1: x, 1: y}"]
)
def test_keys_that_are_the_same_text(text: str) -> None:
    [problem] = read_yaml(text, {}).problems
    assert problem.message == "duplicate key; it is also in line 1. Remove one"


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"),
        ("2026-01-02 10:00:00+02:00", "2026-01-02 10:00:00+02:00"),
        ("no", "no"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
    ],
)
def test_a_text_is_as_it_is_written(written: str, data: str) -> None:
    file = read_yaml(f"a: {written}\n{written}: 1\n", {})
    assert (file.data, file.problems) == ({"a": data, data: 1}, [])


def test_a_key_with_zeros_in_front_keeps_them() -> None:
    assert read_yaml("{01067: a, 0: b, 1.50: c}", {}).data == {"01067": "a", "0": "b", "1.5": "c"}


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('a: ["x\\ud83d"]', "a.0", "has half of a character"),
        ('a: {"\\ud83d": 1}', "a", "has a key with half of a character"),
    ],
)
def test_half_of_a_character(text: str, path: str, words: str) -> None:
    [problem] = read_yaml(text, {}).problems
    assert problem.path == path
    assert problem.message.startswith(words)


def test_anchors_and_merges() -> None:
    file = read_yaml("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x\n", {})
    assert file.data == {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}, "z": {"a": 1, "b": 2}}
    assert file.problems == []
    assert file.line(("y", "b")) == 4


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\n b: 2", 2, "mapping values are not allowed here. Put texts with a colon"),
        ("a: [1, 2\nb: 3", 2, "expected ',' or ']', but got ':'. Look for a bracket"),
        ("a: 1\n\tb: 2", 2, "a tab; indent with spaces"),
        ('a: "1\n', 2, "found unexpected end of stream"),
        ("a: 1\n---\nb: 2", 2, "expected a single document in the stream, but found another"),
        ("a: 1\nb: '\x00'", 2, r"'\x00' must be escaped"),
        ("a: 1\nb: %s3cr3t", 2, "a value cannot begin with '%'; put it in quotes"),
        ("a: 1\nb: *s3cr3t", 2, "found undefined alias"),
        ("a: 1\nb: !s3cr3t!x y", 2, "found undefined tag handle"),
        ("a: !!timestamp s3cr3t", 1, "failed to construct timestamp from"),
        ("a: !!int s3cr3t", 1, "a number, date or tag in it makes no sense"),
        ("a: !!bool s3cr3t", 1, "a number, date or tag in it makes no sense"),
        ("a: 2026-13-45", 1, "a number, date or tag in it makes no sense"),
        ("a: 1" + "0" * 5000, 1, "a number, date or tag in it makes no sense"),
        ("a: " + "[" * 600 + "]" * 600, 1, "nested too deeply"),
        ("a:\n  <<: s3cr3t", 2, "expected a mapping or list of mappings for merging"),
    ],
)
def test_what_is_not_yaml(text: str, line: int, words: str) -> None:
    file = read_yaml(text, {})
    assert file.data is None
    assert [(problem.line, problem.path) for problem in file.problems] == [(line, "")]
    assert file.problems[0].message.startswith(f"not YAML: {words}")
    assert "s3cr3t" not in file.problems[0].message


def test_reading_prints_nothing(recwarn: pytest.WarningsRecorder) -> None:
    assert read_yaml("a: &x {b: s3cr3t}\nc: &x {d: s3cr3t}\n", {}).problems == []
    assert list(recwarn) == []  # ruamel's own warning would quote both lines


@pytest.mark.parametrize("text", ["", "# nothing\n", "~", "\n\n"])
def test_an_empty_file(text: str) -> None:
    file = read_yaml(text, {})
    assert (file.data, file.problems) == (None, [])


def test_a_byte_order_mark_and_windows_lines() -> None:
    file = read_yaml("\ufeffa: 1\r\nb:\r\n  - 2\r\n", {})
    assert (file.data, file.line(("b", 0))) == ({"a": 1, "b": [2]}, 3)


YAML_PIECES = (
    st.sampled_from(
        [
            "a",
            "b: ",
            "- ",
            "\n",
            "  ",
            "{",
            "}",
            "[",
            "]",
            ",",
            ": ",
            "? ",
            "&a ",
            "*a",
            "<<: ",
            "---\n",
        ]
    )
    | st.sampled_from(
        [
            "!x ",
            "!!int ",
            "!!set ",
            "!!omap ",
            "!!binary ",
            "'",
            '"',
            "|\n",
            ">\n",
            "${A}",
            "${B:-c}",
        ]
    )
    | st.sampled_from(
        ["1", "0x1", ".nan", "null", "2026-01-01", "%", "#", "@", "\\", "\t", "\x01", "\ufeff"]
    )
)


@given(text=st.lists(YAML_PIECES, max_size=14).map("".join) | st.text(max_size=20))
def test_reading_never_raises(text: str) -> None:
    file = read_yaml(text, {})
    assert all(problem.line >= 1 for problem in file.problems)
    assert _types(file.data) <= {dict, list, str, int, float, bool, type(None)}
