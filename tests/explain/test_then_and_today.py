"""The recorded decision about an event, compared with that of today's configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.masked_text import without_secrets
from gateway.configuration.settings import Settings
from gateway.explain.explain import Explanation
from gateway.explain.then_and_today import (
    GONE,
    NEVER_AGAIN,
    NO_ANSWER,
    WITHHELD_EVERYWHERE,
    ThenAndToday,
)
from gateway.ledger.answers import Ending, Story
from gateway.ledger.recorded import NOT_KEPT, REDACTED, Recorded

NOW = 1_795_000_000.0
GRANTED = {"ad_storage": "granted", "analytics_storage": "granted"}
WORDS = "ad_storage granted (event); analytics_storage granted (event)"
CONFIG = """
sources: {site: {type: collect}}
enrichment: []
consent: {regions: []}
rules: [{name: for all, set: {seen: true}}]
destinations:
  hook:
    type: webhook
    url: https://hook.example/
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    consent: [ad_storage]
    when: {event_name: purchase}
    rules: [{name: own, set: {own: 1}}]
"""
THEN = parse_settings(CONFIG)
EVENT = {"event_name": "purchase", "event_id": "e-1", "timestamp": NOW - 60}
STORY = Story("r", NOW - 60, "purchase", "site", True, THEN.version, WORDS, EVENT, [])
SENT = Ending("hook", 1, "delivered")


def withheld(stage: str, reason: str) -> Ending:
    return Ending("hook", 1, "withheld", stage, reason)


def compare(
    today: Settings = THEN, ending: Ending | None = SENT, kept: bool = True, **recorded: Any
) -> Explanation:
    """Explains the recorded event. ending: at `hook`. kept: whether the configuration of then is
    stored. recorded: what differs in the record."""
    record = Recorded(
        receipt="r",
        received_at=NOW - 60,
        name="purchase",
        source="site",
        trusted=True,
        version=THEN.version,
        consent=WORDS,
        states=GRANTED,
        event=EVENT,
        applied=["for all", "own"],
        visitors=(),
        stated=(),
        passage=1 if ending else 0,
        ending=ending.ending if ending else "missing",
        stage=ending.stage if ending else "",
        reason=ending.reason if ending else "",
        excluded=False,
        unconfirmed=False,
    )
    text = without_secrets(THEN) if kept else None
    compared = ThenAndToday(today, {THEN.version: text}.get, NOW)
    story = replace(STORY, endings=[ending] if ending else [])
    return compared.explain(story, {"hook": replace(record, **recorded)})


def hook(explained: Explanation) -> Explanation:
    found: Explanation = explained["destinations"]["hook"]
    return found


def changed(old: str, new: str) -> Settings:
    assert old in CONFIG
    return parse_settings(CONFIG.replace(old, new))


def test_with_the_same_configuration_the_same_is_decided() -> None:
    explained = compare()
    one = hook(explained)
    assert explained["changes"] == one["changes"] == []
    assert explained["then"] == {"version": THEN.version, "kept": True, "rules": ["for all"]}
    assert one["then"] == {"decision": "send", "stage": "", "reason": "", "rules": ["own"]}
    assert one["same"] is True
    assert one["note"] == ""


def test_the_request_and_what_the_destination_changes_are_shown_without_secrets() -> None:
    today = hook(compare())["today"]
    assert today["rules"] == ["own"]
    assert today["trace"] == ["own: met"]
    assert {"field": "own", "after": 1} in today["changed"]
    (request,) = today["requests"]
    assert request["url"] == "https://hook.example/"
    assert request["body"]["data"]["own"] == 1
    assert "whsec" not in str(today)


def test_the_rules_for_every_event_are_not_applied_again() -> None:
    assert "seen" not in hook(compare())["today"]["requests"][0]["body"]["data"]


def test_another_decision_names_what_was_changed() -> None:
    explained = compare(changed("event_name: purchase", "event_name: refund"))
    one = hook(explained)
    assert (one["today"]["decision"], one["today"]["stage"]) == ("withheld", "when")
    assert one["same"] is False
    assert one["changes"] == ["when was changed"]


def test_rules_of_then_that_have_gone_are_named() -> None:
    explained = compare(changed("name: for all", "name: another"))
    assert explained["changes"] == ["rule 'for all' was removed", "rule 'another' was added"]
    assert explained["then"]["rules"] == ["for all"]


def test_withheld_for_consent_stays_withheld_while_the_consent_is_needed() -> None:
    denied = withheld("consent", "no consent for ad_storage")
    one = hook(compare(ending=denied, states={**GRANTED, "ad_storage": "denied"}))
    assert (one["today"]["decision"], one["same"]) == ("withheld", True)


def test_a_replay_never_overrules_want_of_consent() -> None:
    denied = withheld("consent", "no consent for ad_storage")
    needless = changed("consent: [ad_storage]", "consent: []")
    one = hook(compare(needless, denied, states={**GRANTED, "ad_storage": "denied"}))
    assert (one["today"]["decision"], one["same"]) == ("send", False)
    assert one["note"] == NEVER_AGAIN


def test_the_age_is_that_of_then_and_a_replay_that_comes_too_late_is_named() -> None:
    strict = changed("when:", "delivery: {max_age: 30}\n    when:")
    old = {**EVENT, "timestamp": NOW - 60}
    one = hook(compare(strict, event=old))
    assert one["today"]["decision"] == "send"
    assert "`gateway replay` does not send it any more" in one["note"]


@pytest.mark.parametrize(
    ("ending", "recorded", "why"),
    [
        (SENT, {"event": None}, NOT_KEPT),
        (SENT, {"event": {"value": 1}}, REDACTED),
        (withheld("rules", "dropped by rule 'x'"), {"event": None}, WITHHELD_EVERYWHERE),
        (withheld("hold", "no answer came"), {}, NO_ANSWER),
        (Ending("hook", 1, "held"), {}, NO_ANSWER),
    ],
)
def test_what_cannot_be_decided_again_says_why(
    ending: Ending, recorded: dict[str, Any], why: str
) -> None:
    one = hook(compare(ending=ending, **recorded))
    assert one["today"] == {"unknown": why}
    assert one["same"] is None


def test_rules_that_were_not_stored_are_not_said_to_be_none() -> None:
    explained = compare(event=None, applied=())
    assert explained["then"]["rules"] is None
    assert hook(explained)["then"]["rules"] is None


def test_a_destination_that_is_gone_decides_nothing() -> None:
    one = hook(compare(changed("  hook:", "  other:")))
    assert one["today"] == {"unknown": GONE}
    assert one["changes"] == ["the destination was removed"]


def test_a_destination_that_was_added_later_had_no_decision() -> None:
    one = hook(compare(ending=None))
    assert (one["then"]["decision"], one["today"]["decision"]) == ("missing", "send")
    assert one["same"] is None


def test_what_its_sender_excluded_stays_excluded() -> None:
    one = hook(compare(ending=withheld("integrations", "excluded by its sender")))
    assert (one["today"]["decision"], one["same"]) == ("withheld", True)


def test_a_visitor_who_said_no_later_did_not_change_the_decision() -> None:
    one = hook(compare(ending=withheld("", "the visitor has denied it since")))
    assert (one["then"]["decision"], one["same"]) == ("send", True)


def test_without_the_configuration_of_then_no_change_is_claimed() -> None:
    explained = compare(kept=False)
    assert explained["then"] == {
        "version": THEN.version,
        "kept": False,
        "rules": ["for all", "own"],
    }
    assert explained["changes"] is hook(explained)["changes"] is None
    assert hook(explained)["same"] is True
