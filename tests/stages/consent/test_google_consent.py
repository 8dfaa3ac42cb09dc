"""The consent strings of Google's tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.consent.google import denies_analytics, read_gcd, read_gcs
from gateway.stages.consent.types import UnreadableString

TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"


def states(letters: str) -> dict[str, str]:
    """The states in the order of `TYPES`: `gdg-` is granted, denied, granted, unstated."""
    words = {"g": "granted", "d": "denied"}
    return {
        kind: words[letter] for kind, letter in zip(TYPES, letters, strict=True) if letter != "-"
    }


def latest(gcd: str) -> dict[str, str]:
    """The state of each type in `gcd`: the visitor's, else the default."""
    read = read_gcd(gcd)
    assert read.said.keys().isdisjoint(read.defaults)
    return {**read.defaults, **read.said}


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
    assert latest(gcd) == states(expected), why


@pytest.mark.parametrize(
    ("gcd", "said", "defaults"),
    [
        ("13l3l3l3l1l1", "----", "----"),
        ("13p3t3p3t5l1", "----", "dgdg"),
        ("13q3r3q3q5l1", "dgdd", "----"),
        ("13m3n3p3t5l1", "dg--", "--dg"),
    ],
)
def test_a_default_is_told_apart_from_what_the_visitor_said(
    gcd: str, said: str, defaults: str
) -> None:
    read = read_gcd(gcd)
    assert (read.said, read.defaults) == (states(said), states(defaults))


@pytest.mark.parametrize(
    ("gcd", "gpc"),
    [
        ("13l3l3l3l1l1", False),
        ("13r3r3r3r5l1", False),
        ("13r3r3r3r7l1", False),
        ("13r3r3r3r", False),
        ("13r3r3r3r9l1", True),
        ("13r3r3r3rdl1", True),
        ("13r3r3r3rd", True),
        ("13r3r3r3r!", False),
    ],
)
def test_global_privacy_control_in_gcd(gcd: str, gpc: bool) -> None:
    assert read_gcd(gcd).gpc is gpc


@pytest.mark.parametrize(
    ("gcs", "expected"),
    [
        ("G100", "dd--"),
        ("G101", "dg--"),
        ("G110", "gd--"),
        ("G111", "gg--"),
        ("G1-0", "-d--"),
        ("G1--", "----"),
    ],
)
def test_gcs(gcs: str, expected: str) -> None:
    assert read_gcs(gcs) == states(expected)


@pytest.mark.parametrize(
    ("gcs", "denials"),
    [("G10", "d---"), ("G1x0", "-d--"), ("G1001", "dd--"), ("G2111", "----"), ("", "----")],
)
def test_a_gcs_that_cannot_be_read_still_denies_what_it_denies(gcs: str, denials: str) -> None:
    with pytest.raises(UnreadableString) as unreadable:
        read_gcs(gcs)
    assert unreadable.value.denials == states(denials)


@pytest.mark.parametrize(
    ("gcd", "denials"),
    [
        ("13t3q3t", "-d--"),
        ("13q3t3!", "d---"),
        ("13t3t3t3!5l1", "----"),
        ("23q3q3q3q5l1", "----"),
        ("", "----"),
    ],
)
def test_a_gcd_that_cannot_be_read_still_denies_what_it_denies(gcd: str, denials: str) -> None:
    with pytest.raises(UnreadableString) as unreadable:
        read_gcd(gcd)
    assert unreadable.value.denials == states(denials)


@pytest.mark.parametrize(
    ("gcd", "gcs", "denied"),
    [
        ("", "", False),
        ("13l3l3l3l1l1", "", False),
        ("13t3t3t3t5l1", "G111", False),
        ("13p3p3p3p5l1", "", True),
        ("13q3q3q3q5l1", "", True),
        ("", "G110", True),
        ("13t3t3t3t5l1", "G110", True),
        ("13q3q3q3q5l1", "G111", True),
        ("nonsense", "G1--", False),
    ],
)
def test_a_tag_without_analytics_storage(gcd: str, gcs: str, denied: bool) -> None:
    assert denies_analytics(gcd, gcs) is denied


two_bits = st.integers(0, 3)


@given(st.lists(st.tuples(two_bits, two_bits, two_bits), min_size=4, max_size=4))
def test_the_latest_word_counts(said: list[tuple[int, int, int]]) -> None:
    pairs = "".join(
        f"3{ALPHABET[declared << 4 | default << 2 | update]}" for declared, default, update in said
    )
    expected = ""
    for declared, default, update in said:
        stated = [state for state in (update, default, declared) if state in (2, 3)]
        expected += {2: "d", 3: "g"}[stated[0]] if stated else "-"
    assert latest(f"1{pairs}5") == states(expected)


@given(st.one_of(st.text(), st.from_regex(r"[G1][123][a-zA-Z0-9-]{0,12}", fullmatch=True)))
def test_any_text_has_a_reading_or_denials(text: str) -> None:
    for read in (latest, read_gcs):
        try:
            states = {*read(text).values()}
        except UnreadableString as unreadable:
            states = {*unreadable.denials.values()} - {"denied"}
        assert states <= {"granted", "denied"}
