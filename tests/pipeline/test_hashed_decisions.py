"""With `hash_at_ingest`, a decision has hashes where the rules saw a person."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from destinations.base import Request
from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.event import Event, Received, read_event
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.pipeline.mending import compile_later_rules, compile_restriction
from gateway.pipeline.replaying import compile_redecision
from gateway.queue.append_batch import AppendBatch
from gateway.queue.held_event import decode_held, encode_held, open_held
from gateway.queue.quarantined_event import encode_quarantined
from gateway.stages.held_consent import compile_page_digest

NOW = 1_800_000_000.0
EMAIL, NAME = "a.da@gmail.com", "Byron"
SALT, TOKEN = "a-salt-of-the-tests", "p" * 32
EVENT: Event = {
    "event_name": "purchase",
    "event_id": "e-1",
    "client_id": "1.2",
    "value": 5,
    "currency": "EUR",
    "user_data": {"email_address": EMAIL, "address": {"last_name": NAME}},
}
DESTINATIONS = """
  meta: {type: meta, pixel_id: "1", access_token: s3cret-token}
  ga4: {type: ga4, measurement_id: G-TEST000001, api_secret: s3cret-token}
  hook: {type: webhook, url: "https://shop.example/", consent: []}
  books: {type: webhook, url: "https://books.example/", consent: []}
"""


def configured(
    more: str = "", on: bool = True, destinations: str = DESTINATIONS, hold: str = ""
) -> Settings:
    return parse_settings(
        f"""
server: {{hash_salt: {SALT}}}
sources: {{site: {{type: collect}}}}
enrichment: []
consent: {{default: {{ad_storage: granted, ad_user_data: granted, analytics_storage: granted}},
  regions: [], {hold}}}
hash_at_ingest: {str(on).lower()}
{more}
destinations:{destinations}""",
        environment={},
    )


def decide(settings: Settings, **fields: Any) -> Decision:
    received = Received("site", NOW, "8.8.8.8", page_token=TOKEN)
    return compile_pipeline(settings)(read_event({**EVENT, **fields}), received)


def is_clear(stored: object) -> bool:
    written = stored if isinstance(stored, bytes) else orjson.dumps(stored)
    return EMAIL.encode() in written or NAME.encode() in written


@pytest.mark.parametrize("destination", ["meta", "ga4"])
def test_requests_are_the_same(destination: str) -> None:
    requests = []
    for on in (False, True):
        settings = configured(on=on)
        event = decide(settings).verdicts[destination].event
        assert event is not None
        assert is_clear(event) != on
        built = build_destination(settings.destinations[destination])
        requests.append(list(built.requests([event], NOW)))
    assert requests[0] == requests[1]


def test_a_webhook_gets_the_hashes() -> None:
    settings = configured()
    event = decide(settings).verdicts["hook"].event
    assert event is not None
    (request,) = build_destination(settings.destinations["hook"]).requests([event], NOW)
    assert isinstance(request, Request)
    assert not is_clear(request.body)
    assert b"sha256_email_address" in request.body


def test_destinations_that_may_have_the_same_still_share_one_event() -> None:
    decision = decide(configured())
    assert decision.verdicts["hook"].event is decision.verdicts["books"].event
    whole = decide(configured(on=False))
    assert len(AppendBatch([decision]).payloads) == len(AppendBatch([whole]).payloads)


def test_rules_and_conditions_see_the_clear_values() -> None:
    rules = f"rules: [{{when: {{user_data.address.last_name: {NAME}}}, set: {{seen: 1}}}}]"
    destinations = f"""
  hook: {{type: webhook, url: "https://shop.example/", consent: [],
    when: {{user_data.email_address: {EMAIL}}},
    rules: [{{set: {{user_data.email_address: other@example.com}}}}]}}
  books: {{type: webhook, url: "https://books.example/", consent: []}}"""
    decision = decide(configured(rules, destinations=destinations))
    first, second = (decision.verdicts[name].event for name in ("hook", "books"))
    assert first is not None
    assert second is not None
    assert first["seen"] == second["seen"] == 1
    assert first["user_data"]["sha256_email_address"] != second["user_data"]["sha256_email_address"]
    assert b"other@example.com" not in orjson.dumps(first)


def test_an_event_in_quarantine_has_no_clear_values() -> None:
    schemas = "schemas: {purchase: {on_mismatch: quarantine, schema: {required: [tax]}}}"
    decision = decide(configured(schemas))
    assert decision.quarantine
    assert not is_clear(encode_quarantined(decision))


def test_an_event_that_waits_for_consent_is_sealed_whole_since_its_rules_run_later() -> None:
    decision = decide(
        configured(
            hold="hold: {seconds: 60}",
            destinations="""
  hook: {type: webhook, url: "https://shop.example/", consent: [personalization_storage]}""",
        )
    )
    held = decision.held_consent
    assert held is not None
    assert decision.verdicts["hook"].decision == "held"
    stored = encode_held(held, ["hook"], "v")
    assert not is_clear(stored)
    event, _ = open_held(decode_held(stored), compile_page_digest(SALT)(TOKEN), TOKEN)
    assert event["user_data"]["email_address"] == EMAIL


def test_what_was_recorded_in_clear_is_hashed_when_it_is_sent_again() -> None:
    settings = configured()
    received = Received("site", NOW)
    event = {**EVENT, "timestamp": NOW, "consent": {"analytics_storage": "granted"}}
    verdict = compile_redecision(settings, "ga4")(event, received, "", NOW)
    assert verdict.event is not None
    assert not is_clear(verdict.event)


def test_what_a_person_changes_in_a_dead_letter_is_hashed() -> None:
    settings = configured()
    assert not is_clear(compile_restriction(settings, "hook")({**EVENT})[0])
    assert not is_clear(compile_later_rules(settings, "hook")({**EVENT}, []).event)
