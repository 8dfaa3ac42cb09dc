"""The counters of consent are in the metrics, and on the screen of `gateway status` if not 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from gateway.cli.status import status
from gateway.monitoring.consent_problems import UNKNOWN_PLACES
from gateway.monitoring.metrics import render
from gateway.monitoring.numbers import read_numbers
from gateway.stages.consent.counts import PlaceProblem
from tests.support.keys import KEYS
from tests.support.operator_commands import runner

CONFIG = """
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://ads.example/"}}
"""
COUNTED = {
    "consent_defaults:default": 900,
    "consent_defaults:default for an unknown place": 120,
    "consent_defaults:default of source backend": 50,
    "consent_conflicts:cookie OptanonConsent:event": 12,
    "consent_conflicts:tcf:tcf": 1,
    "consent_unknown_places:site:no_address": 100,
    "consent_unknown_places:backend:no_address": 20,
    "consent_unknown_places:site:no_country": 7,
    "consent_unreadable:empty cookie CookieConsent": 4,
    "consent_unknown_keys:site": 40,
}
METRICS = [
    'gateway_consent_defaults_events_total{default="default for an unknown place"} 120.0',
    'gateway_consent_defaults_events_total{default="default of source backend"} 50.0',
    "gateway_consent_conflicts_events_total"
    '{denied_by="cookie OptanonConsent",granted_by="event"} 12.0',
    'gateway_consent_unknown_place_events_total{reason="no_address",source="backend"} 20.0',
    'gateway_consent_unreadable_events_total{signal="empty cookie CookieConsent"} 4.0',
    'gateway_consent_unknown_keys_events_total{source="site"} 40.0',
]
LINES = [
    "120 events did not state every consent type and had no address of a visitor, so their place "
    "is unknown: site (100 events), backend (20 events). Make your proxy send the visitor's "
    "address, and your backend `ip_override` or `consent`.",
    "7 events did not state every consent type and had an address that does not belong to a known "
    "country, so their place is unknown: site (7 events).",
    "50 events of source backend did not state every consent type and depend on its "
    "`consent_default`.",
    "cookie OptanonConsent denied what the event granted (12 events), tcf denied what another tcf "
    "granted (1 event).",
    "empty cookie CookieConsent (4 events). Check what your consent manager sends.",
    "Some events had keys in `consent` that are not consent types and were ignored: site "
    "(40 events).",
]


@pytest.fixture
def shown(redis_url: str, tmp_path: Path) -> Callable[..., str]:
    file = tmp_path / "gateway.yaml"
    run = runner(status, file, redis_url)

    def shown(*words: str, counted: dict[str, int] | None = None, more: str = "") -> str:
        file.write_text(CONFIG + more)
        if counted:
            with SyncRedis.from_url(redis_url) as server:
                server.hset(KEYS.counts, mapping=counted)
        result = run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    return shown


@pytest.mark.anyio
async def test_the_metrics(redis: Redis) -> None:
    await redis.hset(KEYS.counts, mapping=COUNTED)
    lines = render(await read_numbers(redis, KEYS, []), [], {}).decode().splitlines()
    for line in METRICS:
        assert line in lines


def test_the_status_says_nothing_about_consent_while_nothing_is_counted(
    shown: Callable[..., str],
) -> None:
    assert "onsent" not in shown()


def test_the_status_says_what_happened_and_what_to_do(shown: Callable[..., str]) -> None:
    words = " ".join(shown(counted=COUNTED).split())
    assert (
        "Consent decided by a default default events default 900 "
        "default for an unknown place 120 default of source backend 50 "
    ) in words
    for line in LINES:
        assert line in words


def test_only_the_most_frequent_are_listed(shown: Callable[..., str]) -> None:
    many = {f"consent_defaults:default for {number}": 10 + number for number in range(20)}
    many |= {f"consent_conflicts:gcs:cookie c{number}": 30 - number for number in range(20)}
    words = " ".join(shown(counted=many).split())
    assert "default for 12 22 12 others 186" in words
    assert "granted (23 events), 12 others. The denial holds." in words


def test_the_status_says_who_decides_a_contradiction(shown: Callable[..., str]) -> None:
    counted = {"consent_conflicts:gcs:event": 1}
    words = " ".join(shown(counted=counted).split())
    assert "granted (1 event). The denial holds." in words
    assert "set `consent.conflicts: ranked`" in words
    ranked = " ".join(shown(more="consent: {conflicts: ranked}").split())
    assert "granted (1 event). The signal that comes first in docs/consent.md decides" in ranked


def test_a_program_gets_the_numbers(shown: Callable[..., str]) -> None:
    assert json.loads(shown("--json", counted=COUNTED))["consent"] == {
        "defaults": {
            "default": 900,
            "default for an unknown place": 120,
            "default of source backend": 50,
        },
        "source_defaults": {"backend": 50},
        "conflicts": [
            {"denied_by": "cookie OptanonConsent", "granted_by": "event", "events": 12},
            {"denied_by": "tcf", "granted_by": "tcf", "events": 1},
        ],
        "unknown_places": [
            {"source": "site", "reason": "no_address", "events": 100},
            {"source": "backend", "reason": "no_address", "events": 20},
            {"source": "site", "reason": "no_country", "events": 7},
        ],
        "unreadable": {"empty cookie CookieConsent": 4},
        "unknown_keys": {"site": 40},
    }


def test_every_reason_has_words() -> None:
    assert tuple(UNKNOWN_PLACES) == get_args(PlaceProblem)
