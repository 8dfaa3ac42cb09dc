"""The quick searches miss nothing that the patterns find when they are applied to every text."""

from enum import StrEnum
from typing import Any

import pytest
import re2
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.event.columns import MIN_OBJECTS
from gateway.stages.pii import PiiGuardSettings, compile_guard
from gateway.stages.pii.cleaning import Cleaning
from gateway.stages.pii.fields import Fields
from gateway.stages.pii.matching import searcher, to_bytes
from gateway.stages.pii.patterns import HINTS, PATTERNS

RECEIVED = Received("site", 0.0)
GUARD = compile_guard(PiiGuardSettings())
SEARCHES = {
    pattern: searcher(pattern)
    for pattern in ("|".join(HINTS.values()), r"^\x{212A}?[a-z]+=", r"(?i)k\b.$", r"[0-9]$")
}

CLUES = [
    *("jane@x.de", "%40", "@", "eyJhbGciOiJIUzI1NiJ9.eyJ", "Bearer ", "token=", "email=", "&"),
    *("=", "%3D", "+49", "030", " ", "-", "(", ")", "1234567", "4111111111111111", "4111 "),
    *("Tel. ", "phone", "0", "%", "%25", "é", "\ud800", "\n", "/", "1111", "code=", "\x00", "a"),
    *("wa.me/", "teléfono ", "555-", "415 ", "cvv=", "ſ", "\u212a", "9f86d081884c7d659a2feaa0c5"),
]
TEXTS = st.lists(st.sampled_from(CLUES), max_size=10).map("".join)
NAMES = st.sampled_from(["page_title", "email", "phone", "cvc", "x", "note", "user_data"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def the_long_way(event: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Applies every pattern to every text, without searching first."""
    fields = Fields([], PATTERNS, lambda text: all(PATTERNS[p](text) is text for p in PATTERNS))
    cleaning = Cleaning(fields, list(PATTERNS.items()), lambda _: True)
    return cleaning.event(event), cleaning.words()


@given(event=st.dictionaries(NAMES | TEXTS, VALUES, max_size=5))
def test_nothing_is_missed_by_searching_first(event: dict[str, Any]) -> None:
    assert GUARD(event, RECEIVED) == the_long_way(event)


@st.composite
def many_objects(draw: st.DrawFn) -> list[Any]:
    """Many equal objects, with some odd values among them."""
    clean = draw(st.dictionaries(NAMES, st.just("linen") | st.integers(0, 9), max_size=3))
    many: list[Any] = [clean] * MIN_OBJECTS
    odd = draw(st.lists(st.dictionaries(NAMES | TEXTS, VALUES, max_size=3) | VALUES, max_size=3))
    for each in odd:
        many.insert(draw(st.integers(0, len(many))), each)
    return many


@given(many=many_objects() | st.lists(VALUES, min_size=MIN_OBJECTS))
@example([{"note": "linen"}] * MIN_OBJECTS + [{"note": "jane@x.de"}])
@example([{"note": ["linen"]}] * MIN_OBJECTS + [{"note": ["jane@x.de"]}])
@example([{"email": 1}] * MIN_OBJECTS + [{"email": "jane"}])
@example([{"a": 1}] * MIN_OBJECTS + [{"jane@x.de": 1}])
@example(["linen"] * MIN_OBJECTS + ["jane@x.de"])
def test_nothing_is_missed_among_many(many: list[Any]) -> None:
    event = {"items": many, "note": "linen"}
    assert GUARD(event, RECEIVED) == the_long_way(event)


@given(text=TEXTS | st.text(max_size=30))
def test_a_search_finds_what_the_expression_itself_finds(text: str) -> None:
    for pattern, search in SEARCHES.items():
        expected = re2.search(pattern, to_bytes(text)) is not None
        assert (search(to_bytes(text)) is not None) == expected


@pytest.mark.parametrize("clue", ["jane@x.de", "Tel. 030 1234567", "4111 1111 1111 1111"])
def test_a_clue_far_behind_in_a_long_text_is_found(clue: str) -> None:
    noise = "".join(f"é{n:x}語-{n % 7}.{n % 89} (x/{n}) +{n % 13} " for n in range(20_000))
    event, line = GUARD({"event_name": "any", "note": f"{noise}; {clue}"}, RECEIVED)
    assert not event["note"].endswith(clue)
    assert line.startswith("removed ")


class Title(StrEnum):
    MAIL = "jane@x.de"


class Titles(list[str]):
    pass


class Card(dict[str, str]):
    pass


@pytest.mark.parametrize(
    "value",
    [
        *(Title.MAIL, [Title.MAIL], Titles(["jane@x.de"]), [[Card(a="jane@x.de")]]),
        *([Title.MAIL] * MIN_OBJECTS, [Card(a="jane@x.de")] * MIN_OBJECTS),
        [{"a": Title.MAIL}] * MIN_OBJECTS,
    ],
)
def test_what_only_plug_ins_can_put_into_an_event_is_not_passed_over(value: Any) -> None:
    event, line = GUARD({"event_name": "any", "note": value}, RECEIVED)
    assert "jane" not in str(event)
    assert line.startswith("removed 1 e-mail from note")
