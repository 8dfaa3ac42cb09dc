"""Google Analytics' session, from the cookies that gtag.js keeps for each stream."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.identity.ga_session import Session, read_session

NEW = "GS2.1.s1795289657$o3$g1$t1795289690$j60$l0$h171510394"
OLD = "GS1.1.1795289657.3.1.1795289690.60.0.171510394"


@pytest.mark.parametrize(
    ("cookie", "session"),
    [
        (NEW, Session("1795289657", 3, 1_795_289_690)),
        (NEW.replace("$", "%24"), Session("1795289657", 3, 1_795_289_690)),
        ("GS2.2.t20$o3$s10$dAbC", Session("10", 3, 20)),  # by letter, not by position
        ("GS2.1.s10$o3", Session("10", 3, 0)),
        ("GS2.1.s9$o2$t1$s10$o3$t20$s$ox", Session("10", 3, 20)),  # the last valid value
        (OLD, Session("1795289657", 3, 1_795_289_690)),
        ("GS1.1.1795289657.3.1.1795289690.60", Session("1795289657", 3, 1_795_289_690)),
        ("GS1.1-2.10.3.0.20.0.0.0", Session("10", 3, 20)),
        ("GS1.1.10.3", Session("10", 3, 0)),
        ("GS2.1.o3$t20", None),
        ("GS2.1.s10", None),
        ("GS2.1.sx$o3", None),
        ("GS1.1.10", None),
        ("GS3.1.s10$o3", None),
        ("GA1.1.10.3", None),
        ("", None),
    ],
)
def test_both_forms_of_the_cookie_are_read(cookie: str, session: Session | None) -> None:
    assert read_session(cookie) == session


@given(st.permutations([("s", 17), ("o", 4), ("g", 1), ("t", 99), ("j", 0), ("h", 5)]))
def test_the_order_of_the_letters_does_not_matter(letters: list[tuple[str, int]]) -> None:
    cookie = "GS2.1." + "$".join(f"{letter}{number}" for letter, number in letters)

    assert read_session(cookie) == Session("17", 4, 99)


@given(st.from_regex(r"GS[12]\.[0-9.]{0,4}[sot$0-9%.-]{0,40}", fullmatch=True) | st.text())
def test_any_text_is_answered(cookie: str) -> None:
    session = read_session(cookie)

    assert session is None or session.id.isdigit()


def test_the_event_gets_the_session_with_its_number(identify: Any) -> None:
    done = identify(f"_ga_ABC123={NEW}")

    assert done.event["ga_session_id"] == "1795289657"
    assert done.event["ga_session_number"] == 3
    assert "ga_session_id from _ga_<stream>" in done.line


def test_of_several_streams_the_one_hit_last_counts(identify: Any) -> None:
    jar = "_ga_A=GS2.1.s10$o1$t30; _ga_B=GS1.1.20.2.1.40.0; _ga_C=GS2.1.s30$o3$t35; _ga_D=x"

    done = identify(jar)

    assert (done.event["ga_session_id"], done.event["ga_session_number"]) == ("20", 2)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ({"ga_session_id": "1795289657"}, 3),
        ({"ga_session_id": "5"}, None),
        ({"ga_session_id": "1795289657", "ga_session_number": 7}, 7),
        ({"ga_session_number": 7}, 7),
    ],
)
def test_what_the_event_says_stays_and_gets_no_number_of_another_session(
    identify: Any, said: dict[str, Any], number: int | None
) -> None:
    done = identify(f"_ga_A={NEW}", said)

    assert done.event.items() >= said.items()
    assert done.event.get("ga_session_number") == number


def test_without_analytics_storage_no_session_is_read(identify: Any) -> None:
    done = identify(f"_ga_A={NEW}", {"consent": {"ad_storage": "granted"}}, {"consent": []})

    assert "ga_session_id" not in done.event
    assert "ga_session_number" not in done.event
