"""Polling: a vendor that answers later is asked what became of the events it accepted."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from destinations.base import Outcome, Request, Response, submitted
from gateway.delivery import polling as polling_module
from gateway.http.client import Ambiguous
from gateway.queue.append import Appender
from gateway.queue.fates import Fate, read_fates
from gateway.queue.feed import Feeding
from gateway.queue.pause import current_pause
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from tests.support.destination_numbers import numbers
from tests.support.drains import (
    SOON,
    Fill,
    Start,
    dead_letters,
    nobody,
    outcomes,
    run,
)
from tests.support.events import decisions
from tests.support.keys import ADS, KEYS
from tests.support.killed_drain import MOMENTS
from tests.support.later_vendor import LaterParcel, LaterVendor
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_module, "MIN_WAIT_SECONDS", 0.05)


def by_event(**words: str) -> Any:
    """Verdicts by event: the word `_1` is for `event-1`, and events without one are ok."""
    return lambda event_id: words.get(f"_{event_id.removeprefix('event-')}", "ok")


async def test_each_event_ends_by_its_own_verdict(redis: Redis, fill: Fill, start: Start) -> None:
    vendor = LaterVendor(by_event(_1="bad", _2="warned"))
    await fill(4)
    await run(await start(vendor, destination=LaterParcel(), idle=0.5))
    assert await outcomes(redis) == {"delivered": 3, "rejected": 1}
    now = await numbers(redis)
    assert now.counts["warned"] == 1
    assert now.counts["polls:answered"] == 1
    (letter,) = await dead_letters(redis)
    assert (letter["event"]["event_id"], letter["reason"]) == ("event-1", "HTTP 200: bad")
    assert letter["response"]["status"] == 200
    assert set(vendor.times_sent.values()) == {1}


@pytest.mark.parametrize(
    "refusal",
    [
        Outcome("rejected", "HTTP 400", "request"),
        Outcome("retry", "HTTP 401", "configuration"),
        Outcome("rejected", "HTTP 400"),
        Outcome("retry", "later", "event"),
    ],
)
async def test_verdicts_have_a_row_for_each_event_of_the_request(
    redis: Redis, fill: Fill, start: Start, refusal: Outcome
) -> None:
    """Even if the vendor accepted only some of them."""

    class Choosy(LaterParcel):
        def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
            taken = list(super().outcomes(request, response))
            return [refusal, *taken[1:]] if len(taken) > 1 else taken

    vendor = LaterVendor(by_event(_1="bad"))
    await fill(3)
    await run(await start(vendor, destination=Choosy(), idle=0.5, backoff=SOON))
    reasons = {
        letter["event"]["event_id"]: letter["reason"] for letter in await dead_letters(redis)
    }
    assert reasons.pop("event-1") == "HTTP 200: bad"
    assert "event-2" not in reasons


async def test_an_event_without_a_verdict_pends_and_is_asked_about_again(
    redis: Redis, fill: Fill, start: Start
) -> None:
    said = {"event-0": "wait"}
    vendor = LaterVendor(lambda event_id: said.get(event_id, "ok"))
    await fill(2)
    drain = await start(vendor, destination=LaterParcel(), idle=5)
    running = asyncio.create_task(drain.run())
    await until(lambda: len(vendor.polls) >= 3)
    assert await outcomes(redis) == {"delivered": 1, "pending": 1}
    said.clear()
    async with asyncio.timeout(20):
        while (await outcomes(redis)) != {"delivered": 2}:
            await asyncio.sleep(0.01)
    drain.stop()
    await running
    assert set(vendor.times_sent.values()) == {1}


async def test_a_verdict_can_have_an_event_sent_again(
    redis: Redis, fill: Fill, start: Start
) -> None:
    vendor = LaterVendor()
    vendor.verdict = lambda event_id: "again" if len(vendor.requests) == 1 else "ok"
    await fill(1)
    await run(await start(vendor, destination=LaterParcel(), idle=1.0, backoff=SOON))
    assert vendor.times_sent == {"event-0": 2}
    assert await outcomes(redis) == {"delivered": 1}


async def test_a_verdict_about_the_destination_pauses_it_and_costs_no_try(
    redis: Redis, fill: Fill, start: Start
) -> None:
    vendor = LaterVendor(lambda _: "closed")
    await fill(2)
    await run(await start(vendor, destination=LaterParcel(), idle=2))
    paused = await current_pause(redis, ADS)
    assert paused is not None
    assert (paused.reason, paused.seconds) == ("terms are not signed", pytest.approx(60, abs=15))
    assert await outcomes(redis) == {"pending": 2}
    rows = await redis.xpending_range(ADS.stream, "gateway", "-", "+", 10)
    assert [row["times_delivered"] for row in rows] == [0, 0]


@pytest.mark.parametrize(
    "reply",
    [Response(503), Response(200, {}, b"<html>"), Response(200, {}, b"[]"), Ambiguous("slow")],
)
async def test_a_question_that_fails_costs_nothing(
    redis: Redis, fill: Fill, start: Start, reply: Response | Exception
) -> None:
    class Deaf(LaterVendor):
        async def send(self, request: Any) -> Response:
            if request.method == "GET" and len(self.polls) < 2:
                self.polls.append("")
                if isinstance(reply, Exception):
                    raise reply
                return reply
            return await super().send(request)

    vendor = Deaf()
    await fill(2)
    drain = await start(vendor, destination=LaterParcel(), idle=60)
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(60):
        while (await outcomes(redis)) != {"delivered": 2}:
            await asyncio.sleep(0.01)
    drain.stop()
    await running
    assert set(vendor.times_sent.values()) == {1}
    assert len(vendor.polls) == 3


@pytest.mark.parametrize("method", ["poll", "verdicts"])
async def test_a_fault_in_a_destination_stops_no_delivery(
    redis: Redis, fill: Fill, start: Start, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("no such field")

    monkeypatch.setattr(LaterParcel, method, fail)
    monkeypatch.setattr(polling_module, "DEADLINE_SECONDS", 0.5)
    await fill(1)
    await run(await start(LaterVendor(), destination=LaterParcel(), idle=1.5))
    assert await outcomes(redis) == {"delivered": 1}
    assert (await numbers(redis)).counts["warned"] == 1


@pytest.mark.parametrize("ticket", ["", "x" * 1001, "\ud800", "a\nb"])
async def test_without_a_usable_ticket_an_event_is_delivered_with_a_warning(
    redis: Redis, fill: Fill, start: Start, ticket: str
) -> None:
    class Ticketless(LaterParcel):
        def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
            return [submitted(ticket, 0.0)] * len(request.events)

    await fill(2)
    await run(await start(LaterVendor(), destination=Ticketless(), idle=0.3))
    assert await outcomes(redis) == {"delivered": 2}
    assert (await numbers(redis)).counts["warned"] == 2


async def test_after_the_deadline_an_event_is_delivered_with_a_warning(
    redis: Redis, fill: Fill, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling_module, "DEADLINE_SECONDS", 0.3)
    await fill(2)
    vendor = LaterVendor(lambda _: "wait")
    await run(await start(vendor, destination=LaterParcel(), idle=1.5))
    assert await outcomes(redis) == {"delivered": 2}
    assert (await numbers(redis)).counts["warned"] == 2


async def submit_two(redis: Redis, fill: Fill, start: Start, vendor: LaterVendor) -> None:
    """Submits two events, and makes the first question about them due."""
    await fill(2)
    await run(await start(vendor, destination=LaterParcel(poll_after=3600), idle=0.3))
    assert vendor.polls == []
    await ask_at(redis, 0)


async def ask_at(redis: Redis, milliseconds: float) -> None:
    for ticket in await redis.zrange(ADS.polls, 0, -1):
        await redis.zadd(ADS.polls, {ticket: milliseconds})


async def test_at_the_deadline_the_vendor_is_asked_once_more(
    redis: Redis, fill: Fill, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = LaterVendor(by_event(_0="bad", _1="wait"))
    await submit_two(redis, fill, start, vendor)
    monkeypatch.setattr(polling_module, "DEADLINE_SECONDS", 0.0)
    await run(await start(vendor, destination=LaterParcel(), idle=0.3))
    assert vendor.polls == ["t-0"]
    assert await outcomes(redis) == {"delivered": 1, "rejected": 1}
    assert (await numbers(redis)).counts["warned"] == 1


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_a_question_that_fails_at_the_deadline_ends_nothing(
    redis: Redis, fill: Fill, start: Start, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """The vendor gives its verdict once the token is corrected."""
    vendor = LaterVendor(lambda _: "bad")
    await submit_two(redis, fill, start, vendor)
    monkeypatch.setattr(polling_module, "DEADLINE_SECONDS", 0.0)
    vendor.poll_status = status
    await run(await start(vendor, destination=LaterParcel(), idle=0.3))
    assert vendor.polls == ["t-0"]
    assert await outcomes(redis) == {"pending": 2}
    vendor.poll_status = 200
    await ask_at(redis, 0)
    await run(await start(vendor, destination=LaterParcel(), idle=0.3))
    assert await outcomes(redis) == {"rejected": 2}


async def test_who_never_answers_is_not_asked_for_ever(
    redis: Redis, fill: Fill, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = LaterVendor(lambda _: "bad")
    await submit_two(redis, fill, start, vendor)
    monkeypatch.setattr(polling_module, "DEADLINE_SECONDS", 0.0)
    monkeypatch.setattr(polling_module, "LAST_SECONDS", 0.0)
    await run(await start(vendor, destination=LaterParcel(), idle=0.3))
    assert vendor.polls == []
    assert await outcomes(redis) == {"delivered": 2}
    assert (await numbers(redis)).counts["warned"] == 2


async def test_a_vendor_that_takes_no_events_is_asked_all_the_same(
    redis: Redis, fill: Fill, start: Start
) -> None:
    """After each pause the destination is refused again, until the token is corrected."""

    class Strict(LaterVendor):
        async def send(self, request: Request) -> Response:
            if request.method == "POST":
                return Response(401)
            return await super().send(request)

    taker = LaterVendor()
    await submit_two(redis, fill, start, taker)
    vendor = Strict(lambda _: "bad")
    vendor.requests = taker.requests
    await ask_at(redis, 9e15)
    await fill(4, first=10)
    await run(await start(vendor, destination=LaterParcel(), idle=0.3))
    assert await current_pause(redis, ADS) is not None
    assert vendor.polls == []
    await redis.delete(ADS.pause)
    await ask_at(redis, 0)
    await run(await start(vendor, destination=LaterParcel(), idle=0.3))
    assert await current_pause(redis, ADS) is not None
    assert vendor.polls == ["t-0"]
    assert await outcomes(redis) == {"pending": 4, "rejected": 2}


@pytest.mark.parametrize("bound", [{"max_submitted": 3}, {"max_submitted_bytes": 500}])
async def test_no_more_events_wait_for_verdicts_than_may(
    redis: Redis, fill: Fill, start: Start, bound: dict[str, int]
) -> None:
    await fill(6)
    vendor = LaterVendor(lambda _: "wait")
    made = LaterParcel(2, poll_after=3600)
    await run(await start(vendor, destination=made, idle=1.0, **bound))
    assert await outcomes(redis) == {"delivered": 4, "pending": 2}
    assert vendor.polls == []


async def told(redis: Redis) -> list[Fate]:
    records = [fields[b"s"] for _, fields in await redis.xrange(KEYS.feed) if b"s" in fields]
    return [
        Fate(entry_id, receipt, each.passage, each.result, at, *each[2:5])
        for record in records
        for each in read_fates({"s": record}).alike
        for entry_id, receipt, at in zip(each.ids, each.receipts, each.times, strict=True)
    ]


async def test_the_ledger_learns_of_the_attempt_and_of_the_verdict(
    redis: Redis, start: Start
) -> None:
    await ensure_group(redis, ADS)
    feeding = Feeding(1_000_000, lambda *_: [])
    appender = Appender(redis, KEYS, PendingCounts(), nobody, feeding=feeding)  # type: ignore[arg-type]
    await appender.append(decisions(1, ["ads"]))
    await run(await start(LaterVendor(), destination=LaterParcel(), idle=0.5, reports=True))
    fates = [(fate.result, bool(fate.entry_id), fate.status) for fate in await told(redis)]
    assert fates == [("submitted", False, 202), ("delivered", True, 200)]
    assert (await told(redis))[0].words.startswith("submitted: the vendor has accepted it")


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_kill_at_any_moment_loses_nothing_and_sends_nothing_twice(
    redis: Redis, redis_url: str, fill: Fill, start: Start, tmp_path: Path, moment: str
) -> None:
    """Except for a kill after the vendor's answer and before it is stored: whether the vendor has
    the events is unknown then, so they are sent again with the same ids."""
    file = tmp_path / "vendor"
    await fill(3)
    command = [sys.executable, "-m", "tests.support.killed_drain", redis_url, file, moment]
    killed = await asyncio.to_thread(subprocess.run, command, timeout=60, check=False)
    assert killed.returncode == -9
    await redis.delete(ADS.drains)  # as if its lease had expired
    for ticket in await redis.zrange(ADS.polls, 0, -1):
        await redis.zadd(ADS.polls, {ticket: 0})  # as if its reservation had expired

    vendor = LaterVendor(file=file)
    await run(await start(vendor, destination=LaterParcel(), idle=1.5, backoff=SOON))

    assert await outcomes(redis) == {"delivered": 3}
    times = 2 if moment == "answered" else 1
    assert vendor.times_sent == dict.fromkeys(["event-0", "event-1", "event-2"], times)
