"""Texts made to keep the PII guard busy: its work for one event is bounded, and no text that it has
not searched is kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from gateway.configuration.settings import Settings
from gateway.event import Event, Received, read_event
from gateway.pipeline.compile import Pipeline, compile_pipeline
from gateway.queue.entry import Entry
from gateway.stages.bound_counts import unsearched_counter
from gateway.stages.pii import PiiGuardSettings, cleaning, compile_guard, found_too_much
from gateway.stages.pii.work import MAX_WORK, work_of
from gateway.web import deciding
from gateway.web.deciding import Decider
from gateway.web.long_work import LongWork
from tests.hostile.payloads import text_of

GUARD = compile_guard(PiiGuardSettings())
RECEIVED = Received("site", 1_770_000_000.0)

UNITS = [
    "password=x&",
    "password=1&",
    "email=x&",
    "password%3Dx%26",
    "jane@shop.example ",
    "a@",
    "%2540",
    "4111 1111 1111 1111 ",
    "+49 30 1234567 ",
    "138 1234 5678+378282246310005+",
    "code=aB1cD2eF3gH4iJ5k6&",
    "eyJhbGciOiJI.eyJzdWIi.c2ln ",
    "https://jane:pw@",
    "a[b][email]=x&",
    "[",
]


def event_with(fields: dict[str, Any]) -> Event:
    return read_event({"event_name": "page_view", **fields})


SHAPES: dict[str, Callable[[str], Event]] = {
    "60 fields": lambda unit: event_with({f"f{n}": text_of(unit, 2000) for n in range(60)}),
    "one field": lambda unit: event_with({"f": text_of(unit, 120_000)}),
    "short texts": lambda unit: event_with({"f": [unit] * 4800}),
    "names": lambda unit: event_with({"f": [{f"{unit}{n}": 1} for n in range(2400)]}),
    "long names": lambda unit: event_with({f"{text_of(unit, 1200)}{n}": 1 for n in range(90)}),
}


@pytest.fixture(scope="module")
def pipeline(settings: Settings) -> Pipeline:
    return compile_pipeline(settings)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_event_is_more_than_a_bounded_number_of_normal_ones(shape: str, unit: str) -> None:
    """The factor is generous: without the bound, these events took up to 20,000 times as long as
    a normal one."""
    event = SHAPES[shape](unit)
    url = "https://shop.example/order?email=jane%40shop.example&utm_source=mail"
    normal = event_with({"page_location": url, "page_title": "Your order"})
    GUARD(normal, RECEIVED)
    assert _seconds(event) < 3_000 * _seconds(normal)


def _seconds(event: Event) -> float:
    def once() -> float:
        started = time.process_time_ns()
        GUARD(event, RECEIVED)
        return (time.process_time_ns() - started) / 1e9

    return max(min(once() for _ in range(3)), 20e-6)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_kept_that_was_not_searched(
    monkeypatch: pytest.MonkeyPatch, shape: str, unit: str
) -> None:
    event, _ = GUARD(SHAPES[shape](unit), RECEIVED)
    monkeypatch.setattr(cleaning, "MAX_WORK", 10**9)
    assert GUARD(event, RECEIVED) == (event, "")


def test_texts_beyond_the_bound_are_removed_and_named() -> None:
    fields = {f"f{number}": text_of("password=x&", 8000) for number in range(60)}
    event, words = GUARD(event_with({**fields, "page_title": "jane@shop.example"}), RECEIVED)
    assert [name for name in fields if event[name] != "[redacted]"] == ["f0"]
    assert "password=x" not in str(event)
    assert "removed completely because there is too much text to search: f" in words
    assert words.endswith(" other places")
    assert event["page_title"] == "[email]"


def test_a_long_text_with_little_in_it_is_searched() -> None:
    text = "Order of jane@shop.example, " + "a long story " * 4000
    event, words = GUARD(event_with({"note": text}), RECEIVED)
    assert event["note"] == text.replace("jane@shop.example", "[email]")
    assert words == "removed 1 e-mail from note"


def test_a_text_without_anything_to_find_is_no_work() -> None:
    event = event_with({"pad": "x" * 1_000_000, "more": ["plain text"] * 4000})
    assert GUARD(event, RECEIVED) == (event, "")


def test_links_with_an_address_in_every_item_of_a_cart_are_searched() -> None:
    items = [{"item_id": f"S-{n}", "link": f"/s/{n}?email=j%40shop.example"} for n in range(200)]
    event, words = GUARD(event_with({"items": items}), RECEIVED)
    assert not found_too_much(words)
    assert {item["link"].partition("?")[2] for item in event["items"]} == {"email=[email]"}


@given(st.lists(st.sampled_from(UNITS), max_size=20), st.integers(1, 50))
def test_work_grows_with_the_text_and_no_faster(units: list[str], times: int) -> None:
    text = "".join(units)
    assert work_of(text) <= work_of(text * times) <= times * work_of(text) + times * 60 * 4


@given(st.text(max_size=200), st.sampled_from(UNITS))
def test_a_text_with_more_work_than_an_event_may_be_is_never_kept(text: str, unit: str) -> None:
    crafted = text + unit * 8000
    if work_of(crafted) > MAX_WORK:
        event, words = GUARD(event_with({"f": crafted}), RECEIVED)
        assert event["f"] == "[redacted]" or words == ""


def test_the_trace_says_it_and_the_counters_count_it(pipeline: Pipeline) -> None:
    decision = pipeline(event_with({"f": text_of("password=x&", 120_000)}), RECEIVED)
    step = next(step for step in decision.steps if step.stage == "pii guard")
    assert step.words == "removed completely because there is too much text to search: f"
    assert unsearched_counter("site") in decision.counts
    sent = decision.verdicts["all"].event
    assert sent is not None
    assert sent["f"] == "[redacted]"


def test_a_neighbours_event_arrives_meanwhile(
    web: TestClient, stored: Callable[[], list[Entry]], neighbour_arrives: Callable[[], bool]
) -> None:
    for shape in SHAPES.values():
        body = json.dumps(shape("password=x&"))
        assert web.post("/collect", content=body).status_code == 204
        assert neighbour_arrives()
    assert "password=x" not in json.dumps([entry.event for entry in stored()])


def test_other_requests_have_their_turn_between_the_events_of_a_batch(
    monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    monkeypatch.setattr(deciding, "TURN_SECONDS", -1.0)
    order: list[str] = []

    def decide(event: Event, received: Received) -> Any:
        order.append("event")
        return pipeline(event, received)

    async def neighbour() -> None:
        for _ in range(3):
            order.append("neighbour")
            await asyncio.sleep(0)

    async def both() -> None:
        decider = Decider(decide, LongWork())
        events = [event_with({}) for _ in range(3)]
        await asyncio.gather(decider.decide(events, RECEIVED), neighbour())

    asyncio.run(both())
    assert order == ["event", "neighbour"] * 3
