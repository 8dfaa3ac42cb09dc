"""Shares of consent: the counts agree with the events."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.ledger.consent_shares import KINDS, Shares, consent_shares
from gateway.ledger.consent_words import consent_in_words, granted_in_words
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import DAY, HOUR
from gateway.ledger.tables import events
from tests.ledger.conftest import FILLED_DAYS, FILLED_EVENTS, FILLED_UNTIL
from tests.support.events import decide, make_event
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

STATES = ("granted", "denied", "unset")


def told_by_events(reader: LedgerReader) -> dict[str, Shares]:
    found: dict[str, list[dict[str, str]]] = {}
    for day in reader.reading.days():
        with reader.reading.open_day(day) as file:
            for country, states in file.execute(select(events.c.country, events.c.states)):
                found.setdefault(country, []).append(orjson.loads(states))
    return {
        country: Shares(
            len(those),
            sum(each["ad_storage"] == "granted" for each in those),
            sum(each["analytics_storage"] == "granted" for each in those),
        )
        for country, those in found.items()
    }


@pytest.mark.parametrize("step", [60, HOUR, DAY])
def test_they_are_those_of_the_events(filled: LedgerReader, step: int) -> None:
    since = FILLED_UNTIL - FILLED_DAYS * DAY
    found = consent_shares(filled, since, FILLED_UNTIL, step)
    assert found.by_country == told_by_events(filled)
    events = [each.events for each in found.by_country.values()]
    assert events == sorted(events, reverse=True)
    assert found.all.events == sum(events) == FILLED_EVENTS
    assert 0 < found.all.ads < found.all.analytics < FILLED_EVENTS
    assert found.step == max(step, HOUR)
    assert sum(each.ads for each in found.by_time.values()) == found.all.ads


async def test_an_event_for_several_destinations_is_one(books: Books) -> None:
    denied = {"consent": {"ad_storage": "denied", "analytics_storage": "granted"}}
    place = {"event_location": {"country": "DE"}}
    await books.append(
        decide(make_event(0, **denied, **place), ["ads", "books"]),
        decide(make_event(1, consent={"ad_storage": "granted"}, **place), ["ads"], ["books"]),
        decide(make_event(2, consent={}), withhold=["ads"]),
    )
    await books.store()
    now = time.time()
    found = consent_shares(books.reader, now - DAY, now, HOUR)
    assert found.by_country == {"DE": Shares(2, 1, 1), "": Shares(1, 0, 0)}
    assert found.all == Shares(3, 1, 1)
    assert len(found.by_time) == 25


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_what_is_granted_can_be_read_off_the_words(ads: str, analytics: str) -> None:
    states = {"ad_storage": ads, "analytics_storage": analytics}
    expected = {
        name
        for name, state in zip(("ads", "analytics"), (ads, analytics), strict=True)
        if state == "granted"
    }
    assert granted_in_words(consent_in_words(states)) == expected
    assert len(STATES) ** 2 == KINDS
