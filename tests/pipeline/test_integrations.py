"""Integrations: a sender can keep its event from destinations, and only that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import Destination
from gateway.configuration.kinds import destination_types
from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.stages.integrations import MAX_INTEGRATIONS, MAX_NAME, read_integrations

DECIDE = compile_pipeline(
    parse_settings(
        """
        sources: {site: {type: collect}}
        enrichment: []
        consent: {regions: []}
        destinations:
          ads: {type: meta, pixel_id: "1", access_token: t}
          stats: {type: ga4, measurement_id: G-1, api_secret: s}
          own-shop: {type: webhook, url: "https://shop.example/", integration_names: [Warehouse]}
          purchases:
            type: webhook
            url: "https://shop.example/"
            when: {event_name: purchase}
        """
    )
)
ALL = {"ads", "stats", "own-shop"}
WITHHELD_ALL = "excluded by the sender: All is false in integrations"


def decide(integrations: Any, **event: Any) -> Decision:
    event = {"event_name": "view", "client_id": "1.1", "integrations": integrations, **event}
    return DECIDE(event, Received("site", 1_795_000_000.0, "8.8.8.8"))


def sent(integrations: Any) -> set[str]:
    verdicts = decide(integrations).verdicts
    return {name for name, verdict in verdicts.items() if verdict.decision == "send"}


@pytest.mark.parametrize(
    ("integrations", "reached"),
    [
        ({}, ALL),
        (None, ALL),
        ({"All": True}, ALL),
        ({"All": None}, ALL),
        ({"Mixpanel": False}, ALL),
        ({"Segment.io": False}, ALL),
        ({"All": False}, set()),
        ({"all": False}, set()),
        ({"ALL": "False"}, set()),
        ({"All": "false"}, set()),
        ({"All": 0}, set()),
        ({"All": "whatever"}, set()),
        ({"All": False, "all": True}, set()),
        ({"All": False, "Segment.io": True}, set()),
        ({"All": False, "Mixpanel": True}, set()),
        ({"All": False, "Google Analytics 4": True}, {"stats"}),
        ({"All": False, "google analytics 4": {"sessionId": 1}}, {"stats"}),
        ({"All": False, "GA4": []}, {"stats"}),
        ({"All": False, "Google Analytics 4 (GA4)": 1}, {"stats"}),
        ({"All": False, "GA4": None}, set()),
        ({"All": False, "Facebook Conversions API (Actions)": True}, {"ads"}),
        ({"All": True, "Facebook Pixel": False}, ALL - {"ads"}),
        ({"FACEBOOK_PIXEL": "false"}, ALL - {"ads"}),
        ({"meta": False}, ALL - {"ads"}),
        ({"Ads": False}, ALL - {"ads"}),
        ({"Facebook Pixel": False, "Meta": True}, ALL - {"ads"}),
        ({"Meta": True, "Facebook Pixel": False, "All": False}, set()),
        ({"Actions Google Analytic 4": False}, ALL - {"stats"}),
        ({"Webhooks": False}, ALL - {"own-shop"}),
        ({"ownshop": False}, ALL - {"own-shop"}),
        ({"WAREHOUSE": False}, ALL - {"own-shop"}),
        ({"All": False, "warehouse": True}, {"own-shop"}),
        *((own, ALL) for own in ("no object", ["All"], ["Slack", "Jira"], "", [], True, 5)),
        *(
            (everything, set())
            for everything in (False, 0, 0.0, "false", " No ", "denied", [False])
        ),
        *((text, set()) for text in ('{"All":false}', '{"All":false,"All":true}', "{", "[")),
        ([{"All": False}], set()),
        ([{"All": True}, '{"All": 0}'], set()),
        ([[[[[True]]]]], set()),
        ('[{"GA4": false}]', ALL - {"stats"}),
        ({"All": [False, True]}, set()),
        ({"All": ["false", "true"]}, set()),
        ({"All": False, "GA4": ["purchase", {"debug": False}]}, {"stats"}),
    ],
)
def test_who_gets_an_event(integrations: Any, reached: set[str]) -> None:
    assert sent(integrations) == reached


def test_an_excluded_destination_says_why() -> None:
    verdicts = decide({"All": False, "stats": True, "FB-Pixel": False}).verdicts
    found = {name: (verdict.stage, verdict.reason) for name, verdict in verdicts.items()}
    assert found == {
        "ads": ("integrations", "excluded by the sender: FB Pixel is false in integrations"),
        "stats": ("", ""),
        "own-shop": ("integrations", WITHHELD_ALL),
        "purchases": ("integrations", WITHHELD_ALL),
    }
    assert verdicts["ads"].decision == "withheld"


def test_to_be_included_helps_against_nothing_else() -> None:
    denied = {"ad_storage": "denied", "ad_user_data": "denied", "analytics_storage": "denied"}
    verdicts = decide({"All": True, "ads": True, "purchases": True}, consent=denied).verdicts
    assert {name: verdict.stage for name, verdict in verdicts.items()} == {
        "ads": "consent",
        "stats": "consent",
        "own-shop": "consent",
        "purchases": "when",
    }


def test_no_destination_gets_the_integrations_themselves() -> None:
    for integrations in ({"All": True}, {"ads": False}, "no object"):
        decision = decide(integrations)
        event = decision.verdicts["own-shop"].event
        assert event is not None
        assert "integrations" not in event
        assert decision.event["integrations"] == integrations


def test_rules_see_them() -> None:
    decide_on = compile_pipeline(
        parse_settings(
            """
            sources: {site: {type: collect}}
            enrichment: []
            rules: [{name: none at all, when: {integrations.All: false}, drop: true}]
            destinations: {web: {type: webhook, url: "https://shop.example/", consent: []}}
            """
        )
    )
    event = {"event_name": "view", "integrations": {"All": False}}
    assert decide_on(event, Received("site", 1000.0)).verdicts["web"].stage == "rules"


def test_keep_only_keeps_an_exclusion() -> None:
    decide_on = compile_pipeline(
        parse_settings(
            """
            sources: {site: {type: collect}}
            enrichment: []
            rules: [{name: minimal, keep_only: [client_id]}]
            destinations: {web: {type: webhook, url: "https://shop.example/", consent: []}}
            """
        )
    )
    event = {"event_name": "view", "integrations": {"web": False}}
    assert decide_on(event, Received("site", 1000.0)).verdicts["web"].stage == "integrations"


@pytest.mark.parametrize("kind", destination_types().values(), ids=lambda kind: kind.type)
def test_each_kind_of_destination_has_distinct_names(kind: type[Destination[Any]]) -> None:
    names = kind.integration_names
    assert len({*names}) == len(names)


def test_of_too_many_names_the_excluded_ones_remain() -> None:
    many = {f"x{number}": True for number in range(MAX_INTEGRATIONS)}
    assert read_integrations([{**many, "GA4": False}]) == {"GA4": False}
    denied = dict.fromkeys([*many, "GA4"], False)
    assert read_integrations([denied]) == {"All": False}


def test_long_names_are_cut_and_an_exclusion_survives_it() -> None:
    long = "x" * MAX_NAME
    assert read_integrations([{long + "a": False, long + "b": True}]) == {long: False}


NAMES = st.sampled_from(["All", "all", "ads", "Facebook Pixel", "GA4", "stats", "Webhook", "Else"])
VALUES = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "true", "no", {}, []])


@given(st.dictionaries(NAMES | st.text(max_size=5), VALUES, max_size=8))
def test_integrations_only_ever_withhold(integrations: dict[str, Any]) -> None:
    assert sent(integrations) <= ALL
    if integrations.get("GA4") is False:
        assert "stats" not in sent(integrations)
