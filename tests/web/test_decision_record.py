"""The decisions in the demo shop are complete and contain no personal data."""

import orjson

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.web.decision_record import decision_record

NOW = 1_795_000_000.0
SETTINGS = parse_settings(
    """
sources: {site: {type: collect}}
enrichment: []
consent:
  default: {ad_storage: granted, analytics_storage: granted}
  regions: [{in: [DE], default: {ad_storage: denied}}]
rules: [{name: mark, set: {marked: true}}]
destinations:
  ga4: {type: ga4, measurement_id: G-1, api_secret: s3cr3t/1}
  web:
    type: webhook
    url: https://shop.example/
    headers: {x-key: s3cr3t/1}
    when: {event_name: purchase}
    rules: [{name: trim, remove: [page_title]}]
""",
    environment={},
)


def test_a_decision() -> None:
    event = {
        "event_name": "purchase",
        "event_id": "e-1",
        "consent": {"analytics_storage": "denied"},
        "user_data": {"email_address": "jo@example.com"},
    }
    record = decision_record(compile_pipeline(SETTINGS)(event, Received("site", NOW)))

    withheld = {
        "decision": "withheld",
        "stage": "consent",
        "reason": "no consent for analytics_storage",
        "rules": (),
    }
    assert record == {
        "kind": "decision",
        "browser": "",
        "at": NOW,
        "event_id": "e-1",
        "event_name": "purchase",
        "source": "site",
        "version": SETTINGS.version,
        "rules": ("mark",),
        "consent": {
            "states": {"ad_storage": "denied", "analytics_storage": "denied"},
            "defaults": ["default for an unknown place"],
            "place_unknown": "the event has no address",
        },
        "destinations": {"ga4": withheld, "web": withheld},
    }
    assert b"jo@example.com" not in orjson.dumps(record)


def test_a_decision_to_send() -> None:
    event = {"event_name": "purchase", "consent": {"analytics_storage": "granted"}}
    record = decision_record(compile_pipeline(SETTINGS)(event, Received("site", NOW)))
    sent = {"decision": "send", "stage": "", "reason": ""}
    assert record["destinations"] == {
        "ga4": {**sent, "rules": ()},
        "web": {**sent, "rules": ("trim",)},
    }
    assert len(record["event_id"]) == 32
