"""Which cookies an answer sets, by the consent of the events in its request."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received, read_event
from gateway.pipeline.compile import compile_pipeline
from gateway.web.answer_cookies import answer_cookies

DECIDE = compile_pipeline(
    parse_settings(
        """
sources: {site: {type: collect}}
enrichment: []
identity: {visitor_cookie: visitor_id, consent: [analytics_storage]}
consent: {default: {}, regions: []}
destinations: {}
""",
        environment={},
    )
)


@pytest.mark.parametrize(
    ("states", "is_set"),
    [
        (["granted"], True),
        (["granted", ""], True),
        (["denied", "granted"], True),
        (["granted", "denied"], False),
        (["granted", "", "denied"], False),
        (["granted", "denied", ""], False),
        (["granted", "", "denied", "granted"], True),
    ],
)
def test_no_cookie_of_an_event_before_a_withdrawal_is_set(states: list[str], is_set: bool) -> None:
    received = Received("site", 1.0, headers={"host": "shop.example"})
    stated = [{"analytics_storage": state} if state else {} for state in states]
    events = [read_event({"event_name": "x", "consent": each}) for each in stated]
    assert bool(answer_cookies([DECIDE(event, received) for event in events])) is is_set
