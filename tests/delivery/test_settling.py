"""Settling: results are settled together, counted, and never lost to a failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from destinations.base import DELIVERED, Event, Outcome, Request, Response, Unsendable
from gateway.delivery.send import Attempt
from gateway.event.endings import WITH_WARNINGS
from gateway.queue.append import Appender
from gateway.queue.fates import read_fates
from gateway.queue.feed import Feeding
from gateway.queue.pending_counts import DELIVERY, PendingCounts
from gateway.queue.read import ensure_group
from tests.support.destination_numbers import numbers
from tests.support.drains import DOWN, OK, Fill, Start, nobody, outcomes, run
from tests.support.events import decide, decisions, make_event
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel, Vendor, script
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]


async def test_attempts_and_times_are_counted(
    start: Start, fill: Fill, redis: Redis, watched: list[Attempt]
) -> None:
    await fill(4)
    await run(await start(Vendor(script(OK, Response(400), DOWN, OK)), in_flight=1))
    counts = (await numbers(redis)).counts
    attempts = {name: n for name, n in counts.items() if name.startswith("attempts:")}
    assert attempts == {
        "attempts:delivered": 2,
        "attempts:rejected": 1,
        "attempts:retry": 1,
    }
    assert len(watched) == 4
    buckets, seconds = DELIVERY.read(counts)
    assert buckets[-1] == ("+Inf", 2)
    assert 0 < seconds < 60


async def test_an_event_from_a_clock_that_is_ahead_takes_no_time(
    start: Start, redis: Redis
) -> None:
    """A negative time would make the sum fall, and a sum that falls looks like a restart."""
    await ensure_group(redis, ADS)
    ahead = replace(decide(make_event(0), ["ads"]), received_at=time.time() + 3600)
    await Appender(redis, KEYS, PendingCounts(), nobody).append([ahead])  # type: ignore[arg-type]
    await run(await start(Vendor()))
    buckets, seconds = DELIVERY.read((await numbers(redis)).counts)
    assert {count for _, count in buckets} == {1}
    assert seconds == 0


async def test_when_redis_fails_what_was_sent_is_settled_first(
    start: Start, fill: Fill, redis: Redis
) -> None:
    """Requests under way when reading fails are not forgotten, or they would be sent again."""
    await fill(2)
    answered = asyncio.Event()

    async def reply(_: Any) -> Response:
        await answered.wait()
        return OK

    vendor = Vendor(reply)
    running = asyncio.create_task(run(await start(vendor)))
    await until(lambda: len(vendor.requests) == 2)
    await redis.acl_setuser("default", enabled=True, commands=["-xreadgroup"])
    try:
        await asyncio.sleep(0.2)
        ended_early = running.done()
        answered.set()
        with pytest.raises(NoPermissionError):
            await running
    finally:
        await redis.acl_setuser("default", enabled=True, commands=["+xreadgroup"])
    assert not ended_early
    assert await outcomes(redis) == {"delivered": 2}


async def test_answers_that_come_together_are_settled_together(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await fill(30)
    answered = asyncio.Event()

    async def reply(_: Any) -> Response:
        await answered.wait()
        return OK

    vendor = Vendor(reply)
    running = asyncio.create_task(run(await start(vendor)))
    await until(lambda: len(vendor.requests) == 30)
    await redis.config_resetstat()
    answered.set()
    await running
    assert await outcomes(redis) == {"delivered": 30}
    assert (await redis.info("commandstats"))["cmdstat_xdel"]["calls"] <= 3


async def test_what_is_answered_after_settling_failed_is_settled(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await fill(2)
    answered = asyncio.Event()

    async def reply(ids: list[str]) -> Response:
        if ids == ["event-1"]:
            await answered.wait()
        return OK

    drain = await start(Vendor(reply))
    await redis.acl_setuser("default", enabled=True, commands=["-xack"])
    running = asyncio.create_task(run(drain))
    try:
        await until(lambda: drain._background.error)
    finally:
        await redis.acl_setuser("default", enabled=True, commands=["+xack"])
    answered.set()
    with pytest.raises(RedisError):
        await running
    assert await outcomes(redis) == {"delivered": 1, "pending": 1}


async def test_when_settling_fails_the_events_stay_pending(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await fill(2)
    drain = await start(Vendor())
    await redis.acl_setuser("default", enabled=True, commands=["-xack"])
    try:
        with pytest.raises(RedisError):
            await run(drain)
    finally:
        await redis.acl_setuser("default", enabled=True, commands=["+xack"])
    assert await outcomes(redis) == {"pending": 2}


class Warned(Parcel):
    """A destination whose vendor accepts events with more warnings than are kept."""

    def secrets(self) -> Iterator[str]:
        yield "s3cret-token"

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        said = ("", "v1 ends soon\n", "token s3cret-token is old", "x" * 5000)
        return [Outcome("delivered", "taken", warnings=said), DELIVERED]


async def test_warnings_of_a_delivery_are_counted_kept_short_masked_and_noted(
    start: Start, fill: Fill, redis: Redis, watched: list[Attempt]
) -> None:
    await fill(2)
    await run(await start(Vendor(), destination=Warned(2)))
    assert await outcomes(redis) == {"delivered": 2}
    assert (await numbers(redis)).counts["warned"] == 1
    ((first, second),) = [attempt.outcomes for attempt in watched]
    assert first.warnings == ("v1 ends soon", "token *** is old")
    assert second.warnings == ()
    noted = orjson.loads(await redis.get(ADS.warning))
    assert noted["reason"] == "v1 ends soon; token *** is old"


async def test_the_ledger_learns_of_warnings_and_of_tests(start: Start, redis: Redis) -> None:
    class Tested(Warned):
        def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
            for made in super().requests(events, now):
                yield made._replace(test=True) if isinstance(made, Request) else made

    await ensure_group(redis, ADS)
    feeding = Feeding(1_000_000, lambda *_: [])
    appender = Appender(redis, KEYS, PendingCounts(), nobody, feeding=feeding)  # type: ignore[arg-type]
    await appender.append(decisions(2, ["ads"]))
    await run(await start(Vendor(), destination=Tested(2), reports=True))
    (fields,) = [fields for _, fields in await redis.xrange(KEYS.feed) if b"s" in fields]
    told = read_fates({"s": fields[b"s"]}).alike
    assert [(each.result, each.words) for each in told for _ in each.ids] == [
        (WITH_WARNINGS, "v1 ends soon; token *** is old; sent as a test; taken"),
        ("delivered", "sent as a test"),
    ]
