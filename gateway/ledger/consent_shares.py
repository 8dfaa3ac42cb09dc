"""The shares of received events that had consent, over time and by country."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.ledger.consent_words import ADS, ANALYTICS, granted_in_words
from gateway.ledger.day_rows import country_with, received_by
from gateway.ledger.hour_counts import tally
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import HOUR, series

KINDS = 9
"""Number of different consents in the ledger: three states of two types."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Numbers of events: all, those with ``ad_storage`` granted, and those with
    ``analytics_storage`` granted."""

    events: int = 0
    ads: int = 0
    analytics: int = 0


@dataclass(frozen=True, slots=True)
class ConsentShares:
    """step: seconds. by_time: by the first second (Unix) of each step, including steps without an
    event. by_country: by country code, those with most events first; ``""`` is an unknown
    country."""

    step: int
    all: Shares
    by_time: Mapping[int, Shares]
    by_country: Mapping[str, Shares]


def consent_shares(reader: LedgerReader, since: float, until: float, step: int) -> ConsentShares:
    """The shares of the events that came in between two times (Unix seconds), in whole steps of an
    hour or a day. Raises ValueError as `series` does."""
    step = max(step, HOUR)
    made = series(reader, since, until, step, received_by("consent"), top=KINDS)
    by_time: dict[int, Counter[str]] = {at: Counter() for at in made.buckets}
    for (at, consent, _, _), number in made.counts.items():
        by_time[at][consent] += number
    consents = {country_with(consent): consent for consent in made.values}
    by_country: dict[str, Counter[str]] = {}
    tallied = tally(reader, made.first, until, [*consents])
    for (dimension, country, _, _), number in tallied.items():
        by_country.setdefault(country, Counter())[consents[dimension]] += number
    most_first = sorted(by_country, key=lambda name: (-by_country[name].total(), name))
    return ConsentShares(
        step,
        _shares(sum(by_time.values(), Counter())),
        {at: _shares(found) for at, found in by_time.items()},
        {name: _shares(by_country[name]) for name in most_first},
    )


def _shares(found: Mapping[str, int]) -> Shares:
    """found: events by their consent, as the ledger writes it."""
    granted: Counter[str] = Counter()
    for consent, number in found.items():
        for kind in granted_in_words(consent):
            granted[kind] += number
    return Shares(sum(found.values()), granted[ADS], granted[ANALYTICS])
