"""The consent strings of Google's tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.google import consent_of

TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"


def states(letters: str) -> dict[str, str]:
    """`gdg-`: granted, denied, granted, nothing; in the order of `TYPES`."""
    words = {"g": "granted", "d": "denied"}
    return {
        kind: words[letter] for kind, letter in zip(TYPES, letters, strict=True) if letter != "-"
    }


@pytest.mark.parametrize(
    ("gcd", "expected", "why"),
    [
        ("13l3l3l3l1l1", "----", "no consent mode: the implicit state is nobody's word"),
        ("13p3p3p3p5l1", "dddd", "all denied by default"),
        ("13t3t3t3t5l1", "gggg", "all granted by default"),
        ("13q3r3q3q5l1", "dgdd", "denied, then only analytics granted by an update"),
        ("13r3r3r2r5l1", "gggg", "all granted by an update"),
        ("13m3n3u3v5l1", "dgdg", "updates with and without a default"),
        ("13l3p3l3t5l1", "-d-g", "defaults for some types only"),
        ("13p3t3p3t5", "dgdg", "an older string of ten characters"),
        ("13B3R3l3l5l1", "dg--", "declared: 37 = 10 01 01, 53 = 11 01 01"),
        ("13p3p3p3p5X7", "ggdg", "the container's defaults, if used, come before the page's"),
        ("13p3p3p3p5X3", "dddd", "... and count for nothing if not"),
        ("13r3q3p3p5X7", "gddg", "... and an update comes before them"),
    ],
)
def test_gcd(gcd: str, expected: str, why: str) -> None:
    if "X" in gcd:  # X: ad_storage and analytics_storage granted, ad_user_data denied
        gcd = gcd.replace("X", ALPHABET[0b11_11_10])
    assert consent_of({"gcd": gcd}) == states(expected), why


@pytest.mark.parametrize(
    ("gcs", "expected"),
    [
        ("G100", "dd--"),
        ("G101", "dg--"),
        ("G110", "gd--"),
        ("G111", "gg--"),
        ("G1-0", "-d--"),
        ("G1--", "----"),
        ("G10", "----"),
        ("G1x0", "----"),
        ("G2111", "----"),
        ("", "----"),
    ],
)
def test_gcs(gcs: str, expected: str) -> None:
    assert consent_of({"gcs": gcs}) == states(expected)


@pytest.mark.parametrize(
    ("hit", "expected"),
    [
        ({"gcs": "G100", "gcd": "13t3t3t3t5l1"}, "gggg"),
        ({"gcs": "G100", "gcd": "23t3t3t3t5l1"}, "dd--"),
        ({"gcs": "G100", "gcd": "13t3t3"}, "dd--"),
        ({"gcs": "G100", "gcd": "13t3t3t3!5l1"}, "dd--"),
        ({"gcd": "13t3t3t3t5l1", "npa": "1"}, "gggd"),
        ({"gcd": "13l3l3l3l1l1", "npa": "1"}, "---d"),
        ({"npa": "0"}, "----"),
        ({}, "----"),
    ],
)
def test_gcd_comes_before_gcs(hit: dict[str, str], expected: str) -> None:
    assert consent_of(hit) == states(expected)


two_bits = st.integers(0, 3)


@given(st.lists(st.tuples(two_bits, two_bits, two_bits), min_size=4, max_size=4))
def test_the_latest_word_counts(said: list[tuple[int, int, int]]) -> None:
    pairs = "".join(
        f"3{ALPHABET[declared << 4 | default << 2 | update]}" for declared, default, update in said
    )
    expected = ""
    for declared, default, update in said:
        latest = [state for state in (update, default, declared) if state in (2, 3)]
        expected += {2: "d", 3: "g"}[latest[0]] if latest else "-"
    assert consent_of({"gcd": f"1{pairs}5"}) == states(expected)


@given(st.text(), st.text())
def test_any_text_has_a_reading(gcd: str, gcs: str) -> None:
    assert set(consent_of({"gcd": gcd, "gcs": gcs}).values()) <= {"granted", "denied"}
