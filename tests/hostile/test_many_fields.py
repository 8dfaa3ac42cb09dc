"""Events with more keys, values and levels than sites send: the surplus is cut off and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from gateway.configuration.settings import Settings
from gateway.event import Received, read_event
from gateway.event.bounds import MAX_DEPTH, MAX_KEYS, MAX_VALUES, SURPLUS, TOO_MANY
from gateway.event.consent import STATEMENT_FIELDS
from gateway.event.mending import IGNORED
from gateway.pipeline.compile import Pipeline, compile_pipeline
from gateway.queue.entry import Entry
from gateway.stages.bound_counts import surplus_counter
from gateway.stages.consent.signals import _SIGNS
from tests.hostile.conftest import KEY
from tests.hostile.payloads import keys, nested

RECEIVED = Received("site", 1_770_000_000.0)
PAGE_VIEW = {"event_name": "page_view"}


def values_in(value: Any) -> int:
    if isinstance(value, dict):
        value = [*value.values()]
    return len(value) + sum(map(values_in, value)) if isinstance(value, list) else 0


def depth(value: Any) -> int:
    if isinstance(value, dict):
        value = [*value.values()]
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def most_keys(value: Any) -> int:
    if isinstance(value, dict):
        return max(len(value), *map(most_keys, value.values()), 0)
    return max(map(most_keys, value), default=0) if isinstance(value, list) else 0


PURCHASE = {
    "event_name": "purchase",
    "transaction_id": "T-1",
    "value": 99.5,
    "currency": "EUR",
    "user_data": {"email_address": "jane@shop.example", "address": {"city": "Bonn"}},
    "user_properties": keys(25),
    "items": [
        {"item_id": f"SKU-{number}", "price": 1, "quantity": 2, **keys(17)} for number in range(200)
    ],
}


@pytest.fixture(scope="module")
def pipeline(settings: Settings) -> Pipeline:
    return compile_pipeline(settings)


def test_a_purchase_of_200_items_with_20_fields_each_is_whole() -> None:
    assert read_event(PURCHASE) == PURCHASE


def test_an_event_with_as_many_keys_as_it_may_have_is_whole() -> None:
    event = {**PAGE_VIEW, **keys(MAX_KEYS - 1)}
    assert read_event(event) == event


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (keys(250), ["k198", "k199"]),
        ({"more": keys(MAX_KEYS + 2)}, ["more.k200", "more.k201"]),
        ({"user_properties": keys(201)}, ["user_properties.k200"]),
        ({"click_ids": {f"k{n}": "x" for n in range(201)}}, ["click_ids.k200"]),
        ({"items": [keys(201)]}, ["items.0.k200"]),
        ({"list": [0] * (MAX_VALUES + 1)}, ["list.4998"]),
        ({"a": nested(40)}, [".".join("a" * 32)]),
        ({"a" * 500: keys(201)}, [("a" * 64 + ".k200")[-64:]]),
    ],
)
def test_the_surplus_is_cut_off_and_named(fields: dict[str, Any], named: list[str]) -> None:
    event = read_event({**PAGE_VIEW, **fields})
    assert event[SURPLUS][: len(named)] == named
    assert event["event_name"] == "page_view"


def test_at_most_ten_are_named_and_the_others_counted() -> None:
    surplus = read_event({**PAGE_VIEW, **keys(80_000)})[SURPLUS]
    assert len(surplus) == 11
    assert surplus[-1] == "and 79792 more"


def test_known_fields_are_kept_before_others() -> None:
    event = read_event({**keys(1000), **PURCHASE})
    assert {name: event[name] for name in PURCHASE} == PURCHASE


@pytest.mark.parametrize("filler", [keys(1000), {"pad": [[]] * 6000}, {"value": None, **keys(900)}])
@pytest.mark.parametrize(
    "denial",
    [{"gcs": "G100"}, {"x-ga-npa": "1"}, {"us_privacy": "1YYN"}, {"consent": {"ad_user_data": 0}}],
)
def test_no_denial_is_cut_off(
    pipeline: Pipeline, filler: dict[str, Any], denial: dict[str, Any]
) -> None:
    alone = pipeline(read_event({**PAGE_VIEW, **denial}), RECEIVED).event["consent"]
    assert "denied" in alone.values()
    event = read_event({**PAGE_VIEW, **filler, **denial})
    assert SURPLUS in event
    assert pipeline(event, RECEIVED).event["consent"] == alone


def test_the_last_of_many_categories_can_deny() -> None:
    choices = {**{f"c{number}": True for number in range(500)}, "ads": False, "blank": ""}
    kept = read_event({**PAGE_VIEW, "consent_categories": choices})["consent_categories"]
    assert (kept["ads"], kept["blank"]) == (False, "")
    assert len(kept) == MAX_KEYS


def test_a_consent_with_too_many_keys_denies_everything() -> None:
    granted = {"ad_storage": "granted", **dict.fromkeys(keys(1000), "granted")}
    assert set(read_event({**PAGE_VIEW, "consent": granted})["consent"].values()) == {"denied"}


def test_all_that_states_consent_counts_as_known() -> None:
    assert set(STATEMENT_FIELDS) >= _SIGNS


json_values = st.recursive(
    st.none() | st.integers(-9, 9) | st.just("x"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.builds(lambda each, times: [each] * times, inner, st.integers(0, 400))
        | st.builds(lambda each, times: dict.fromkeys(keys(times), each), inner, st.just(300))
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "items", "user_data", "user_properties", "gcs", "Consent"]),
        json_values,
    ),
    st.integers(0, 300),
)
def test_whatever_is_sent_an_event_is_within_the_bounds(fields: dict[str, Any], more: int) -> None:
    if values_in(fields) > 50_000:
        return
    event = read_event({**PAGE_VIEW, **keys(more), **fields}, own_properties=True)
    assert values_in(event) <= MAX_VALUES + 100 + len(event)
    assert depth(event) <= MAX_DEPTH
    assert most_keys(event) <= MAX_KEYS + 4  # including those that the gateway adds
    assert len(event.get(SURPLUS, [])) <= 11


def test_the_trace_and_the_ignored_fields_name_the_surplus_and_the_counters_count_it(
    pipeline: Pipeline,
) -> None:
    decision = pipeline(read_event({**PAGE_VIEW, "bot": True, **keys(202)}), RECEIVED)
    step = decision.steps[0]
    assert step.stage == "normalise"
    assert step.words == (
        "ignored because only a trusted sender may set it: bot; "
        "removed because the event has too many fields: k197, k198, k199, k200, k201"
    )
    assert surplus_counter("site") in decision.counts
    sent = decision.verdicts["all"].event
    assert sent is not None
    assert SURPLUS not in sent
    assert decision.event[IGNORED][0] == {"field": "k197", "reason": TOO_MANY}


@pytest.mark.parametrize("forged", [7, "x", {"a": 1}, [None, 7, "\x1b[31m" + "x" * 500] * 50])
@pytest.mark.parametrize("field", [SURPLUS, IGNORED])
def test_what_a_sender_calls_like_a_field_of_ours_is_left_out(field: str, forged: object) -> None:
    assert read_event({**PAGE_VIEW, field: forged}) == PAGE_VIEW
    misfit = read_event({**PAGE_VIEW, "value": "x", field: forged})
    assert misfit == {**PAGE_VIEW, IGNORED: [{"field": "value", "reason": "not a number"}]}


def test_one_event_of_a_batch_is_cut_and_its_neighbours_are_whole(
    web: TestClient, stored: Callable[[], list[Entry]], neighbour_arrives: Callable[[], bool]
) -> None:
    large = {**PAGE_VIEW, **keys(50_000)}
    body = json.dumps([PAGE_VIEW, large, {**PAGE_VIEW, "mine": 1}])
    answer = web.post("/events", content=body, headers=KEY)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 3
    first, cut, last = [entry.event for entry in stored()]
    assert len(cut) < 2 * MAX_KEYS
    assert (first["event_name"], last["mine"]) == ("page_view", 1)
    assert neighbour_arrives()
