"""For every event: no e-mail address stays, nothing is cleaned twice, nothing raises."""

import copy
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received, read_event
from gateway.stages.pii import PiiGuardSettings, compile_guard
from gateway.stages.pii.matching import searcher, to_bytes
from gateway.stages.pii.patterns import HINTS, PATTERNS

RECEIVED = Received("site", 0.0)
GUARD = compile_guard(PiiGuardSettings())

LETTERS = "abcxyzABC019äßéñžиν語"
PARTS = st.text(LETTERS + "_+'", min_size=1, max_size=6)
LABELS = st.text("abcxyz019äß", min_size=1, max_size=8)
EMAILS = st.builds(
    lambda local, labels, top: f"{'.'.join(local)}@{'.'.join(labels)}.{top}",
    st.lists(PARTS, min_size=1, max_size=3),
    st.lists(LABELS, min_size=1, max_size=2),
    st.sampled_from(["com", "de", "co.uk", "museum", "рф", "xn--p1ai"]),
).filter(lambda email: not email.split("@")[1][0].isdigit())
ENCODINGS = st.sampled_from(
    [
        lambda email: email,
        lambda email: email.replace("@", "%40"),
        lambda email: quote(email, safe=""),
        lambda email: quote(quote(email, safe=""), safe=""),
        lambda email: quote(email, safe="").lower(),
        str.upper,
    ]
)
PLACES = st.sampled_from(
    [
        lambda text: {"page_title": f"Hello {text}!"},
        lambda text: {"page_location": f"https://shop.example/?a=1&who={text}&gclid=Cj0KCQ"},
        lambda text: {"page_location": f"https://shop.example/{text}/bye"},
        lambda text: {"page_referrer": f"https://x.example/?next=%2Fa%3Fb%3D{text}"},
        lambda text: {"search_term": text},
        lambda text: {"items": [{"item_name": text}, {"item_name": "blue"}]},
        lambda text: {"any": {"thing": [["deep", text]]}},
        lambda text: {"contact_email": text},
        lambda text: {text: 1},
    ]
)

CLUES = [
    *("jane@x.de", "%40", "@", ".", "eyJhbGciOiJIUzI1NiJ9.eyJ", "Bearer ", "token=", "email=", "&"),
    *("password", "=", "%3D", "+49", "030", " ", "-", "(", ")", "1234567", "4111111111111111"),
    *("4111 ", "Tel. ", "phone", "0", "[email]", "[token]", "%", "%25", "é", "\ud800", "\n", "/"),
    *("9f86d081884c7d659a2feaa0c55ad015", "#", "1111", "sha256_", "code=", "\x00", "?", "a"),
]
TEXTS = st.lists(st.sampled_from(CLUES), max_size=12).map("".join) | st.text(max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["page_location", "page_title", "email", "phone", "token", "card_number", "x", "user_data"]
)
EVENTS = st.dictionaries(NAMES | TEXTS, VALUES, max_size=5)


@given(email=EMAILS, encode=ENCODINGS, place=PLACES)
def test_no_email_survives_in_free_text(email: str, encode: Any, place: Any) -> None:
    text = encode(email)
    event = read_event({"event_name": "any", **place(text)})
    cleaned, line = GUARD(event, RECEIVED)
    assert text not in repr(cleaned)
    assert quote(email.split("@")[0], safe="") + "%40" not in repr(cleaned)
    assert "[email]" in repr(cleaned)
    assert line.startswith("removed ")
    assert text not in line


@given(event=EVENTS)
def test_a_cleaned_event_is_clean_and_the_event_itself_is_not_touched(
    event: dict[str, Any],
) -> None:
    before = copy.deepcopy(event)
    cleaned, line = GUARD(event, RECEIVED)
    assert event == before
    assert (cleaned is event) == (line == "")
    again, nothing = GUARD(cleaned, RECEIVED)
    assert again is cleaned
    assert nothing == ""


@given(text=TEXTS)
def test_each_pattern_answers_any_text_and_is_done_after_once(text: str) -> None:
    for name, remove in PATTERNS.items():
        cleaned = remove(text)
        assert (cleaned is text) == (cleaned == text)
        assert remove(cleaned) is cleaned
        if cleaned is not text:
            assert searcher(HINTS[name])(to_bytes(text)) is not None


@given(event=EVENTS)
def test_user_data_is_left_alone(event: dict[str, Any]) -> None:
    cleaned, _ = GUARD(event, RECEIVED)
    assert ("user_data" in event) == ("user_data" in cleaned)
    assert cleaned.get("user_data") is event.get("user_data")
