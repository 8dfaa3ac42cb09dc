"""Destinations that may have the same data share one event, which is stored once."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.append_batch import AppendBatch

ADDRESS = "8.8.8.8"
MOST = "{type: webhook, url: 'https://shop.example/', consent: [], "
CHOICES = {"full": ADDRESS, "anonymised": "8.8.8.0", "none": None}


def decide(*destinations: str) -> Decision:
    named = "".join(f"\n  d{number}: {MOST}{each}}}" for number, each in enumerate(destinations))
    text = f"sources: {{site: {{type: collect}}}}\nenrichment: []\ndestinations:{named}"
    event = {"event_name": "purchase", "event_id": "1", "value": 5}
    pipeline = compile_pipeline(parse_settings(text, environment={}))
    return pipeline(event, Received("site", 1_795_000_000.0, ADDRESS))


@given(choices=st.lists(st.sampled_from(sorted(CHOICES)), min_size=1, max_size=6))
def test_one_event_and_one_payload_for_each_choice_of_the_address(choices: list[str]) -> None:
    decision = decide(*(f"ip: {choice}" for choice in choices))
    sent = [verdict.event for verdict in decision.verdicts.values()]
    for event, choice in zip(sent, choices, strict=True):
        assert event is not None
        assert event.get("ip_override") == CHOICES[choice]
    for (one, its), (other, others) in combinations(zip(sent, choices, strict=True), 2):
        assert (one is other) == (its == others)
    assert len(AppendBatch([decision]).payloads) == len(set(choices))


@pytest.mark.parametrize(
    ("rules", "payloads"),
    [
        (["", "rules: [{remove: [value]}]"], 2),
        (["rules: [{when: {value: 6}, drop: true}]", ""], 1),  # not met, so nothing is recorded
        (["rules: [{name: a, lower: [page_title]}]", ""], 2),  # met, so its name is recorded
    ],
)
def test_a_rule_of_its_own_parts_a_destination_from_the_others(
    rules: list[str], payloads: int
) -> None:
    assert len(AppendBatch([decide(*rules)]).payloads) == payloads


def test_a_rule_of_one_destination_leaves_the_event_of_the_others() -> None:
    verdicts = decide("rules: [{set: {value: 6}}]", "ip: anonymised", "").verdicts
    values = [(verdict.event or {})["value"] for verdict in verdicts.values()]
    assert values == [6, 5, 5]
