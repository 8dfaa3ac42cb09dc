"""Verdicts are counted by their label, which contains nothing that a sender could choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received, read_event
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision

NOW = 1_800_000_000.0
CONFIG = """
server: {hash_salt: a-salt-of-the-shop}
sources: {site: {type: collect}}
schemas: {refund: {file: refund.json, on_mismatch: drop}}
rules: [{name: no tests, when: {page_location: {contains: test}}, drop: true}]
consent: {default: {}, regions: [], hold: {seconds: 60}}
destinations:
  hook:
    type: webhook
    url: "https://hook.example/"
    consent: [ad_storage, ad_user_data]
    when: {not: {event_name: scroll}}
    rules:
      - {name: first, set: {value: 1}}
      - {name: small, when: {currency: EUR}, drop: true}
      - {when: {currency: USD}, sample: {share: 0, by: event_id}}
      - {name: last, set: {value: 2}}
  ga4:
    type: ga4
    measurement_id: G-1
    api_secret: secret
    consent: []
"""
GRANTED = {"ad_storage": "granted", "ad_user_data": "granted"}


def decided(folder: Path, page_token: str = "", **fields: Any) -> Decision:
    (folder / "refund.json").write_text('{"required": ["transaction_id"]}')
    settings = parse_settings(CONFIG, str(folder / "gateway.yaml"), environment={})
    raw = {"event_name": "view", "event_id": "e", "client_id": "1.2", "timestamp": NOW, **fields}
    received = Received("site", NOW, "8.8.8.8", "agent", page_token=page_token)
    return compile_pipeline(settings)(read_event({"consent": GRANTED, **raw}), received)


@pytest.mark.parametrize(
    ("fields", "stage", "label"),
    [
        ({"event_name": "scroll"}, "when", "not met"),
        ({"event_name": "refund"}, "schemas", "refund"),
        ({"page_location": "https://shop.example/test"}, "rules", "no tests"),
        ({"currency": "EUR"}, "destination rules", "small"),
        ({"currency": "USD"}, "destination rules", "rule 3"),
        ({"timestamp": NOW - 40 * 86_400}, "age", "too old"),
        ({"integrations": {"hook": False}}, "integrations", "excluded by the sender"),
        ({"integrations": {"All": False}}, "integrations", "excluded by the sender"),
        (
            {"consent": {"ad_storage": "denied", "ad_user_data": "denied"}},
            "consent",
            "ad_storage, ad_user_data",
        ),
        ({"consent": {"ad_user_data": "granted"}}, "consent", "ad_storage"),
        ({}, "", ""),
    ],
)
def test_why_an_event_is_withheld(
    tmp_path: Path, fields: dict[str, Any], stage: str, label: str
) -> None:
    verdict = decided(tmp_path, **fields).verdicts["hook"]
    assert (verdict.stage, verdict.label) == (stage, label)


def test_an_event_that_waits_is_labelled_by_what_it_waits_for(tmp_path: Path) -> None:
    verdict = decided(tmp_path, "p" * 32, consent={"ad_storage": "granted"}).verdicts["hook"]
    assert (verdict.stage, verdict.label) == ("hold", "ad_user_data")


@pytest.mark.parametrize("name", ["session_start", "chosen_by_a_stranger_" + "x" * 60])
def test_what_a_destination_never_takes_has_one_label(tmp_path: Path, name: str) -> None:
    verdict = decided(tmp_path, event_name=name).verdicts["ga4"]
    assert (verdict.stage, verdict.label) == ("destination", "never accepted")
