"""A released event is what it would have been without the schema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.event import Event, Received, read_event
from gateway.operations.quarantine_review import Review, compile_review, misfit
from gateway.pipeline.compile import Pipeline, compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.quarantined_event import Quarantined, encode_quarantined

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
sources: {{site: {{type: collect}}}}
identity: {{hash_user_id: {hash}}}
schemas:
  purchase: {schema}
rules:
  - name: hash the e-mail
    hash: [user_data.email_address]
destinations:
  ads: {{type: webhook, url: "https://ads.example/", consent: [ad_storage]}}
  books: {{type: webhook, url: "https://books.example/", consent: [], when: {{value: {{gt: 5}}}}}}
"""
NUMBER = "{on_mismatch: quarantine, schema: {properties: {value: {type: number}}}}"
WHY = "does not match schemas.purchase: the event: not"
ALWAYS = "{schema: {}}"
NEVER = "{on_mismatch: quarantine, schema: {not: {}}}"
BROWSER = Received(
    "site",
    1000.0,
    "81.2.69.142",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    {
        "cookie": "_ga=GA1.1.12345.67890; _fbp=fb.1.1700000000000.1; _gcl_aw=GCL.1700000000.abc",
        "sec-ch-ua-platform": '"Windows"',
        "sec-gpc": "1",
        "host": "shop.example",
    },
)
BACKEND = Received("site", 1000.0, "8.8.8.8", "python-requests/2.32", trusted=True)
EVENT = {
    "event_name": "purchase",
    "event_id": "event-1",
    "timestamp": 990.0,
    "value": 9.5,
    "user_id": "customer-7",
    "user_data": {"email_address": "jo@shop.example"},
    "page_location": "https://shop.example/thanks?utm_source=news&gclid=g1&mail=jo@shop.example",
}


def parse(schema: str, hash_user_id: bool = True, **more: str) -> Settings:
    return parse_settings(CONFIG.format(schema=schema, hash=str(hash_user_id).lower()), **more)


def quarantined(event: Event, **fields: Any) -> Quarantined:
    known = {"source": "site", "received_at": 1000.0, "version": "version-1", "reason": "why"}
    return Quarantined("1-1", event=event, **{**known, **fields})


def reviewed(
    schema: str, event: Event, checked: bool = True, hash_user_id: bool = False
) -> Decision:
    return review_of(schema, hash_user_id, checked)(quarantined(event))


# whether it fits


@pytest.mark.parametrize(
    ("schema", "checked", "why"),
    [
        (NEVER, True, WHY),
        (NEVER, False, ""),
        (
            NEVER.replace("quarantine", "drop"),
            True,
            "does not match schemas.purchase: the event: not",
        ),
        (NEVER.replace("quarantine", "drop"), False, ""),
        (NEVER.replace("quarantine", "flag"), True, ""),
        (NUMBER, True, ""),
    ],
)
def test_only_what_fits_today_goes_unless_it_shall_go_anyway(
    schema: str, checked: bool, why: str
) -> None:
    decision = reviewed(schema, read_event(EVENT), checked)
    assert misfit(decision) == why
    assert (decision.verdicts["books"].event is None) == bool(why)


def test_one_that_is_only_flagged_today_says_so() -> None:
    decision = reviewed(NEVER.replace("quarantine", "flag"), read_event(EVENT))
    sent = decision.verdicts["books"].event
    assert sent is not None
    assert sent["schema_errors"] == ["the event: not"]


def test_a_schema_in_a_file_is_found_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "purchase.json").write_text(json.dumps({"required": ["currency"]}))
    schema = "{on_mismatch: quarantine, file: purchase.json}"
    review = compile_review(parse(schema, name=str(tmp_path / "gateway.yaml")), checked=True)
    for user_id in ("customer-7", "ab" * 32):  # their pipelines differ
        event = read_event({**EVENT, "user_id": user_id})
        assert "currency" in misfit(review(quarantined(event)))
        assert not misfit(review(quarantined({**event, "currency": "EUR"})))


# what becomes of it


@pytest.mark.parametrize("checked", [True, False])
def test_it_is_decided_as_the_configuration_is_today(checked: bool) -> None:
    event = read_event({**EVENT, "value": 4, "consent": {"ad_storage": "denied"}})
    decision = reviewed(NUMBER, event, checked)
    assert decision.version == parse(NUMBER, hash_user_id=False).version != "version-1"
    assert (decision.source, decision.received_at) == ("site", 1000.0)
    assert decision.applied == ("hash the e-mail",)
    assert decision.verdicts["books"].stage == "when"
    assert decision.verdicts["ads"].stage == "consent"
    assert decision.event["event_id"] == "event-1"
    assert decision.event["user_data"]["email_address"] != "jo@shop.example"


@pytest.mark.parametrize("received", [BROWSER, BACKEND], ids=["browser", "backend"])
@pytest.mark.parametrize("hash_user_id", [True, False])
def test_what_a_browser_or_a_backend_sent_is_not_read_anew(
    received: Received, hash_user_id: bool
) -> None:
    assert_same(read_event(EVENT), received, hash_user_id)


def test_a_user_id_that_came_before_hashing_was_configured_is_hashed() -> None:
    event = read_event(EVENT)
    raw = pipeline_of(NEVER, False)(event, BROWSER).event
    assert raw["user_id"] == "customer-7"
    decision = reviewed(ALWAYS, raw, hash_user_id=True)
    expected = pipeline_of(ALWAYS, True)(event, BROWSER).event
    assert decision.event["user_id"] == expected["user_id"] != "customer-7"


@pytest.mark.parametrize("stated", [{}, {"ad_storage": "granted"}])
def test_what_a_default_granted_must_be_granted_by_the_default_of_today(
    stated: dict[str, str],
) -> None:
    event = read_event({**EVENT, "consent": stated, "event_location": {"country": "US"}})
    decision = pipeline_of(NEVER, False)(event, BACKEND)
    kept = Quarantined.read("1-1", encode_quarantined(decision))
    assert kept.event["consent"]["ad_storage"] == "granted"
    same = compile_review(parse(ALWAYS, hash_user_id=False), checked=True)
    assert same(kept).verdicts["ads"].decision == "send"
    denies = CONFIG + "consent: {{default: {{ad_storage: denied}}, regions: []}}"
    review = compile_review(parse_settings(denies.format(schema=ALWAYS, hash="false")), True)
    assert review(kept).verdicts["ads"].decision == ("send" if stated else "withheld")


CONSENT = st.dictionaries(
    st.sampled_from(["ad_storage", "analytics_storage", "ad_user_data"]),
    st.sampled_from(["granted", "denied"]),
)
EVENTS = st.fixed_dictionaries(
    {"event_name": st.just("purchase")},
    optional={
        "event_id": st.sampled_from(["event-1", "event-2"]),
        "timestamp": st.floats(0, 2000),
        "value": st.integers(0, 10),
        "user_id": st.sampled_from(["customer-7", "7", "ab" * 32]),
        "client_id": st.sampled_from(["12345.67890", "a"]),
        "consent": CONSENT,
        "ip_override": st.sampled_from(["", "8.8.8.8", "81.2.69.142", "no address"]),
        "user_agent": st.sampled_from(["", "Googlebot/2.1", BROWSER.user_agent, "curl/8.0"]),
        "us_privacy": st.sampled_from(["1YYN", "1YNN", "?"]),
        "event_location": st.fixed_dictionaries({"country": st.sampled_from(["US", "DE"])}),
        "user_data": st.just({"email_address": "jo@shop.example"}),
        "page_location": st.sampled_from(
            [EVENT["page_location"], "https://shop.example/?_gl=1*x&token=abcdef0123456789", "?"]
        ),
        "note": st.text(max_size=20) | st.just("call +1 202 555 0123 or jo@shop.example"),
    },
)


@given(EVENTS, st.sampled_from([BROWSER, BACKEND]))
def test_a_released_event_is_what_it_would_have_been(
    raw: dict[str, Any], received: Received
) -> None:
    event = read_event({"event_id": "event-0", **raw})
    assert_same(event, received, hash_user_id=True)


def assert_same(event: Event, received: Received, hash_user_id: bool) -> None:
    """Quarantined and released, `event` is what the pipeline makes of it without the schema."""
    at_once = pipeline_of(ALWAYS, hash_user_id)(event, received)
    kept = quarantined(pipeline_of(NEVER, hash_user_id)(event, received).event)
    before = json.dumps(kept.event)
    for schema, checked in ((ALWAYS, True), (NEVER, False)):
        released = review_of(schema, hash_user_id, checked)(kept)
        assert not misfit(released)
        assert released.event == at_once.event
        assert released.verdicts == at_once.verdicts
        assert released.applied == at_once.applied
    assert json.dumps(kept.event) == before


@cache
def pipeline_of(schema: str, hash_user_id: bool) -> Pipeline:
    return compile_pipeline(parse(schema, hash_user_id))


@cache
def review_of(schema: str, hash_user_id: bool, checked: bool) -> Review:
    return compile_review(parse(schema, hash_user_id), checked)
