"""Wanted cookies are read from the ``Cookie`` header as written, whatever surrounds them."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.cookies import compile_cookies
from gateway.stages.vendor_cookies import GA_SESSIONS

WANTED = {"_ga", "_fbp", "visitor_id"}
READ = compile_cookies(WANTED, GA_SESSIONS)

PARTS = st.sampled_from(
    [*WANTED, "_ga_", "_ga_X", "_ga X", "_gab", "x_ga", "=", ";", "; ", " ", "\t", "\xa0", '"', "a"]
)
HEADERS = st.lists(PARTS, max_size=14).map("".join) | st.text(max_size=30)


def plainly_read(header: str) -> dict[str, str]:
    """The expected result, read pair by pair."""
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, _, value = (part.strip() for part in pair.partition("="))
        if name in WANTED or name.startswith("_ga_"):
            found.setdefault(name, value.strip('"'))
    return found


@given(HEADERS)
def test_any_header_is_read_as_its_pairs_one_by_one(header: str) -> None:
    assert READ(header) == plainly_read(header)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("_ga=1; theme=dark; _fbp=2", {"_ga": "1", "_fbp": "2"}),
        ("_ga=1;_fbp=2", {"_ga": "1", "_fbp": "2"}),
        (' _ga = "1" ;; _fbp', {"_ga": "1", "_fbp": ""}),
        ("_ga=first; _ga=second", {"_ga": "first"}),
        ("_ga_A=1; _ga_B=x=y; _gat=1; x_ga=1", {"_ga_A": "1", "_ga_B": "x=y"}),
        ("note=_ga=1; a b=_fbp", {}),
        ("", {}),
    ],
)
def test_examples(header: str, expected: dict[str, str]) -> None:
    assert READ(header) == expected


def test_without_names_only_the_patterns_are_read() -> None:
    assert compile_cookies((), GA_SESSIONS)("_ga_A=1; _ga=2; =3; ") == {"_ga_A": "1"}


def test_where_nothing_is_wanted_nothing_is_read() -> None:
    assert compile_cookies(())("_ga_A=1; =3; ; a") == {}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("OptanonConsent=a=1&b=2", "a=1&b=2"),
        ("MyOptanonConsent=no; OptanonConsent=x", "x"),
        ("a=OptanonConsent=no; OptanonConsent=x", "x"),
        ("optanonconsent=x", None),
        ("OptanonConsent=", ""),
        (";;==;", None),
    ],
)
def test_a_name_is_matched_whole_and_its_value_left_as_it_is(
    header: str, value: str | None
) -> None:
    assert compile_cookies(["OptanonConsent"])(header).get("OptanonConsent") == value


@pytest.mark.parametrize("part", ["; ", "_ga_ ", "; _ga ", "_ga_" + 9 * " ", " ", "_ga_X \t", "=;"])
def test_time_grows_with_the_length_alone(part: str) -> None:
    short, long = _seconds(part * 500), _seconds(part * 4_000)
    assert long < short * 8 * 3 + 0.05  # quadratic time would be 64 times as much


def _seconds(header: str) -> float:
    def once() -> float:
        start = process_time()
        compile_cookies(WANTED, GA_SESSIONS)(header)
        return process_time() - start

    return min(once() for _ in range(3))
