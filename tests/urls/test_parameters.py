"""Removes parameters from the URLs in a text, and changes nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.urls.parameters import without_parameters

NAMES = frozenset(["gclid", "fbclid", "_gl"])


def less(text: str) -> str:
    return without_parameters(text, NAMES)[0]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://a.example/?gclid=x", "https://a.example/"),
        ("https://a.example/?gclid=x&utm_source=n", "https://a.example/?utm_source=n"),
        ("https://a.example/?utm_source=n&gclid=x", "https://a.example/?utm_source=n"),
        ("https://a.example/?a=1&gclid=x&b=2#top", "https://a.example/?a=1&b=2#top"),
        ("https://a.example/?gclid=x&fbclid=y&b=2", "https://a.example/?b=2"),
        ("https://a.example/?gclid=x&gclid=y#top", "https://a.example/#top"),
        ("https://a.example/#gclid=x&b=2", "https://a.example/#b=2"),
        ("https://a.example/?gclid=x#_gl=y&b=2", "https://a.example/#b=2"),
        ("https://a.example/#/route?gclid=x&b=2", "https://a.example/#/route?b=2"),
        ("https://a.example/p;gclid=x?b=2", "https://a.example/p?b=2"),
        ("/p?b=2&amp;gclid=x", "/p?b=2&amp"),
        ("gclid=x&b=2", "b=2"),
        ("?gclid=x", ""),
        ("/p?GCLID=x&b=2", "/p?b=2"),
        ("/p?g%63lid=x&b=2", "/p?b=2"),
        ("/p?+gclid=x", "/p"),
    ],
)
def test_a_parameter_goes_wherever_parameters_stand(text: str, left: str) -> None:
    assert less(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/p?gclid=x;y&b=2", "/p?b=2"),
        ("/p?gclid=x?y&b=2", "/p?b=2"),
        ("/p?gclid=x=y&b=2", "/p?b=2"),
        ("/p?gclid=&b=2", "/p?b=2"),
    ],
)
def test_with_its_whole_value(text: str, left: str) -> None:
    assert less(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "/p?to=https%3A%2F%2Fb.example%2F%3Fgclid%3Dx%26a%3D1&z=2",
            "/p?to=https%3A%2F%2Fb.example%2F%3Fa%3D1&z=2",
        ),
        ("https%3A%2F%2Fb.example%2F%3Fgclid%3Dx", "https%3A%2F%2Fb.example%2F"),
        ("/p?to=%252Fq%253Fgclid%253Dx", "/p?to=%252Fq"),
    ],
)
def test_a_url_within_a_url_is_searched_too(text: str, left: str) -> None:
    assert less(text) == left


def test_what_follows_a_url_in_a_text_stays() -> None:
    assert less("see https://a.example/?gclid=x and write") == "see https://a.example/ and write"


@pytest.mark.parametrize(
    "text",
    ["", "/p?gclid", "/gclid/x", "Tom & Jerry; a=b", "/p?my_gclid=x", "/p?a=%3D%zz&&b", "a=%2525"],
)
def test_all_else_is_the_same_text(text: str) -> None:
    assert without_parameters(text, NAMES) == (text, [])


def test_it_says_what_it_found() -> None:
    assert without_parameters("/p?GCLID=x&to=%3Ffbclid%3Dy", NAMES)[1] == ["gclid", "fbclid"]


@given(text=st.text("?&#;=%3Dgclid x"))
def test_of_any_text_nothing_is_left_that_would_be_found_again(text: str) -> None:
    left, _ = without_parameters(text, NAMES)
    assert without_parameters(left, NAMES) == (left, [])
