"""Consent and privacy: what visitors agreed to, where their data may go, and who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.requests import Request

from gateway.configuration.settings import Settings
from gateway.console.access.operator import is_operator
from gateway.console.charts import Chart, Line, Row
from gateway.console.context import Console
from gateway.console.period import PERIODS, Period, period_of
from gateway.ledger.consent_shares import ConsentShares, consent_shares
from gateway.ledger.operator_actions import Done, newest_done
from gateway.ledger.operator_log import OperatorLog
from gateway.ledger.reading import LedgerReader
from gateway.monitoring.consent_problems import consent_problems
from gateway.monitoring.data_map import data_map
from gateway.monitoring.problems import address_problems
from gateway.stages.consent.counts import Conflict, ConsentCounts, UnknownPlace

COUNTRIES = 30
REQUESTS = 50
OF_PERSONS = ("erase", "access")
"""Commands that answer what a person asks for."""

REASONS: dict[str, str] = {
    "no_address": "no address of a visitor",
    "no_country": "an address of no known country",
}
"""Why a place is unknown."""


async def view(console: Console, request: Request) -> dict[str, Any]:
    period = period_of(request, "28d")
    status = await console.status()
    data: dict[str, Any] = {
        "period": period,
        "periods": list(PERIODS),
        "attention": [
            *address_problems(status),
            *consent_problems(status.consent, status.conflicts_ranked),
        ],
        "numbers": None,
        "signals": _signals(status.consent),
        "data_map": data_map(console.settings),
        "is_operator": is_operator(request),
        **await asyncio.to_thread(_requests, console.settings),
    }
    if console.settings.has_ledger:
        data["numbers"] = await console.read(partial(_numbers, period))
    return data


def _numbers(period: Period, reader: LedgerReader) -> dict[str, Any]:
    with reader.reading.held():
        found = consent_shares(reader, period.since, period.until, period.step)
    countries = list(found.by_country.items())
    return {
        "all": found.all,
        "chart": _chart(found),
        "days": [{"at": at, **asdict(each)} for at, each in found.by_time.items() if each.events],
        "countries": [
            {"country": name or "(unknown)", **asdict(each)} for name, each in countries[:COUNTRIES]
        ],
        "more_countries": max(0, len(countries) - COUNTRIES),
    }


def _chart(found: ConsentShares) -> Chart:
    """Shares in per cent; steps without an event are left out."""
    some = {at: shares for at, shares in found.by_time.items() if shares.events}
    analytics = [round(100 * each.analytics / each.events) for each in some.values()]
    ads = [round(100 * each.ads / each.events) for each in some.values()]
    lines = [Line("analytics granted, %", analytics, 1), Line("ads granted, %", ads, 5)]
    return Chart(list(some), lines)


def _signals(counts: ConsentCounts) -> list[dict[str, Any]]:
    """What was counted since the first event, the largest first."""
    places = {f"{each.source}: {REASONS[each.reason]}": each for each in counts.unknown_places}
    conflicts = {
        f"{each.denied_by} denied, {each.granted_by} granted": each for each in counts.conflicts
    }
    tables = (
        ("Defaults that decided", counts.defaults, "A signal decided about every event."),
        ("Unknown places", _events(places), "No event needed a place that is unknown."),
        ("Signals that could not be read", counts.unreadable, "Every signal could be read."),
        ("Signals that contradict each other", _events(conflicts), "None did."),
        ("Sources with unknown keys in consent", counts.unknown_keys, "None had any."),
    )
    return [
        {"title": title, "empty": empty, "rows": [Row(name, n) for name, n in found.items()]}
        for title, found, empty in tables
    ]


def _events(counted: Mapping[str, Conflict | UnknownPlace]) -> dict[str, int]:
    return {name: each.events for name, each in counted.items()}


def _requests(settings: Settings) -> dict[str, Any]:
    """What operators did for persons who asked."""
    log = OperatorLog.of(settings)

    def is_of_person(done: Done) -> bool:
        return done.command in OF_PERSONS

    try:
        found = newest_done(log, is_of_person, REQUESTS)
    except OSError as error:
        return {"requests": [], "requests_unreadable": f"{log.path}: {error.strerror}"}
    rows = [
        {
            "at": each.at,
            "user": each.user,
            "command": each.command,
            "person": " ".join(str(value) for value in each.arguments.values()),
            "found": {name: n for name, n in each.counts.items() if n},
        }
        for each in found
    ]
    return {"requests": rows, "requests_unreadable": ""}
