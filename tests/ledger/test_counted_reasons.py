"""The reasons by which withheld events are counted: no sender can create many."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received, read_event
from gateway.ledger.counted_reasons import counted_reason
from gateway.pipeline.compile import compile_pipeline

CONFIG = """
sources: {site: {type: collect}}
enrichment: []
schemas:
  purchase:
    on_mismatch: drop
    schema: {properties: {value: {type: number}}, maxProperties: 1, additionalProperties: false}
destinations:
  ads: {type: webhook, url: "https://ads.example/", consent: [], delivery: {max_age: 86400}}
"""


@pytest.fixture(scope="module")
def decide() -> Any:
    return compile_pipeline(parse_settings(CONFIG, environment={}))


def counted(decide: Any, event: dict[str, Any]) -> tuple[str, str]:
    """The reason for which an event is withheld, and the reason by which it is counted."""
    decision = decide(read_event(event), Received("site", time.time()))
    verdict = decision.verdicts["ads"]
    assert verdict.decision == "withheld"
    return verdict.reason, counted_reason(verdict.stage, verdict.reason)


def test_a_mismatch_is_counted_by_its_schema(decide: Any) -> None:
    found = [
        counted(decide, {"event_name": "purchase", "event_id": "1", **fields})
        for fields in ({"value": "x"}, {"any_name": 1}, {"another": {"a; b": ": "}})
    ]
    assert len({reason for reason, _ in found}) == 3
    assert {by for _, by in found} == {"does not match schemas.purchase"}


def test_age_is_counted_by_the_limit(decide: Any) -> None:
    found = [
        counted(decide, {"event_name": "any", "event_id": "1", "timestamp": time.time() - seconds})
        for seconds in (100_000, 150_000, 180_000)
    ]
    assert len({reason for reason, _ in found}) == 3
    assert {by for _, by in found} == {
        "the event is too old; ads accepts events up to 24 hours old",
    }


@pytest.mark.parametrize(
    ("stage", "reason"),
    [("consent", "no consent for ads; nobody can speak"), ("rules", "a rule: it said so")],
)
def test_other_words_are_counted_as_they_are(stage: str, reason: str) -> None:
    assert counted_reason(stage, reason) == reason
