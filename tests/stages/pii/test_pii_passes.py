"""Passes are repeated until nothing changes, up to a limit."""

import pytest

from gateway.event import Received
from gateway.stages.pii import PiiGuardSettings, compile_guard
from gateway.stages.pii.passes import MAX_PASSES, repeated
from gateway.stages.pii.patterns import PATTERNS

GUARD = compile_guard(PiiGuardSettings())
RECEIVED = Received("site", 0.0)


def one_less(text: str) -> str:
    return text.removeprefix("x")


def found(_: bytes) -> bool:
    return True


def nothing_found(_: bytes) -> None:
    return None


def cleaned(text: str) -> str:
    event, _ = GUARD({"event_name": "any", "note": text}, RECEIVED)
    assert GUARD(event, RECEIVED) == (event, "")
    note: str = event["note"]
    return note


@pytest.mark.parametrize("count", range(MAX_PASSES))
def test_what_comes_to_rest_in_time_is_kept(count: int) -> None:
    assert repeated(one_less, found, "whole")("x" * count + "rest") == "rest"


@pytest.mark.parametrize("count", [MAX_PASSES, MAX_PASSES + 1, 100])
def test_what_does_not_is_removed_whole(count: int) -> None:
    assert repeated(one_less, found, "whole")("x" * count + "rest") == "whole"


def test_a_text_that_needs_no_change_is_the_same_object_after_one_pass() -> None:
    calls = []
    text = "".join(["re", "st"])
    assert repeated(lambda each: calls.append(each) or each, found, "whole")(text) is text
    assert calls == [text]


def test_a_text_with_nothing_to_find_is_the_same_object_without_a_pass() -> None:
    assert repeated(one_less, nothing_found, "whole")("xrest") == "xrest"


def test_one_removal_may_uncover_another() -> None:
    assert cleaned("415-555-2671 378282246310005 415-555-2672") == "[phone] [card] [phone]"
    assert cleaned("://jane:pw@joe:pw@x.de/") == "://x.de/"


def test_a_text_in_which_every_removal_uncovers_one_more_is_removed_whole() -> None:
    assert cleaned("138 1234 5678 3782 822463 10005 " * 50) == "[redacted]"
    assert PATTERNS["phone"]("138 1234 5678+378282246310005+" * 50) == "[phone]"


def test_a_field_that_its_name_tells_is_looked_at_again_after_cleaning() -> None:
    event, _ = GUARD({"event_name": "any", "phone": "://jane@123456"}, RECEIVED)
    assert event["phone"] == "[phone]"
    assert GUARD(event, RECEIVED) == (event, "")
