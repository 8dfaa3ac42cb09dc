"""Marks are final where the guard wrote them, and keys where a form sends an array."""

from typing import Any

import pytest

from gateway.event import Received
from gateway.stages.pii import PiiGuardSettings, compile_guard
from gateway.stages.pii.marks import ends_with_final_mark, is_only_marks
from gateway.stages.pii.patterns import PATTERNS

GUARD = compile_guard(PiiGuardSettings())
SECRET = "9f86d081884c7d659a2feaa0c55ad015"
JWT = "eyJhbGciOiJI.e.e"
LONG_KEY = "x" * 500


def is_final(text: str) -> bool:
    encoded = text.encode()
    final = ends_with_final_mark(encoded, len(encoded))
    assert final == ends_with_final_mark(encoded + b"=[email]", len(encoded))
    return final


def cleaned(event: dict[str, Any]) -> dict[str, Any]:
    result, _ = GUARD({"event_name": "any", **event}, Received("site", 0.0))
    assert GUARD(result, Received("site", 0.0)) == (result, "")
    return {name: value for name, value in result.items() if name != "event_name"}


@pytest.mark.parametrize("before", ["", "?", "a&", "Hello ", "[", "][", "“", "%2C", "%252C", "x]"])
@pytest.mark.parametrize("mark", ["[email]", "[card][email]"])
def test_a_mark_is_final_where_no_array_is_named(before: str, mark: str) -> None:
    assert is_final(f"{before}{mark}")


@pytest.mark.parametrize("mark", ["[phone]", "[token]"])
def test_with_a_value_that_speaks_for_itself_a_bracket_before_is_enough(mark: str) -> None:
    assert is_final(f"?{mark}")
    assert not is_final(f"]{mark}")


@pytest.mark.parametrize(
    "before",
    [
        *("user", "user-", "user_", "user.", "u5", "größe", "gro\u0308", "%41bc", "gr%C3%BC"),
        *("user[0]", "user[]", "user[a][b]", "user[first name]", "user[[card]]"),
        *(f"user[{LONG_KEY}]", f"user[{LONG_KEY}][b]"),
    ],
)
def test_a_mark_after_the_name_of_an_array_is_a_key(before: str) -> None:
    assert not is_final(f"{before}[email]")


@pytest.mark.parametrize("text", ["", "email", "[Email]", "[name]", "[email] ", "[email]\n", "a]"])
def test_what_is_no_mark(text: str) -> None:
    assert not is_final(text)
    assert not is_only_marks(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("]e@x.de=e", "][email]=e"),
        ("x]e@x.de=e", "x][email]=e"),
        ("?a.e@x.de=e", "?[email]=e"),
        ("/a?e%40x.de=e", "/a?[email]=e"),
        ("%2Ce@x.de=e", "%2C[email]=e"),
        ("%252Ce%2540x.de%253De", "%252C[email]%253De"),
        ("%255De@x.de=e", "%255D[email]=e"),
        ("Hello e@x.de=e", "Hello [email]=e"),
        ("“e@x.de”=e", "“[email]”=e"),
        ("?[email]=e", "?[email]=e"),
        ("?+49301234567=0301234", "?[phone]=0301234"),
        (f"?{JWT}={SECRET}", f"?[token]={SECRET}"),
    ],
)
def test_the_value_after_a_final_mark_stays(text: str, expected: str) -> None:
    assert cleaned({"note": text}) == {"note": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user[email]=ada", "user[email]=[email]"),
        ("?user[email]=ada&a=1", "?user[email]=[email]&a=1"),
        ("?user%5Bemail%5D=ada&a=1", "?user%5Bemail%5D=[email]&a=1"),
        ("?next=%2Fa%3Fuser%255Bemail%255D%3Dada", "?next=%2Fa%3Fuser%255Bemail%255D%3D[email]"),
        ("#order[0][email]=ada", "#order[0][email]=[email]"),
        ("?größe[email]=ada", "?größe[email]=[email]"),
        (f"?user[{LONG_KEY}][email]=ada", f"?user[{LONG_KEY}][email]=[email]"),
        ("?customer[phone]=030123456", "?customer[phone]=[phone]"),
        ("?customer[tel]=030123456", "?customer[tel]=[phone]"),
        ("?user[jane@x.de][phone]=030123456", "?user[[email]][phone]=[phone]"),
        ("://user[jane@x.de][phone]=030123456", "://x.de][phone]=[phone]"),
        ("?email=user['a'][email]=ada", "?email=[email]'a'][email]=[email]"),
        ("?payment[cvv]=123", "?payment[cvv]=[card]"),
        ("?payment[card_number]=1234", "?payment[card_number]=[card]"),
        (f"?form[token]={SECRET}", "?form[token]=[token]"),
        ("?form[password]=hunter2", "?form[password]=[token]"),
        ("?[Email]=ada", "?[Email]=[email]"),
        ("a[b]e@x.de=e", "a[b][email]=[email]"),  # as a form sends a[b][email]=e
    ],
)
def test_the_value_of_a_key_that_tells_goes(text: str, expected: str) -> None:
    assert cleaned({"note": text}) == {"note": expected}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"customer[email]": "jdoe"}, {"customer[email]": "[email]"}),
        ({"order[0][phone]": 4155552671}, {"order[0][phone]": "[phone]"}),
        ({"[email]": "hello"}, {"[email]": "hello"}),
        ({"note from jane@x.de": "hello"}, {"note from [email]": "hello"}),
        ({"a[b]jane@x.de": "hello"}, {"a[b][email]": "[email]"}),
    ],
)
def test_the_same_holds_for_the_fields_of_an_event(
    event: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert cleaned(event) == expected


@pytest.mark.parametrize("mark", ["[email]", "[phone]", "[card]", "[token]", "[redacted]"])
def test_a_mark_stays_as_it_is_also_as_a_value(mark: str) -> None:
    for text in (mark, f"?email={mark}", f"?token={mark}", f"a%3Fphone%3D{mark}"):
        assert all(remove(text) is text for remove in PATTERNS.values())
        assert cleaned({"note": text, "email": mark}) == {"note": text, "email": mark}


@pytest.mark.parametrize("text", ["?email=[email]x", "?email=x[card]", "?email=[mail]"])
def test_a_mark_hides_nothing_in_the_rest_of_a_value(text: str) -> None:
    assert cleaned({"note": text}) == {"note": "?email=[email]"}
