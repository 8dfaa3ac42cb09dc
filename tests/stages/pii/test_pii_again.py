"""The guard does not change what it has cleaned, for any text, in any place, with any patterns.

The texts combine what the patterns look for with parts of marks and names.
"""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.pii import Guard, PiiGuardSettings, cards, compile_guard, emails, phones, tokens
from gateway.stages.pii.matching import searcher, to_bytes
from gateway.stages.pii.patterns import HINTS, PATTERNS
from gateway.stages.rules import Rule, compile_rules

RECEIVED = Received("site", 0.0)
GUARD = compile_guard(PiiGuardSettings())
SOME = {
    chosen: compile_guard(PiiGuardSettings.model_validate({"patterns": chosen}))
    for count in range(1, len(PATTERNS) + 1)
    for chosen in combinations(PATTERNS, count)
}
REDACT = compile_rules(
    [
        Rule.model_validate(
            {"redact": {"patterns": list(PATTERNS), "query_parameters": ["email", "a", "x[email]"]}}
        )
    ]
)
FINDS = {name: searcher(hint) for name, hint in HINTS.items()}
ONE_PASS = {
    "email": emails.remove,
    "card": cards.remove,
    "token": tokens.remove,
    "phone": phones.remove,
}

JWT = "eyJhbGciOiJI.e.e"
SECRET = "9f86d081884c7d659a2feaa0c55ad015"
MARKS = ["[email]", "[phone]", "[card]", "[token]", "[redacted]", "[Email]", "%5Bemail%5D"]
SIGNS = [
    *("=", "&", "?", ";", "#", "[", "]", "(", ")", "@", "%", "+", "-", ".", "_", ",", "/", ":"),
    *("%5B", "%5D", "%255D", "%40", "%2540", "%3D", "%253D", "%26", "%2C", "%20", "%25", "%2B"),
    *(" ", "  ", "\n", "'", '"', "<", ">", "~", "://", "][", "[]", "\x00"),
]
PEOPLE = [
    *("e@x.de", "jane%40x.de", "ü@ö.de", "a@b.js", "x@3.4.5-a.b", "jane:pw@", "https://", "＠x.de"),
    *("+49301234567", "%2B49301234567", "030 1234567", "0301234567", "415-555-2671", "1234567"),
    *("(11) 91234-5678", "8 495 123-45-67", "138 1234 5678", "0049 30 1234567", "7 ", "0", "Tel. "),
    *("4111111111111111", "4111 1111 1111 1111", "378282246310005", "5500+0000+0000+0004", "1111"),
    *(JWT, "eyJhbGciOiJI", ".e", "Bearer ", SECRET, "abcdefghijkl1234567890", "3782 822463 10005"),
]
NAMES = [
    *("email", "mail", "phone", "tel", "cvv", "card_number", "token", "key", "password", "sha256_"),
    *("user", "customer", "a", "e", "id", "order_id", "gclid", "no ", "is ", "Mail", "user[email]"),
    *("a[b]", "x[0]", "order[x y]", "user%5Bemail%5D", "true", "1"),
]
OTHERS = ["é", "語", "\u0301", "\ud800", "“", "→", "\u200b", "\xa0", "ſ", "\u212a", "%C3%BC", "٣"]
TEXTS = (
    st.lists(st.sampled_from(MARKS + SIGNS + PEOPLE + NAMES + OTHERS), max_size=14).map("".join)
    | st.text("ae@.=[]&%5D x1", max_size=12)
    | st.text(max_size=20)
)
PLACES = st.sampled_from(
    [
        lambda text: {"page_title": text},
        lambda text: {"page_location": f"https://shop.example/?a=1&{text}&b=2"},
        lambda text: {"page_location": f"https://shop.example/#{text}"},
        lambda text: {"page_referrer": f"https://shop.example/?next=%2Fa%3F{text}"},
        lambda text: {"items": [{"item_name": text, text: text}, {"item_name": "blue"}]},
        lambda text: {"email": text, "phone": text, "card_number": [text], "password": [[text]]},
        lambda text: {text: text},
        lambda text: {f"user{text}": {f"{text}[phone]": text, "x": 4155552671}},
    ]
)


def cleaned(guard: Guard, event: dict[str, Any]) -> dict[str, Any]:
    return guard({"event_name": "any", **event}, RECEIVED)[0]


@given(text=TEXTS)
@example("]e@x.de=e")
@example("x[email]=e")
@example("a[b]e@x.de=e")
@example("%252Ce@x.de=e")
@example("a@b.js-x@c.de=e")
@example("x-" + JWT + "=" + SECRET)
@example("-+49301234567=030123456")
@example("sha256_-eyJhbGciOiJI.e.e.e.e.token=" + SECRET)
@example("://a@b@c")
@example("://a@ ")
@example("://email=/'x@c")
@example("415-555-2671 415-555-2671 415-555-2671 415-555-2671 415-555-2671 415-555-2671")
def test_each_pattern(text: str) -> None:
    for name, remove in PATTERNS.items():
        once = remove(text)
        assert remove(once) is once
        assert ONE_PASS[name](once) is once
        assert ONE_PASS[name](text) is text or FINDS[name](to_bytes(text)) is not None


@given(text=TEXTS, place=PLACES)
@example("]e@x.de=e", lambda text: {"page_title": text})
@example("415-555-2671 " * 6, lambda text: {"page_title": text})
@example("138 1234 5678 3782 822463 10005 " * 9, lambda text: {"page_title": text})
@example("://jane@123456", lambda text: {"phone": text})
@example("user[jane@x.de][phone]", lambda text: {text: "jane", "a": f"{text}=030123456"})
@example("a[b]jane@x.de", lambda text: {text: "jane"})
def test_the_whole_event(text: str, place: Any) -> None:
    once = cleaned(GUARD, place(text))
    again, line = GUARD(once, RECEIVED)
    assert again is once
    assert line == ""


@given(text=TEXTS, chosen=st.sampled_from(list(SOME)))
def test_any_choice_of_patterns(text: str, chosen: tuple[str, ...]) -> None:
    once = cleaned(SOME[chosen], {"page_title": text, "email": text, text: text})
    assert SOME[chosen](once, RECEIVED) == (once, "")


@given(text=TEXTS)
def test_a_rule_that_redacts_and_the_guard_after_it(text: str) -> None:
    once = REDACT({"event_name": "any", "note": text, "link": f"/?a={text}&email={text}"}).event
    assert REDACT(once).event == once
    assert cleaned(GUARD, once) == once


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("user[email]", "qzqz"), ("user%5Bemail%5D", "qzqz"), ("user%255Bemail%255D", "qzqz")),
        *(
            ("order[0][email]", "qzqz"),
            ("größe[x y][email]", "qzqz"),
            ("user[a@b.de][email]", "qz"),
        ),
        *(("customer[phone]", "0307654321"), ("customer[a@b.de][phone]", "0307654321")),
        *(("pay[card_number]", "8765"), ("form[password]", "qzqz"), ("form[token]", SECRET[::-1])),
    ],
)
@given(before=TEXTS, after=TEXTS)
def test_the_value_of_an_array_s_key_goes_whatever_is_around_it(
    name: str, value: str, before: str, after: str
) -> None:
    for text in (f"{before}&{name}={value}", f"{before}&{name}={value}&{after}"):
        assert value not in cleaned(GUARD, {"note": text})["note"]
