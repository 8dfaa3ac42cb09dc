"""The data map states what the pipeline does for each destination."""

from __future__ import annotations

from typing import Any

import pytest

from destinations.webhook import Webhook
from gateway.configuration.load import parse_settings
from gateway.event.consent import CONSENT_TYPES
from gateway.monitoring.data_map import MapEntry, data_map
from gateway.stages.field_consent import compile_field_consent

EVENT = {
    "event_name": "purchase",
    "user_data": {"email_address": "ada@example.com"},
    "user_id": "u-1",
    "client_id": "1.2",
    "click_ids": {"gclid": "x"},
    "loyalty_card": "4711",
    "value": 1,
}
CONFIG = """
sources: {site: {type: collect}}
consent: {fields: {personalization_storage: [loyalty_card]}}
destinations:
  crm: {type: webhook, url: "https://crm.example/", purpose: %s, consent: %s, field_consent: %s}
"""


def entry(purpose: str = "own", consent: str = "[]", field_consent: str = "on") -> MapEntry:
    return data_map(parse_settings(CONFIG % (purpose, consent, field_consent)))["crm"]


@pytest.mark.parametrize("purpose", ["advertising", "analytics", "own"])
@pytest.mark.parametrize("denied", CONSENT_TYPES)
def test_what_it_says_is_taken_out_is_what_the_pipeline_takes_out(purpose: Any, denied: str):
    told = {
        name
        for each in entry(purpose).covered or ()
        if {*each.denied} <= {denied}
        for name in each.fields
    }
    settings = parse_settings(CONFIG % (purpose, "[]", "on"))
    project = compile_field_consent(settings.consent)({*CONSENT_TYPES} - {denied})
    left, removed = project(EVENT, purpose) if project else (EVENT, ())
    assert EVENT.keys() - left.keys() == told & EVENT.keys()
    assert {name for name, _ in removed} <= told


def test_types_without_which_no_event_goes_there_are_left_out():
    types = {each.denied for each in entry(consent="[ad_storage]").covered or ()}
    assert ("analytics_storage",) in types
    assert not any("ad_storage" in each for each in types)


def test_without_field_consent_nothing_is_taken_out():
    assert entry(field_consent='"off"').covered is None


def test_only_fields_that_a_destination_reads_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Webhook, "fields", frozenset({"event_name", "user_data", "user_id"}))
    crm = entry()
    assert {name for each in crm.covered or () for name in each.fields} == {"user_data"}
    assert crm.permissions.hosts == ["crm.example"]
