"""What the bounded cache keeps and what not; events share nothing that can change."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.enrichment import bot, browser, geo, user_agent
from gateway.system import bounded_cache
from gateway.system.bounded_cache import BoundedCache
from gateway.urls import page as page_url
from tests.support.enrichments import adding

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"


def test_a_question_is_asked_once() -> None:
    asked: list[str] = []

    def answer(question: str) -> int:
        asked.append(question)
        return len(question)

    lengths = BoundedCache(answer)
    assert [lengths["a"], lengths["bb"], lengths["a"]] == [1, 2, 1]
    assert asked == ["a", "bb"]


def test_a_question_that_is_not_worth_it_is_answered_and_not_kept() -> None:
    lengths = BoundedCache(len, lambda question: len(question) <= 3)
    assert [lengths["abcd"], lengths["abc"]] == [4, 3]
    assert list(lengths) == ["abc"]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_cache, "_MOST", 10)
    halves: BoundedCache[int, float] = BoundedCache(lambda number: number / 2)
    sizes = set()
    for number in range(100):
        assert halves[number] == number / 2
        sizes.add(len(halves))
    assert max(sizes) == 10


def test_an_error_is_not_remembered() -> None:
    inverses: BoundedCache[int, float] = BoundedCache(lambda number: 1 / number)
    with pytest.raises(ZeroDivisionError):
        inverses[0]
    assert not inverses


@given(questions=st.lists(st.text(max_size=4), max_size=60))
@settings(deadline=None)
def test_what_is_remembered_is_what_is_answered(questions: list[str]) -> None:
    remembers = BoundedCache(str.upper, lambda question: len(question) < 4)
    assert [remembers[each] for each in questions] == [each.upper() for each in questions]


def test_long_urls_and_headers_are_not_kept() -> None:
    pages = page_url.read_page_url.__self__  # type: ignore[attr-defined]
    url = f"https://shop.example/{'long' * 1_000}"
    assert page_url.read_page_url(url).hostname == "shop.example"
    assert url not in pages
    headers = {"sec-ch-ua": "x" * 5_000}
    assert browser.browser_of(Received("site", 0.0, headers=headers)).client_hints == {}
    assert tuple(map(headers.get, browser.BROWSER_HEADERS)) not in browser._browsers


def _lists_and_objects(value: Any) -> list[int]:
    if not isinstance(value, dict | list):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [id(value), *(each for part in inner for each in _lists_and_objects(part))]


@pytest.mark.parametrize(
    ("load", "name"), [(bot.load, "bot"), (user_agent.load, "device"), (geo.load, "event_location")]
)
def test_events_share_nothing_that_can_change(load: Any, name: str) -> None:
    add = adding(load())
    event = {"event_name": "x", "user_agent": CHROME, "ip_override": "8.8.8.8"}
    received = Received("site", 0.0, user_agent=CHROME)
    first, second = add(event, received)[name], add(event, received)[name]
    assert first == second
    assert not set(_lists_and_objects(first)) & set(_lists_and_objects(second))
