"""What today's configuration decides about an event that was recorded earlier."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.decision import Verdict
from gateway.pipeline.replaying import NOT_WHOLE, compile_redecision
from gateway.stages.anonymise import ANONYMISED

NOW = 1_800_000_000.0
EVENT: dict[str, Any] = {
    "event_name": "purchase",
    "event_id": "e-1",
    "timestamp": NOW - 100,
    "value": 5,
    "client_id": "1.2",
    "consent": {"ad_storage": "granted", "analytics_storage": "denied"},
}


def redecide(destination: str, words: str = "", now: float = NOW, **fields: Any) -> Verdict:
    settings = parse_settings(
        f"""
sources: {{site: {{type: collect}}}}
enrichment: []
consent: {{regions: [{{in: [DE], default: {{ad_storage: denied}}}}],
  default: {{ad_storage: granted}}}}
rules: [{{name: global, set: {{seen: today}}}}]
destinations: {{ads: {{type: webhook, url: "https://ads.example/", {destination}}}}}
"""
    )
    received = Received("site", NOW - 100)
    return compile_redecision(settings, "ads")({**EVENT, **fields}, received, words, now)


def test_the_rules_of_the_destination_run_and_those_for_every_event_do_not() -> None:
    verdict = redecide("consent: [], rules: [{name: own, set: {own: 1}}]")
    assert verdict.event is not None
    assert verdict.event["own"] == 1
    assert "seen" not in verdict.event
    assert verdict.applied == ("own",)


@pytest.mark.parametrize(
    ("destination", "stage"),
    [
        ("consent: [ad_storage]", ""),
        ("consent: [analytics_storage]", "consent"),
        ("consent: [], when: {event_name: refund}", "when"),
        ("consent: [], rules: [{when: {value: 5}, drop: true}]", "destination rules"),
        ("consent: [], delivery: {max_age: 60}", "age"),
    ],
)
def test_what_withholds_an_event_today(destination: str, stage: str) -> None:
    assert redecide(destination).stage == stage


def test_the_age_of_today_counts() -> None:
    assert redecide("consent: [], delivery: {max_age: 3600}").stage == ""
    assert redecide("consent: [], delivery: {max_age: 3600}", now=NOW + 3600).stage == "age"


def test_an_event_without_its_time_has_that_of_its_receipt() -> None:
    event = {name: value for name, value in EVENT.items() if name != "timestamp"}
    settings = parse_settings(
        """
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://ads.example/", consent: []}}
"""
    )
    decide = compile_redecision(settings, "ads")
    assert decide(event, Received("site", NOW), "", NOW).event is not None
    assert decide(event, Received("site", NOW), "", NOW + 10 * 86_400).stage == "age"


@pytest.mark.parametrize(
    ("words", "country", "stage"),
    [
        ("ad_storage granted (event); analytics_storage denied (event)", "DE", ""),
        ("ad_storage granted (default); analytics_storage denied (event)", "DE", "consent"),
        ("ad_storage granted (default of source site)", "DE", "consent"),
        ("ad_storage granted (default)", "US", ""),
    ],
)
def test_a_default_of_then_must_be_one_of_today(words: str, country: str, stage: str) -> None:
    verdict = redecide("consent: [ad_storage]", words, event_location={"country": country})
    assert verdict.stage == stage


def test_a_denial_of_then_holds_whatever_the_default_is_today() -> None:
    denied = {"ad_storage": "denied"}
    verdict = redecide("consent: [ad_storage]", "ad_storage denied (default)", consent=denied)
    assert verdict.stage == "consent"


def test_a_denial_by_a_rule_of_then_holds_although_the_default_had_granted() -> None:
    words = "ad_storage granted (default); analytics_storage granted (default)"
    denied = {"ad_storage": "denied", "analytics_storage": "denied"}
    verdict = redecide("consent: [ad_storage]", words, consent=denied)
    assert verdict.stage == "consent"
    kept = redecide("consent: []", words, consent=denied)
    assert kept.event is not None
    assert kept.event["consent"] == denied
    assert "client_id" not in kept.event


def test_what_was_anonymised_stays_so() -> None:
    verdict = redecide("consent: []", **{ANONYMISED: True})
    assert (verdict.event, verdict.reason) == (None, NOT_WHOLE)
    verdict = redecide("consent: [ad_storage], on_denied: anonymise", **{ANONYMISED: True})
    assert verdict.event is not None
    assert verdict.event[ANONYMISED] is True
    assert "client_id" not in verdict.event


def test_an_event_that_may_not_be_sent_whole_is_anonymised() -> None:
    verdict = redecide("consent: [analytics_storage], on_denied: anonymise")
    assert verdict.event is not None
    assert verdict.event[ANONYMISED] is True
    assert verdict.event["event_id"] == "e-1"
