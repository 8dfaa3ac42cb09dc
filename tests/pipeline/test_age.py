"""An event that is too old for a destination when it comes in is withheld, and stored nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.append_batch import AppendBatch
from gateway.queue.receipts import day_number

NOW = 1_800_000_000.0
HOUR, DAY = 3600, 86_400
CONFIG = """
enrichment: []
sources: {site: {type: collect}}
destinations:
  ga4: {type: ga4, measurement_id: G-TEST000001, api_secret: s, consent: []}
  hook: {type: webhook, url: "https://hook.example/", consent: []}
  quick: {type: webhook, url: "https://hook.example/", consent: [], delivery: {max_age: 90}}
"""
GRANTED = {"analytics_storage": "granted"}
Decide = Callable[..., Decision]


def decided(config: str, age: float, **fields: Any) -> Decision:
    event = {"event_name": "page_view", "event_id": "1", "client_id": "1.2", "consent": GRANTED}
    event |= {"timestamp": NOW - age, **fields}
    received = Received("site", NOW, page_token="p" * 32)
    return compile_pipeline(parse_settings(config))(event, received)


def sent(decision: Decision) -> list[str]:
    return [name for name, each in decision.verdicts.items() if each.decision == "send"]


@pytest.mark.parametrize(
    ("age", "names"),
    [
        (-5, ["ga4", "hook", "quick"]),
        (0, ["ga4", "hook", "quick"]),
        (90, ["ga4", "hook", "quick"]),
        (90.1, ["ga4", "hook"]),
        (72 * HOUR, ["ga4", "hook"]),
        (72 * HOUR + 1, ["hook"]),
        (7 * DAY, ["hook"]),
        (7 * DAY + 1, []),
        (NOW - 1, []),
    ],
)
def test_each_destination_has_its_deadline(age: float, names: list[str]) -> None:
    assert sent(decided(CONFIG, age)) == names


@pytest.mark.parametrize(
    ("settings", "deadline"),
    [
        ("api_secret: s", 72 * HOUR),
        ("api_secret: s, too_old: clamp", 7 * DAY),
        ("transport: gtag", DAY),
        ("transport: gtag, too_old: send_without_time", 7 * DAY),
        ("transport: gtag, delivery: {max_age: 90}", 90),
    ],
)
def test_a_deadline_may_depend_on_the_settings(settings: str, deadline: float) -> None:
    config = f"""
enrichment: []
sources: {{site: {{type: collect}}}}
destinations: {{it: {{type: ga4, measurement_id: G-TEST000001, {settings}}}}}
"""
    assert sent(decided(config, deadline)) == ["it"]
    assert sent(decided(config, deadline + 1)) == []


def test_it_says_why() -> None:
    verdicts = decided(CONFIG, 12 * DAY).verdicts
    assert {verdicts[name].stage for name in verdicts} == {"age"}
    assert [each.reason for each in verdicts.values()] == [
        "the event is 12 days old; ga4 accepts events up to 3 days old",
        "the event is 12 days old; hook accepts events up to 7 days old",
        "the event is 12 days old; quick accepts events up to 90 seconds old",
    ]


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (91, "91 seconds old"),
        (121, "2.1 minutes old"),
        (3 * HOUR, "3 hours old"),
        (72 * HOUR + 1, "3.1 days old"),
    ],
)
def test_it_says_how_old_it_is(age: float, words: str) -> None:
    reason = decided(CONFIG, age).verdicts["quick"].reason
    assert reason == f"the event is {words}; quick accepts events up to 90 seconds old"


def test_what_is_too_old_for_all_is_stored_nowhere() -> None:
    decision = decided(CONFIG, 8 * DAY)
    batch = AppendBatch([decision], marked=True)
    assert batch.payloads == []
    by_reason = {(day_number(NOW), "age:too old"): 1}
    assert batch.withheld == {"ga4": by_reason, "hook": by_reason, "quick": by_reason}


HOLDING = """
server: {hash_salt: a-salt-of-the-shop}
consent:
  default: {analytics_storage: denied}
  hold: {seconds: 60}
schemas:
  page_view:
    schema: {required: [page_location]}
    on_mismatch: quarantine
"""


@pytest.mark.parametrize(("age", "waits"), [(0, True), (8 * DAY, False)])
def test_it_does_not_wait_for_consent(age: float, waits: bool) -> None:
    config = CONFIG.replace("consent: []", "consent: [analytics_storage]") + HOLDING
    decision = decided(
        config, age, client_id="1.1", consent={}, page_location="https://shop.example/"
    )
    assert bool(AppendBatch([decision]).waiting) is waits


@pytest.mark.parametrize(("age", "kept"), [(0, True), (4 * DAY, True), (8 * DAY, False)])
def test_it_is_not_quarantined(age: float, kept: bool) -> None:
    decision = decided(CONFIG + HOLDING, age, client_id="1.1")
    assert bool(decision.quarantine) is kept


@pytest.mark.parametrize(("age", "kept"), [(90, True), (91, False)])
def test_it_is_not_quarantined_for_a_destination_without_consent(age: float, kept: bool) -> None:
    """One destination must have both consent and time: only `quick` has consent."""
    config = CONFIG.replace("consent: []", "consent: [ad_storage]", 2) + HOLDING
    decision = decided(config, age, client_id="1.1")
    assert bool(decision.quarantine) is kept


def test_a_rule_that_sets_the_time_is_heeded() -> None:
    config = CONFIG + f"rules: [{{set: {{timestamp: {NOW - 8 * DAY}}}}}]\n"
    assert sent(decided(config, 0)) == []


STORE = """
enrichment: []
sources: {till: {type: events, keys: [kkkkkkkkkkkkkkkkkkkkkkkk]}}
destinations:
  meta: {type: meta, pixel_id: "1", access_token: t, consent: []}
  strict: {type: meta, pixel_id: "1", access_token: t, consent: [], delivery: {max_age: 86400}}
"""


@pytest.mark.parametrize(
    ("age", "where", "names"),
    [
        (DAY, "physical_store", ["meta", "strict"]),
        (8 * DAY, "physical_store", ["meta"]),
        (62 * DAY, "physical_store", ["meta"]),
        (62 * DAY + 1, "physical_store", []),
        (8 * DAY, "website", []),
    ],
)
def test_a_vendor_may_accept_some_events_longer_unless_configured(
    age: float, where: str, names: list[str]
) -> None:
    event = {"event_name": "purchase", "user_id": "u", "value": 1, "currency": "EUR"}
    event |= {"consent": {"ad_user_data": "granted"}}
    event |= {"timestamp": NOW - age, "action_source": where}
    received = Received("till", NOW, trusted=True, backend=True)
    assert sent(compile_pipeline(parse_settings(STORE))(event, received)) == names
