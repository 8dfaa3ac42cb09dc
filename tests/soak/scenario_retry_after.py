"""Vendors throttle and state for how long: in seconds, as a date, in words, and ten years."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path

from redis.asyncio import Redis

from gateway.queue.pause import current_pause
from gateway.runtime.embedded import embedded_url
from tests.soak.report import Report
from tests.soak.sending import Senders, make_events
from tests.soak.soaked import Soaked, webhook
from tests.soak.throttling import Throttling
from tests.support.fake_clock import HOUR, FakeClock
from tests.support.keys import KEYS

DAY = 24 * HOUR
TEN_YEARS = 3650 * DAY
SECOND_OF_A_DATE = 1.0
"""A date names whole seconds."""


@dataclass(frozen=True)
class Plan:
    """asked: seconds that the first two vendors ask for. forms: those of `Retry-After`, one for
    each destination. events: those to each destination while it throttles. late: the most seconds
    from the time that a vendor stated to the next request."""

    asked: int = 30
    forms: tuple[str, ...] = ("seconds", "date", "garbage", "decade")
    events: int = 20
    late: float = 10.0


SHORT = Plan(asked=3, forms=("seconds", "date", "garbage", "decade"), late=4.0)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"Retry-After: {plan.asked} s, {', '.join(plan.forms[1:])}")
    said: dict[str, Callable[[float], str]] = {
        "/seconds": lambda _: str(plan.asked),
        "/date": lambda now: formatdate(now + plan.asked, usegmt=True),
        "/garbage": lambda _: "in a little while",
        "/decade": lambda _: f"{TEN_YEARS:.0f}",
    }
    clock = FakeClock(folder)
    async with Throttling(said) as vendors:
        destinations = "".join(webhook(form, vendors.url) for form in plan.forms)
        with Soaked(folder, destinations, environment=clock.environment) as gateway:
            await Senders(gateway.port, 10.0).send(make_events("first", 1))
            await _until(lambda: len(vendors.requests) == len(plan.forms), 10)
            first = {path: times[0] for path, times in vendors.requests.items()}
            sent = await Senders(gateway.port, 100.0).send(make_events("more", plan.events))
            accepted = 1 + len(sent.accepted)
            await asyncio.sleep(max(first.values()) + plan.asked + plan.late - time.monotonic())
            for form in plan.forms:
                _enter_waits(report, form, vendors.requests[f"/{form}"], plan)
            await _enter_cap(report, folder)
            vendors.relieved |= said.keys()
            clock.jump(DAY + plan.late)
            settled = await gateway.settled(60)
            delivered = {form: gateway.outcomes(form)["delivered"] for form in plan.forms}
    report.row(
        "a day later", f"{sum(delivered.values())} of {accepted * len(plan.forms)} delivered"
    )
    report.check(settled, "nothing is waiting a day later")
    report.check(set(delivered.values()) == {accepted}, f"all delivered a day later: {delivered}")
    return report


def _enter_waits(report: Report, form: str, times: list[float], plan: Plan) -> None:
    """Judges the requests to a vendor while it throttled. Before its first answer there was only
    one event, so the gateway decided on every further request."""
    gaps = [after - before for before, after in pairwise(times)]
    shown = ", ".join(f"{gap:.1f}" for gap in gaps[:6])
    report.row(f"{form}: seconds between requests", shown or "no second request")
    if form == "decade":
        report.check(not gaps, f"{form}: no second request on the same day, not after {shown} s")
        return
    least = {"seconds": plan.asked, "date": plan.asked - SECOND_OF_A_DATE, "garbage": 1.0}[form]
    first = gaps[0] if gaps else float("inf")
    report.check(min(gaps, default=0) >= least, f"{form}: none before {least:.0f} s: {shown}")
    report.check(first <= least + plan.late, f"{form}: asked again after {first:.1f} s")


async def _enter_cap(report: Report, folder: Path) -> None:
    async with Redis.from_url(embedded_url(folder / "data") or "", protocol=2) as redis:
        pause = await current_pause(redis, KEYS.destination("decade"))
    seconds = pause.seconds if pause is not None else 0.0
    report.row("decade: paused for", f"{seconds / HOUR:.1f} h more")
    report.check(DAY - 2 * 60 < seconds <= DAY, f"a day at most, not {seconds / HOUR:.1f} h")


async def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        await asyncio.sleep(0.02)
