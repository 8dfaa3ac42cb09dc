"""Events that a destination never accepts are withheld there, with the reason."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.explain.explain import explain
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision

SETTINGS = parse_settings(
    """
    sources: {site: {type: collect}}
    enrichment: []
    consent:
      regions: []
      default: {ad_storage: granted, ad_user_data: granted, analytics_storage: granted}
    destinations:
      ads: {type: meta, pixel_id: "1", access_token: t, consent: []}
      leads:
        type: meta
        pixel_id: "2"
        access_token: t
        consent: []
        rules:
          - name: who is known is a lead
            when: {event_name: identify}
            set: {event_name: generate_lead}
          - name: a lead is nobody
            when: {event_name: lead}
            set: {event_name: group}
      stats: {type: ga4, measurement_id: G-1, api_secret: s, consent: []}
      mapped:
        type: meta
        pixel_id: "3"
        access_token: t
        consent: []
        mapping: {events: {group: Lead, scroll: null, search: null}, other_events: withhold}
      own: {type: webhook, url: "https://shop.example/", consent: []}
    """
)
DECIDE = compile_pipeline(SETTINGS)


def decide(name: str) -> Decision:
    event = {"event_name": name, "client_id": "1.1", "user_id": "ada", "engagement_time_msec": 9}
    return DECIDE(event, Received("site", 1_795_000_000.0, "8.8.8.8"))


@pytest.mark.parametrize("name", ["identify", "group", "alias", "user_engagement"])
def test_what_is_no_conversion_goes_to_no_advertising(name: str) -> None:
    verdicts = decide(name).verdicts
    assert (verdicts["ads"].decision, verdicts["ads"].stage) == ("withheld", "destination")
    assert verdicts["ads"].reason == f"meta does not accept {name} events"
    assert verdicts["stats"].decision == verdicts["own"].decision == "send"


@pytest.mark.parametrize("name", ["purchase", "page_view", "Identify", "groups"])
def test_every_other_event_goes_there(name: str) -> None:
    assert decide(name).verdicts["ads"].decision == "send"


def test_the_name_that_counts_is_the_one_that_the_rules_give() -> None:
    sent = decide("identify").verdicts["leads"]
    assert sent.event is not None
    assert sent.event["event_name"] == "generate_lead"
    withheld = decide("lead").verdicts["leads"]
    assert (withheld.stage, withheld.reason) == ("destination", "meta does not accept group events")
    assert withheld.applied == ("a lead is nobody",)


def test_explain_says_so_and_how_a_destination_spells_a_name() -> None:
    raw = {"event_name": "identify", "user_id": "ada"}
    ads = explain(SETTINGS, raw)["destinations"]["ads"]
    assert (ads["decision"], ads["reason"]) == ("withheld", "meta does not accept identify events")
    raw |= {"event_name": "Song Played"}
    destinations = explain(SETTINGS, raw)["destinations"]
    assert destinations["stats"]["trace"] == [
        "request: client_id: derived from user_id for GA4 only, because the event has none",
        "request: event_name: sent as Song_Played because GA4 accepts only letters, "
        "digits and underscores",
    ]
    assert destinations["own"]["trace"] == []


@pytest.mark.parametrize("name", ["purchase", "Purchase", "group"])
def test_what_a_mapping_names_is_sent(name: str) -> None:
    assert decide(name).verdicts["mapped"].decision == "send"


@pytest.mark.parametrize("name", ["scroll", "search", "quiz"])
def test_what_a_mapping_does_not_name_is_withheld_where_it_says_so(name: str) -> None:
    verdict = decide(name).verdicts["mapped"]
    assert (verdict.decision, verdict.stage) == ("withheld", "destination")
    assert verdict.reason == "the mapping does not name the event, and withholds other events"
    assert decide(name).verdicts["ads"].decision == "send"
