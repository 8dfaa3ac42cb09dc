"""The destinations, and each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from starlette.requests import Request

from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.console.advice import advice
from gateway.console.attention import of_destination
from gateway.console.charts import Row, delays_at, ended_at, numbers_of, outcomes, outcomes_chart
from gateway.console.context import Console
from gateway.console.period import PERIODS, Period, period_of
from gateway.console.personal import QUOTES_PERSON, recorded_reason_without_personal
from gateway.console.trouble import Trouble
from gateway.event.reasons import common
from gateway.ledger.delays import BUCKETS, DELAY, quantile
from gateway.ledger.hour_counts import tally
from gateway.ledger.quality import SAMPLE, match_quality, orders, sample
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import series
from gateway.ledger.vendor_errors import ErrorGroup, vendor_errors
from gateway.monitoring.permissions import permissions_of
from gateway.pipeline.routes import required_consent
from gateway.queue.bounds import WORDS


async def list_view(console: Console, request: Request) -> dict[str, Any]:
    period = period_of(request)
    status = await console.status()
    ended: dict[str, dict[str, Any]] = {}
    if console.settings.has_ledger:
        counted = await console.read(
            lambda reader: series(reader, period.since, period.until, period.step)
        )
        found = ended_at(counted)
        ended = {name: _ended(found[name]) for name in console.settings.destinations}
    return {
        "period": period,
        "periods": list(PERIODS),
        "destinations": {
            name: {
                "type": configured.type,
                "dry_run": configured.dry_run,
                "status": status.destinations[name],
                "ended": ended.get(name),
            }
            for name, configured in console.settings.destinations.items()
        },
    }


async def view(console: Console, request: Request) -> dict[str, Any]:
    name = request.path_params["name"]
    configured = console.settings.destinations.get(name)
    if configured is None:
        raise Trouble(404, "The configuration has no destination with this name.")
    period = period_of(request)
    status = await console.status()
    data = {
        "title": name,
        "name": name,
        "period": period,
        "periods": list(PERIODS),
        "attention": list(of_destination(name, status.destinations[name])),
        "status": status.destinations[name],
        "bounds": [
            {"what": WORDS[each.kind], "used": each.used, "limit": each.limit}
            for each in status.bounds
            if each.of == name
        ],
        "about": _about(configured),
        "numbers": None,
    }
    if console.settings.has_ledger:
        data["numbers"] = await console.read(partial(_numbers, name, period))
    return data


def _about(configured: ForwardingSettings) -> dict[str, Any]:
    destination = build_destination(configured)
    limits, delivery = destination.limits, configured.delivery
    return {
        "type": configured.type,
        "dry_run": configured.dry_run,
        "consent": sorted(required_consent(configured)),
        "permissions": permissions_of(configured),
        "max_events": limits.max_events,
        "max_age_seconds": limits.max_age.total_seconds(),
        "dedupe_seconds": limits.dedupe.total_seconds(),
        "requests_per_second": delivery.requests_per_second,
        "events_per_second": delivery.events_per_second,
        "in_flight": delivery.in_flight,
        "drains": delivery.drains,
        "rules": [rule.name or "(without a name)" for rule in configured.rules],
    }


def _ended(ended: Counter[str]) -> dict[str, int]:
    return {"accepted": ended["accepted"], **outcomes(ended)}


def _numbers(name: str, period: Period, reader: LedgerReader) -> dict[str, Any]:
    with reader.reading.held():
        return _read(name, period, reader)


def _read(name: str, period: Period, reader: LedgerReader) -> dict[str, Any]:
    since, until = period.since, period.until
    of_name = series(reader, since, until, period.step, destination=name)
    took = delays_at(tally(reader, since, until, [DELAY]))[name]
    errors = vendor_errors(reader, name, since, until)
    sampled = sample(reader, name, SAMPLE)
    payloads = [each.payload for each in sampled if each.payload is not None]
    return {
        "ended": _ended(ended_at(of_name)[name]),
        "outcomes": outcomes_chart(of_name.buckets, numbers_of(of_name)),
        "delays": [Row(bucket, took[bucket]) for bucket in BUCKETS if bucket in took],
        "median": quantile(took, 0.5),
        "p95": quantile(took, 0.95),
        "errors": [
            {**asdict(group), "advice": advice(group.ending, group.status)}
            for group in _for_all(reader, name, errors.groups)
        ],
        "errors_since": errors.looked_since,
        "sampled": len(payloads),
        "quality": match_quality(payloads),
        "orders": orders((each.payload, each.trusted) for each in sampled if each.payload),
    }


def _for_all(reader: LedgerReader, name: str, groups: Iterable[ErrorGroup]) -> list[ErrorGroup]:
    """`groups` with reasons that everybody may see; those with the same reason become one."""
    found: dict[tuple[str, int | None, str], ErrorGroup] = {}
    for group in groups:
        reason = _reason_for_all(reader, name, group)
        key = group.ending, group.status, reason
        one = found.get(key, replace(group, reason=reason, number=0))
        newest = max(one.newest, group.newest)
        found[key] = replace(one, number=one.number + group.number, newest=newest)
    return sorted(found.values(), key=lambda group: -group.number)


def _reason_for_all(reader: LedgerReader, name: str, group: ErrorGroup) -> str:
    """The reason of `group` as everybody may see it. The newest event has the whole reason, which
    `group` has in short, and the identifiers of its visitor."""
    story = reader.story(group.newest)
    endings = [each for each in story.endings if each.destination == name] if story else []
    reasons = [ending.reason for ending in endings]
    reasons += [each.reason for ending in endings for each in ending.attempts]
    meant = [each for each in reasons if common(each) == group.reason] or [group.reason]
    event = story.payload if story else None
    shown = [recorded_reason_without_personal(each, group.status, event) for each in meant]
    return QUOTES_PERSON if QUOTES_PERSON in shown else common(shown[0])
