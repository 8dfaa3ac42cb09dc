"""Redis reaches `maxmemory` while a destination is down: first because of its events, then because
another client takes the rest, and all that becomes free while events are delivered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from gateway.runtime.embedded import embedded_url
from tests.soak.books import Accounting
from tests.soak.report import Report
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, webhook


@dataclass(frozen=True)
class Plan:
    """Events come from a backend, whose events are never spooled.

    room: bytes of `maxmemory` beyond what is used at the start. fast: events that fill most of it,
    slow: events that fill the rest, so slowly that the intake can be shut in time. more: events
    that are sent once it is full, and again once it is empty. settle_seconds: the longest time from
    the destination's return to the last delivery; it may be in a long pause by then.
    """

    room: int = 30_000_000
    fast: int = 18_000
    slow: int = 15_000
    more: int = 50
    settle_seconds: float = 240.0


SHORT = Plan(room=8_000_000, fast=4_600, slow=5_000, settle_seconds=60.0)
FAST, SLOW = 1500.0, 350.0
"""Events a second."""
STRANGER = "somebody:else"
SOON = 60.0
"""Seconds within which RQ has to work again once there is room."""


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"Redis at maxmemory, with {plan.room / 1e6:.0f} MB of room")
    sent, sink = Sent(), SinkProcess(folder)
    with Soaked(folder, webhook("hook", sink.url)) as gateway, sink:
        sink.kill()
        async with Redis.from_url(embedded_url(folder / "data") or "") as redis:
            used = (await redis.info("memory"))["used_memory"]
            await redis.config_set("maxmemory", used + plan.room)
            await _fill(report, gateway, redis, sent, plan)
            async with _stranger(redis):
                await _refuse(report, gateway, redis, sent, plan)
                sink.start()
                await _drain(report, gateway, redis, plan)
            began = time.monotonic()
            workers = await _workers_of_rq(redis)
            report.row("RQ came back after", f"{time.monotonic() - began:.0f} s")
            report.check(workers > 0, "RQ's workers are back once there is room")
        again = await _send(gateway, sent, "again", plan.more, SLOW)
        report.check(again == plan.more, f"it takes events again: {again} of {plan.more}")
        report.check(await gateway.settled(30), "nothing is waiting in the end")
        outcomes = gateway.outcomes("hook")
        audit = gateway.audit_data()
    _enter_audit(report, audit)
    report.row("answers", ", ".join(f"{n} x {answer}" for answer, n in sent.answers.items()))
    report.row("refusals", "; ".join(sorted(sent.refusals)))
    report.check(set(sent.answers) <= {"200", "503"}, f"200 or 503 only: {sent.answers}")
    silent = [said for said in sent.refusals if "retry-after" not in said]
    report.check(not silent, f"every refusal says when to try again: {silent}")
    says_why = any("memory" in said for said in sent.refusals)
    report.check(says_why, "refusals say that it is the memory")
    Accounting("hook", sent, dict.fromkeys(sent.tries), outcomes, sink.taken("/hook")).enter(report)
    return report


def _enter_audit(report: Report, audit: dict[str, Any]) -> None:
    """Checks that the ledger lacks only records that were left out and counted."""
    left_out = audit["records_dropped"]
    words = "balances" if audit["balanced"] else f"{left_out} records were left out"
    report.row("audit", words)
    report.check(audit["balanced"] or left_out > 0, f"the audit balances or says why: {audit}")


async def _fill(report: Report, gateway: Soaked, redis: Redis, sent: Sent, plan: Plan) -> None:
    """Sends until the intake is shut."""
    accepted = await _send(gateway, sent, "fast", plan.fast, FAST)
    accepted += await _send(gateway, sent, "slow", plan.slow, SLOW)
    report.row("accepted until it was shut", f"{accepted} of {plan.fast + plan.slow}")
    report.check(plan.fast <= accepted < plan.fast + plan.slow, "the intake was shut by then")
    memory = await redis.info("memory")
    share = memory["used_memory"] / memory["maxmemory"]
    report.row("used memory", f"{share:.1%} of maxmemory; then somebody else takes the rest")
    report.check(share < 1, f"the intake was shut before memory was full, not at {share:.1%}")


@asynccontextmanager
async def _stranger(redis: Redis) -> AsyncIterator[None]:
    """Within the context, another client takes all free memory; it gives it back at the end."""
    full, enough = asyncio.Event(), asyncio.Event()
    taking = asyncio.create_task(_take_memory(redis, full, enough))
    try:
        await full.wait()
        yield
    finally:
        enough.set()
        await taking
        await redis.delete(STRANGER)


async def _take_memory(redis: Redis, full: asyncio.Event, enough: asyncio.Event) -> None:
    while not enough.is_set():
        try:
            await redis.rpush(STRANGER, bytes(10_000))
        except OutOfMemoryError:
            full.set()
            await asyncio.sleep(0.005)


async def _refuse(report: Report, gateway: Soaked, redis: Redis, sent: Sent, plan: Plan) -> None:
    """Sends while memory is full to the last byte."""
    accepted = await _send(gateway, sent, "more", plan.more, SLOW)
    report.row("accepted at maxmemory", f"{accepted} of {plan.more}")


async def _drain(report: Report, gateway: Soaked, redis: Redis, plan: Plan) -> None:
    """Waits until all is delivered; if that takes too long, it lifts the limit of memory."""
    began = time.monotonic()
    waiting = gateway.waiting()
    if await gateway.settled(plan.settle_seconds):
        taken = await redis.llen(STRANGER) * 10_000 / 1e6
        report.row("delivered at maxmemory", f"{waiting} in {time.monotonic() - began:.0f} s")
        report.row("what somebody else took", f"{taken:.1f} MB")
        return
    promise = f"what waits is delivered within {plan.settle_seconds:.0f} s at maxmemory"
    report.check(False, f"{promise}; {gateway.waiting()} events are still waiting")
    await redis.config_set("maxmemory", 0)
    settled = await gateway.settled(60)
    report.row("delivered once maxmemory was lifted", "yes" if settled else "no")


async def _workers_of_rq(redis: Redis) -> int:
    """How many workers have sent a heartbeat since the call, once there are any; 0 after `SOON`."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").encode()
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        keys = [key async for key in redis.scan_iter("rq:worker:*", _type="hash")]
        heartbeats = [await redis.hget(key, "last_heartbeat") for key in keys]
        if alive := sum(heartbeat is not None and heartbeat > now for heartbeat in heartbeats):
            return alive
        await asyncio.sleep(0.25)
    return 0


async def _send(gateway: Soaked, sent: Sent, prefix: str, count: int, rate: float) -> int:
    """Sends each event once, whatever the answer. Returns how many were accepted."""
    before = len(sent.accepted)
    senders = Senders(gateway.port, rate, "/events", give_up=0, sent=sent)
    await senders.send(make_events(prefix, count))
    return len(sent.accepted) - before
