"""GPP strings, tested with strings made by IAB's own library, and the US Privacy string."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.consent import us_privacy
from gateway.stages.consent.bits import Bits
from gateway.stages.consent.gpp import Gpp, read_gpp, sections_of
from gateway.stages.consent.types import UnreadableString

FIXTURE = Path(__file__).parents[2] / "fixtures" / "consent" / "strings.json"
STRINGS: dict[str, dict[str, Any]] = {
    string["name"]: string for string in json.loads(FIXTURE.read_text())["gpp"]
}
BOTH = STRINGS["EU and California"]["text"]
OPTED_OUT = STRINGS["usca: SaleOptOut"]["text"]


@pytest.mark.parametrize("string", STRINGS.values(), ids=STRINGS.keys())
def test_a_string_says_what_went_in(string: dict[str, Any]) -> None:
    assert [number for number, _ in sections_of(string["text"])] == string["ids"]
    canada = string["text"].partition("~")[2] if string["ids"] == [5] else ""
    assert read_gpp(string["text"]) == Gpp(
        string["tc_string"], string["opted_out"], string["gpc"], unreadable=False, canada=canada
    )


def test_every_section_of_the_usa_is_among_them() -> None:
    opt_outs = {
        number
        for string in STRINGS.values()
        for number in string["ids"]
        if string["opted_out"] and len(string["ids"]) == 1
    }
    assert opt_outs == set(range(6, 28))


@pytest.mark.parametrize(
    ("applicable", "opted_out", "has_tc_string"),
    [
        ("", True, True),
        ("8", True, False),
        ("2", False, True),
        ("2,8", True, True),
        ("2_8", True, True),
        ("7", False, False),
        ("-1", False, False),
        ("0", True, True),
        ("none of these", True, True),
    ],
)
def test_only_sections_in_force_are_read(
    applicable: str, opted_out: bool, has_tc_string: bool
) -> None:
    gpp = read_gpp(BOTH, applicable)
    assert (gpp.opted_out, bool(gpp.tc_string)) == (opted_out, has_tc_string)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "D",
        "DBABBg",
        "DBABBg!~BAYAAABA",
        "DBABBg~BAYAAABA~BAYAAABA",
        "CBABBg~BAYAAABA",
        "DCABBg~BAYAAABA",
        "DBA!Bg~BAYAAABA",
        "DBAAAA~BAYAAABA",
        "DBABAAAAAAAAAA~BAYAAABA",
        "D~~~",
        "DBABBü~1YNN",
    ],
)
def test_a_string_whose_sections_cannot_be_told_apart_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableString):
        read_gpp(text)


@pytest.mark.parametrize("section", ["", "B", "CAYAAABA", "!AYAAABA", "B!!!!AYAAABA", "BAYAAABA.!"])
def test_a_section_that_cannot_be_read_is_said_to_be_so(section: str) -> None:
    assert read_gpp(f"DBABBg~{section}").unreadable


def test_a_section_of_an_unknown_law_in_force_cannot_be_read() -> None:
    new_law = f"D{base64url('000001' + '000000000001' + '0' + '01010011')}"  # section 28
    header = f"{new_law}~BAYAAABA"
    assert sections_of(header) == [(28, "BAYAAABA")]
    assert read_gpp(header) == read_gpp(header, "28") == Gpp(unreadable=True)
    assert read_gpp(header, "8") == Gpp()


def test_the_section_of_canada_can_be_cut_off() -> None:
    header, section = STRINGS["Canada alone"]["text"].split("~")
    assert read_gpp(f"{header}~{section}", "5").canada == section
    assert read_gpp(f"{header}~") == Gpp(unreadable=True)
    assert read_gpp(f"{header}~{section}", "7") == Gpp()


def test_an_unreadable_section_does_not_hide_the_others() -> None:
    assert read_gpp(re.sub("~C[^~]*", "~C", BOTH)) == Gpp("C", opted_out=True)
    text = STRINGS["a range of sections, one opted out"]["text"]
    header, _, *others = text.split("~")
    assert read_gpp("~".join([header, "?", *others])) == Gpp(opted_out=True, unreadable=True)


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"{OPTED_OUT.partition('.')[0]}{damage}"
            for damage in ("!", ".", ".!", ".Y!", ".A.", "=A")
        ),
        *(f"DBABLA~BVVV{damage}" for damage in ("!", "V!AA")),
        BOTH[: BOTH.rindex("~")],
        "DBACTY~1YYN",
        "DBACTY~1YY~",
    ],
)
def test_an_opt_out_before_the_damage_counts(text: str) -> None:
    gpp = read_gpp(text)
    assert gpp.unreadable, text
    assert gpp.opted_out or gpp.tc_string, text


def test_gpc_counts_whatever_is_wrong_with_the_core_and_other_segments() -> None:
    on = base64url("011")
    assert read_gpp(f"DBABBg~.{on}") == Gpp(gpc=True, unreadable=True)
    assert read_gpp(f"DBABBg~BAYAAABA.!.{on}") == Gpp("", True, True, True)


def test_a_string_that_is_cut_is_unreadable_where_a_lost_section_is_in_force() -> None:
    header, eu, us = BOTH.split("~")
    assert read_gpp(f"{header}~{eu}") == Gpp(eu, unreadable=True)
    assert read_gpp(f"{header}~{eu}", "2") == Gpp(eu)
    assert read_gpp(f"{header}~{eu}", "8") == Gpp(unreadable=True)
    assert read_gpp(f"{header}~~{us}") == Gpp(opted_out=True, unreadable=True)


@pytest.mark.parametrize(
    ("section", "has_gpc"), [(8, True), (24, True), (25, False), (26, False), (27, False)]
)
def test_a_second_segment_is_gpc_only_in_states_that_have_it(section: int, has_gpc: bool) -> None:
    text = next(each["text"] for each in STRINGS.values() if each["ids"] == [section])
    core = text.partition(".")[0]
    assert read_gpp(f"{core}.{base64url('011')}").gpc is has_gpc


@given(st.text() | st.text("ABCDEFGH~.abcdefg-_"), st.text("0123456789,_-"))
def test_any_text_has_a_reading_or_is_unreadable(text: str, applicable: str) -> None:
    with suppress(UnreadableString):
        gpp = read_gpp(f"DB{text}", applicable)
        assert gpp.tc_string in text


@pytest.mark.parametrize(
    ("code", "number"),
    [("11", 1), ("011", 2), ("0011", 3), ("1011", 4), ("00011", 5), ("10011", 6), ("101011", 12)],
)
def test_fibonacci_code(code: str, number: int) -> None:
    assert Bits(base64url(code)).fibonacci() == number


def base64url(bits: str) -> str:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    bits += "0" * (-len(bits) % 6)
    return "".join(signs[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


@pytest.mark.parametrize(
    ("text", "opted_out"),
    [
        ("1YNN", False),
        ("1YYN", True),
        ("1yyn", True),
        ("1---", False),
        ("1NYN", True),
        (" 1YYN\n", True),
    ],
)
def test_us_privacy(text: str, opted_out: bool) -> None:
    assert us_privacy.opted_out(text) is opted_out


@pytest.mark.parametrize("text", ["", "1YN", "2YYN", "1YXN", "1YNNN"])
def test_us_privacy_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UnreadableString):
        us_privacy.opted_out(text)


@pytest.mark.parametrize(
    ("text", "denies"),
    [("1YY", True), ("1yyX", True), ("1-Y", True), ("1YYNN", True), ("1YN", False), ("1Y", False)],
)
def test_an_opt_out_in_front_of_what_cannot_be_read_denies(text: str, denies: bool) -> None:
    with pytest.raises(UnreadableString) as unreadable:
        us_privacy.opted_out(text)
    assert bool(unreadable.value.denials) is denies
