"""What the ledger records of the changes that stages make."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.load import parse_settings
from gateway.event import Event, Received, read_event
from gateway.pipeline.changed import (
    OTHER,
    changed_fields,
    marks_of_destinations,
    marks_of_stages,
)
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision

NOW = 1_800_000_000.0
CONFIG = """
server: {hash_salt: salt}
consent: {regions: [], default: {ad_storage: granted, analytics_storage: granted}}

rules:
  - {name: cents, when: {event_name: purchase}, set: {cents: 1}, rename: {note: remark}}
  - {name: less, when: {event_name: less}, keep_only: [value, page_location]}
  - {name: hashes, hash: [secret], remove: [gone, items.*.gone]}
sources: {site: {type: collect}}
destinations:
  all: {type: webhook, url: 'https://a.example/', ip: full}
  few:
    type: webhook
    url: 'https://b.example/'
    ip: anonymised
    purpose: advertising
    rules: [{set: {value: 2}}, {when: {event_name: less}, remove: [page_location]}]
  strict:
    type: webhook
    url: 'https://c.example/'
    consent: [ad_user_data]
    on_denied: anonymise
"""
DECIDE = compile_pipeline(parse_settings(CONFIG, "", {}))
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"}


def decide(event: dict[str, Any], trusted: bool = False) -> Decision:
    agent = BROWSER["user-agent"]
    received = Received("site", NOW, "203.0.113.9", agent, BROWSER, trusted=trusted)
    return DECIDE(read_event(event), received)


def whole_difference(before: Event, after: Event) -> set[str]:
    marks = {f"+{name}" for name in after.keys() - before.keys()}
    marks |= {f"-{name}" for name in before.keys() - after.keys()}
    shared = before.keys() & after.keys()
    return marks | {f"~{name}" for name in shared if before[name] != after[name]}


NAMES = ["note", "gone", "secret", "value", "currency", "client_id", "page_title", "cents"]
NAMES += ["device", "bot", "language", "campaign", "event_location", "ip_override", "integrations"]
EVENTS = st.fixed_dictionaries(
    {"event_name": st.sampled_from(["purchase", "less", "page_view"])},
    optional={
        **{name: st.sampled_from(["", "1", "mail ada@example.com", 3]) for name in NAMES},
        "page_location": st.sampled_from(
            ["https://shop.example/?utm_source=n&gclid=x1", "https://shop.example/a"]
        ),
        "items": st.just([{"item_id": "1", "price": 2, "gone": 1}]),
        "user_data": st.just({"email_address": "ada@example.com"}),
        "consent": st.sampled_from([{"ad_storage": "denied"}, {"ad_user_data": "granted"}]),
        "action_source": st.sampled_from(["website", "store"]),
    },
)


@given(EVENTS, st.booleans())
def test_it_is_the_whole_difference(event: dict[str, Any], trusted: bool) -> None:
    """Where only some fields are compared, no other field differs."""
    decision = decide(event, trusted)
    forms = [each.event for each in decision.verdicts.values() if each.event]
    changed = changed_fields(decision)
    of_stages, before = marks_of_stages(changed), decision.given
    kept = {name for form in forms for name in form}
    for stage, after, _ in decision.trace:
        if stage != "consent":
            told = {mark for mark in of_stages.get(stage, ()) if mark[1:] != OTHER}
            whole = whole_difference(before, after)
            assert told <= whole
            assert {mark for mark in whole - told if mark[1:] in kept} == set()
            assert bool(of_stages.get(stage)) == bool(whole)
        before = after
    of_destinations = marks_of_destinations(changed)
    for name, verdict in decision.verdicts.items():
        assert (name in of_destinations) == (verdict.event is not None)
        if verdict.event is not None:
            told = {mark for mark in of_destinations[name] if mark[1:] != OTHER}
            whole = whole_difference(decision.event, verdict.event)
            assert told <= whole
            assert {mark for mark in whole - told if mark[1:] in kept} == set()


@given(EVENTS, st.booleans())
def test_what_differs_in_the_address_alone_differs_in_nothing_else(
    event: dict[str, Any], trusted: bool
) -> None:
    """The ledger gets such forms as one."""
    decision = decide(event, trusted)
    alike = [each.event for each in decision.verdicts.values() if each.only_address and each.event]
    without = [{**form, "ip_override": ""} for form in alike]
    assert all(form == without[0] for form in without)


def test_that_an_event_differs_in_the_address_alone_is_known() -> None:
    verdicts = decide({"event_name": "purchase"}).verdicts
    assert [name for name, each in verdicts.items() if each.only_address] == ["all"]


def test_stages_and_destinations() -> None:
    changed = changed_fields(decide({"event_name": "purchase", "note": "n", "gone": 1, "value": 1}))
    assert set(changed["rules"].split()) == {"+cents", "+remark", "-*"}
    assert set(changed["for few"].split()) >= {"~value", "~ip_override"}
    assert changed["for all"] == "="


@pytest.mark.parametrize("name", ["ada@example.com", "ada lovelace", "49 151 1234567"])
def test_a_name_that_a_sender_made_up_goes_with_its_value(name: str) -> None:
    changed = changed_fields(decide({"event_name": "less", "value": 1, name: "x"}))
    assert name not in str(changed)
    assert "-*" in changed["rules"].split()


def test_no_value_is_recorded() -> None:
    event = {"event_name": "purchase", "secret": "s3cr3t", "gone": "v4lu3"}
    told = str(changed_fields(decide(event)))
    assert "s3cr3t" not in told
    assert "v4lu3" not in told
