"""The trust in a sender stays with its event: in the decision, the entry and the quarantine."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.operations.quarantine_review import compile_review
from gateway.pipeline.compile import compile_pipeline
from gateway.queue.entry import decode, encode
from gateway.queue.quarantined_event import Quarantined, encode_quarantined

SETTINGS = parse_settings(
    """
    enrichment: []
    sources: {site: {type: collect}}
    destinations: {web: {type: webhook, url: "https://shop.example/", consent: []}}
    """
)
DECIDE = compile_pipeline(SETTINGS)
EVENT = {"event_name": "purchase", "event_id": "1"}


@pytest.mark.parametrize("trusted", [True, False])
def test_the_decision_and_the_entry_say_it(trusted: bool) -> None:
    decision = DECIDE(EVENT, Received("site", 1000.0, trusted=trusted))
    assert decision.trusted is trusted
    assert decode(b"1-0", 1, encode(decision, decision.event, ())).trusted is trusted


@pytest.mark.parametrize("trusted", [True, False])
def test_quarantine_does_not_make_a_sender_trusted(trusted: bool) -> None:
    decision = DECIDE(EVENT, Received("site", 1000.0, trusted=trusted))
    data = encode_quarantined(replace(decision, quarantine="does not fit"))
    kept = Quarantined.read("1-0", data)
    assert kept.trusted is trusted
    assert compile_review(SETTINGS, checked=True)(kept).trusted is trusted


def test_what_the_version_before_put_into_quarantine_does_not_count_as_trusted() -> None:
    decision = DECIDE(EVENT, Received("site", 1000.0))
    read = orjson.loads(encode_quarantined(replace(decision, quarantine="does not fit")))
    del read["trusted"]
    kept = Quarantined.read("1-0", orjson.dumps(read))
    assert not compile_review(SETTINGS, checked=True)(kept).trusted
