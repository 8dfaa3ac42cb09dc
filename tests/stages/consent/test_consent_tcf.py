"""TCF consent strings, tested with strings made by IAB's own library (tests/fixtures/consent)."""

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.consent.bits import Bits, Numbers
from gateway.stages.consent.settings import TcfSettings
from gateway.stages.consent.tcf import TcString, decode_tcf, denied_in_canada, read_tcf
from gateway.stages.consent.types import UnreadableString

FIXTURE = Path(__file__).parents[2] / "fixtures" / "consent" / "strings.json"
STRINGS: dict[str, dict[str, Any]] = {
    string["name"]: string for string in json.loads(FIXTURE.read_text())["tcf"]
}
ACCEPTED = STRINGS["all consented"]["text"]
TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")


def letters(text: str, config: dict[str, Any] | None = None) -> str:
    """The states in the order of `TYPES`: `gd--` is granted, denied, unstated, unstated."""
    states = read_tcf(text, TcfSettings.model_validate(config or {}))
    return "".join(states.get(name, "-")[0] for name in TYPES)


@pytest.mark.parametrize("string", STRINGS.values(), ids=STRINGS.keys())
def test_a_string_decodes_to_what_went_in(string: dict[str, Any]) -> None:
    decoded = decode_tcf(string["text"])
    assert as_json(decoded) == string["decoded"]


def as_json(decoded: TcString) -> dict[str, Any]:
    return {
        "updated": decoded.updated,
        "service_specific": decoded.service_specific,
        "purposes": list(decoded.purposes),
        "vendors": list(decoded.vendors),
        "restrictions": [[r.purpose, r.kind, list(r.vendors)] for r in decoded.restrictions],
        "disclosed": None if decoded.disclosed is None else list(decoded.disclosed),
    }


@pytest.mark.parametrize(
    ("name", "expected", "why"),
    [
        ("all consented", "gggg", ""),
        ("nothing consented", "dddd", "a string that says nothing is allowed is a denial"),
        ("all purposes, without Google", "dgdd", "the ad_ types need the vendor's consent too"),
        ("all purposes, Google not disclosed", "dgdd", ""),
        ("storage and measurement only", "ggdd", ""),
        ("advertising without personalisation", "gdgd", ""),
        ("all but storage", "dddd", "everything needs purpose 1"),
        ("many vendors, as ranges", "gggg", ""),
        ("many vendors, as bits", "gggg", ""),
        ("site forbids Google to measure", "ggdg", "purpose 7 is forbidden to 755"),
        ("site requires consent for measuring", "gggg", "consent there is"),
        ("site requires legitimate interest for selecting", "ggdg", "consent to 2 is no use"),
        ("2.2, before disclosure was required", "gggg", ""),
    ],
)
def test_purposes_and_the_vendor_decide_the_types(name: str, expected: str, why: str) -> None:
    assert letters(STRINGS[name]["text"]) == expected, why


def test_consent_to_a_vendor_that_was_not_shown_does_not_count() -> None:
    core, _, _ = ACCEPTED.partition(".")
    _, _, shown = STRINGS["all purposes, Google not disclosed"]["text"].partition(".")
    assert letters(f"{core}.{shown}") == "dgdd"
    assert letters(f"{core}.{shown}", {"vendor": 2}) == "gggg"


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("all purposes, without Google", {"vendor": None}, "gggg"),
        ("all purposes, without Google", {"vendor": 2}, "gggg"),
        ("all consented", {"vendor": 3}, "dgdd"),
        ("all consented", {"vendor": 65535}, "dgdd"),
        ("site forbids Google to measure", {"vendor": None}, "gggg"),
        ("all consented", {"purposes": {"ad_storage": [1]}}, "g---"),
        ("storage and measurement only", {"purposes": {"ad_user_data": [1, 8]}}, "--g-"),
        ("all consented", {"purposes": {"ad_storage": [12]}}, "d---"),
        ("nothing consented", {"purposes": {"ad_storage": []}, "vendor": None}, "g---"),
    ],
)
def test_the_mapping_is_a_setting(name: str, config: dict[str, Any], expected: str) -> None:
    assert letters(STRINGS[name]["text"], config) == expected


@pytest.mark.parametrize(
    "name",
    ["disclosure required and missing", "for many sites at once", "an old example"],
)
def test_a_string_that_is_no_longer_valid_says_nothing(name: str) -> None:
    with pytest.raises(UnreadableString, match=r"^outdated$"):
        letters(STRINGS[name]["text"])


NOTHING = STRINGS["nothing consented"]["text"].partition(".")[0]
WITHOUT_GOOGLE = STRINGS["all purposes, without Google"]["text"].partition(".")[0]
FOUR_DENIED = "dddd"

BROKEN = {
    "empty": "",
    "not base64": "C!gcD4AQgcD4AAfACAENBkFg",
    "not ASCII": "Cüö",
    "version 1": f"B{ACCEPTED[1:]}",
    "cut in the header": ACCEPTED[:20],
    "cut in the vendors": ACCEPTED[:45],
    "other segment broken": ACCEPTED[: ACCEPTED.index(".") + 3],
    "other segment empty": f"{ACCEPTED[: ACCEPTED.index('.')]}.",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_string_is_unreadable_and_is_not_repeated(text: str) -> None:
    with pytest.raises(UnreadableString, match=r"^unreadable$"):
        letters(text)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        (f"{NOTHING[:-1]}!", FOUR_DENIED),
        (f"{NOTHING}!", FOUR_DENIED),
        (f"{NOTHING[:45]}!{NOTHING[46:]}", FOUR_DENIED),
        (f"{WITHOUT_GOOGLE}.!", "dgdd"),
        (f"{WITHOUT_GOOGLE}!", "dgdd"),
        (f"{WITHOUT_GOOGLE}.", "dgdd"),
        (f"{WITHOUT_GOOGLE[:38]}!", "gggg"),
        (f"{ACCEPTED}!", "gggg"),
    ],
)
def test_what_a_damaged_string_refuses_before_the_damage_is_denied(text: str, denied: str) -> None:
    with pytest.raises(UnreadableString, match=r"^unreadable$") as unreadable:
        letters(text)
    states = unreadable.value.denials
    assert "".join("d" if states.get(name) == "denied" else "g" for name in TYPES) == denied


def test_a_range_of_vendors_that_runs_backwards_is_unreadable() -> None:
    for first, last in ((9, 3), (0, 3), (3, 99)):
        vendors = f"{10:016b}1{1:012b}1{first:016b}{last:016b}"
        core = f"{2:06b}" + "0" * 132 + "1" + "0" * 74 + vendors + "0" * 29
        with pytest.raises(UnreadableString):
            decode_tcf(packed(core))


def packed(bits: str) -> str:
    bits += "0" * (-len(bits) % 24)
    number = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return base64.urlsafe_b64encode(number).decode()


@given(st.text() | st.text("ABCDEFGHIJklmnop012345-_.", min_size=20))
def test_any_text_has_a_reading_or_is_unreadable(text: str) -> None:
    with suppress(UnreadableString):
        states = read_tcf(f"C{text}", TcfSettings())
        assert states.keys() == set(TYPES)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0)), max_size=20))
def test_bits_are_read_as_they_were_written(fields: list[tuple[int, int]]) -> None:
    numbers = [(width, number % (1 << width)) for width, number in fields]
    text = packed("".join(f"{number:0{width}b}" for width, number in numbers if width) or "0")
    bits = Bits(text)
    assert [bits.take(width) for width, _ in numbers] == [number for _, number in numbers]


@given(st.sets(st.integers(1, 60)))
def test_a_set_of_numbers_has_what_is_in_it(members: set[int]) -> None:
    bits = "".join(str(int(number in members)) for number in range(1, 61))
    numbers = Numbers(int(bits, 2), 60)
    assert set(numbers) == members
    assert {number for number in range(-5, 99) if number in numbers} == members


def canada(express: set[int], implied: set[int], version: int = 1) -> str:
    """A TCF string for Canada with these purposes, up to the vendors."""
    purposes = "".join(
        str(int(number in each)) for each in (express, implied) for number in range(1, 25)
    )
    bits = f"{version:06b}{'0' * (36 + 36 + 12 + 12 + 6 + 12 + 12 + 6 + 1 + 12)}{purposes}"
    packed = int(bits.ljust(200, "0"), 2).to_bytes(25, "big")
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@pytest.mark.parametrize(
    ("express", "implied", "denied"),
    [
        (set(), set(), "analytics_storage ad_user_data ad_personalization"),
        ({8, 9}, set(), "ad_user_data ad_personalization"),
        ({8}, {9, 2, 7}, "ad_personalization"),
        ({2, 3, 4, 7}, {8}, "analytics_storage"),
        (set(), set(range(2, 12)), ""),
    ],
)
def test_canada_denies_types_with_a_purpose_without_consent(
    express: set[int], implied: set[int], denied: str
) -> None:
    states = denied_in_canada(canada(express, implied), TcfSettings())
    assert states == dict.fromkeys(denied.split(), "denied")


@pytest.mark.parametrize("text", ["", "B", canada(set(), set())[:30], canada(set(), set(), 2)])
def test_a_string_of_canada_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UnreadableString):
        denied_in_canada(text, TcfSettings())
