"""The drain: a destination's stream is emptied, and each event ends as it should."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from math import log2
from typing import Any

import pytest
from redis.asyncio import Redis

from destinations.base import Outcome, Response
from gateway.delivery.send import Attempt
from gateway.http.client import NotSent
from gateway.queue.append import Appender
from gateway.queue.drain_notes import write_next_request
from gateway.queue.lease import Lease
from gateway.queue.pause import current_pause
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader
from tests.support.destination_numbers import numbers
from tests.support.drains import (
    DOWN,
    OK,
    SOON,
    Fill,
    Start,
    dead_letters,
    deliveries,
    nobody,
    outcomes,
    run,
)
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel, Vendor, script
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]


class TestEndings:
    async def test_every_event_is_delivered_once(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(100)
        vendor = Vendor()
        await run(await start(vendor))
        assert await outcomes(redis) == {"delivered": 100}
        assert set(vendor.times_sent.values()) == {1}
        assert len(vendor.times_sent) == 100

    async def test_what_comes_while_it_runs_is_delivered_too(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        vendor = Vendor()
        drain = await start(vendor, idle=60)
        running = asyncio.create_task(run(drain))
        for number in range(5):
            await fill(1, first=number)
            await until(lambda sent=number + 1: len(vendor.requests) == sent)
        drain.stop()
        await running
        assert await outcomes(redis) == {"delivered": 5}

    async def test_events_of_one_read_share_requests(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(100)
        vendor = Vendor()
        await run(await start(vendor, size=50))
        assert [len(ids) for ids in vendor.requests] == [50, 50]
        assert await outcomes(redis) == {"delivered": 100}

    async def test_a_refused_event_becomes_a_dead_letter(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1, email="someone@example.com")
        before = time.time()
        await run(await start(Vendor(script(Response(400, {}, b"no such pixel")))))
        assert await outcomes(redis) == {"rejected": 1}
        (letter,) = await dead_letters(redis)
        assert letter["reason"] == "HTTP 400: no such pixel"
        assert letter["response"] == {"status": 400, "body": "no such pixel"}
        assert letter["event"]["email"] == "someone@example.com"
        assert (letter["result"], letter["deliveries"]) == ("rejected", 1)
        assert before <= letter["at"] <= time.time()

    async def test_a_dead_letter_shows_no_secret_that_the_vendor_repeats(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        class Secretive(Parcel):
            def mask(self, text: str) -> str:
                return text.replace("hush-hush", "***")

        await fill(1)
        vendor = Vendor(script(Response(400, {}, b"bad token hush-hush")))
        await run(await start(vendor, destination=Secretive()))
        assert "hush-hush" not in str(await dead_letters(redis))

    async def test_an_expired_event_is_never_sent(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(2, timestamp=time.time() - 8 * 86_400)
        await fill(1, first=2)
        vendor = Vendor()
        await run(await start(vendor))
        assert vendor.requests == [["event-2"]]
        assert await outcomes(redis) == {"delivered": 1, "expired": 2}
        assert {letter["result"] for letter in await dead_letters(redis)} == {"expired"}

    async def test_a_deadline_may_be_set(self, start: Start, fill: Fill, redis: Redis) -> None:
        await fill(1, timestamp=time.time() - 60)
        await run(await start(Vendor(), max_age=59))
        assert await outcomes(redis) == {"expired": 1}

    async def test_a_fault_in_the_destination_costs_one_event(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(5)
        await fill(1, first=5, fault=True, secret="someone@example.com")
        await fill(5, first=6)
        await run(await start(Vendor(), size=50))
        assert await outcomes(redis) == {"delivered": 10, "rejected": 1}
        (letter,) = await dead_letters(redis)
        assert letter["reason"] == "the request could not be built: KeyError"

    async def test_a_fault_in_a_deadline_costs_no_event(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        class Faulty(Parcel):
            def max_age(self, event: Any) -> Any:
                if event["event_id"] == "event-2":
                    raise KeyError("no such field")
                return self.limits.max_age

        await fill(5)
        await run(await start(Vendor(), destination=Faulty()))
        assert await outcomes(redis) == {"delivered": 5}

    async def test_an_event_without_a_time_does_not_stop_the_others(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """A rule may remove any field or set it to any value."""
        decided = decide(make_event(0), ["ads"])
        del decided.event["timestamp"]
        odd = decide(make_event(1, timestamp="soon"), ["ads"])
        await Appender(redis, KEYS, PendingCounts(), nobody).append([decided, odd])  # type: ignore[arg-type]
        await fill(3, first=2)
        await run(await start(Vendor()))
        assert (await outcomes(redis)).get("delivered", 0) >= 3
        assert "pending" not in await outcomes(redis)

    async def test_one_bad_event_in_a_thousand_is_found(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1000)
        vendor = Vendor(lambda ids: Response(400, {}, b"bad") if "event-731" in ids else OK)
        await run(await start(vendor, size=1000))
        assert await outcomes(redis) == {"delivered": 999, "rejected": 1}
        (letter,) = await dead_letters(redis)
        assert letter["event"]["event_id"] == "event-731"
        assert len(vendor.requests) <= 2 * log2(1000) + 2
        counts = (await numbers(redis)).counts
        attempts = [count for name, count in counts.items() if name.startswith("attempts:")]
        assert sum(attempts) == len(vendor.requests)

    async def test_a_dry_run_delivers_and_sends_nothing(
        self, start: Start, fill: Fill, redis: Redis, watched: list[Attempt]
    ) -> None:
        await fill(3)
        await run(await start(None))
        assert await outcomes(redis) == {"delivered": 3}
        assert all(attempt.request and not attempt.response for attempt in watched)


class TestRetries:
    async def test_after_quick_tries_an_event_waits_as_pending(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1)
        vendor = Vendor(script(DOWN, NotSent("refused"), DOWN))
        await run(await start(vendor, tries=3))
        assert len(vendor.requests) == 3
        assert await outcomes(redis) == {"pending": 1}
        assert await deliveries(redis) == {1: 1}

    async def test_it_is_sent_again_after_its_wait_and_not_before(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1)
        times: list[float] = []

        def reply(_: Any) -> Response:
            times.append(time.monotonic())
            return OK if len(times) == 3 else DOWN

        drain = await start(Vendor(reply), backoff=[0.2, 0.4], idle=1.0)
        started = time.monotonic()  # a wait begins before its request arrives
        await run(drain)
        assert await outcomes(redis) == {"delivered": 1}
        assert times[1] - started >= 0.15
        assert times[2] - started >= 0.15 + 0.3

    async def test_a_later_drain_takes_over_what_a_dead_one_held(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(3)
        await Reader(redis, ADS, "dead").new(3, None)
        await run(await start(Vendor(), backoff=SOON, idle=0.5))
        assert await outcomes(redis) == {"delivered": 3}

    async def test_a_request_that_takes_long_is_not_sent_a_second_time(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """A vendor may take longer to answer than an event waits for its second delivery."""
        await fill(3)

        async def slowly(_: Any) -> Response:
            await asyncio.sleep(0.6)
            return OK

        vendor = Vendor(slowly)
        await run(await start(vendor, backoff=SOON))
        assert set(vendor.times_sent.values()) == {1}
        assert await outcomes(redis) == {"delivered": 3}

    async def test_what_waits_for_its_turn_is_not_read_a_second_time(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(8)

        async def slowly(_: Any) -> Response:
            await asyncio.sleep(0.1)
            return OK

        vendor = Vendor(slowly)
        await run(await start(vendor, backoff=SOON, in_flight=1))
        assert set(vendor.times_sent.values()) == {1}

    async def test_an_event_that_is_to_wait_alone_does_not_come_back_at_once(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        class Choosy(Parcel):
            def outcomes(self, request: Any, response: Any) -> Any:
                return [Outcome("retry", "later", "event", 30.0)] * len(request.events)

        await fill(1)
        vendor = Vendor()
        await run(await start(vendor, destination=Choosy(), idle=0.3))
        assert len(vendor.requests) == 1
        assert await outcomes(redis) == {"pending": 1}


class TestStay:
    async def test_it_stays_while_nobody_else_waits_and_leaves_when_somebody_does(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        running = asyncio.create_task(run(await start(Vendor(), idle=60)))
        await asyncio.sleep(0.3)
        assert not running.done()
        await redis.rpush(KEYS.queue_key, "job")
        await asyncio.wait_for(running, 60)

    async def test_with_work_it_leaves_when_others_have_waited_long_enough(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(500)
        await redis.rpush(KEYS.queue_key, "job")

        async def slowly(_: Any) -> Response:
            await asyncio.sleep(0.05)
            return OK

        vendor = Vendor(slowly)
        await run(await start(vendor, in_flight=1, busy=0.3))
        became = await outcomes(redis)
        assert 0 < became["delivered"] < 40
        assert became["delivered"] + became["pending"] == 500
        assert set(vendor.times_sent.values()) == {1}
        assert set(await deliveries(redis)) <= {0}

    async def test_with_a_full_window_it_leaves_all_the_same(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """At one request a minute, it takes four to free half the window."""
        await fill(50)
        await redis.rpush(KEYS.queue_key, "job")
        vendor = Vendor()
        await run(await start(vendor, in_flight=1, requests_per_second=1 / 60, busy=0.1))
        assert len(vendor.requests) == 1
        assert await outcomes(redis) == {"delivered": 1, "pending": 49}
        assert set(await deliveries(redis)) <= {0}

    async def test_with_a_full_window_it_goes_on_to_look(
        self, start: Start, fill: Fill, calls_for_help: list[float]
    ) -> None:
        await fill(50)
        drain = await start(Vendor(), in_flight=1, drains=2, requests_per_second=1 / 60)
        running = asyncio.create_task(run(drain))
        await until(lambda: len(calls_for_help) >= 4)
        drain.stop()
        await running

    async def test_it_does_not_leave_in_doubt(self, start: Start, fill: Fill, redis: Redis) -> None:
        """Otherwise drains of a slow vendor would come and go and never learn what it refuses."""

        async def reply(ids: list[str]) -> Response:
            if ids == ["event-0"]:
                return Response(401)
            if ids == ["event-1"]:
                await asyncio.sleep(0.1)
                await redis.rpush(KEYS.queue_key, "job")
                await asyncio.sleep(0.5)
            return OK

        await fill(3)
        await run(await start(Vendor(reply), in_flight=2, busy=0.0, idle=60))
        assert await outcomes(redis) == {"delivered": 2, "rejected": 1}

    async def test_a_verdict_that_comes_while_it_leaves_pauses_the_destination(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """Otherwise each drain would send requests to a slow vendor with a wrong token."""

        async def refuse(_: Any) -> Response:
            await asyncio.sleep(0.3)
            return Response(401)

        await fill(3)
        await redis.rpush(KEYS.queue_key, "job")
        await run(await start(Vendor(refuse), in_flight=2, busy=0.0))
        assert await current_pause(redis, ADS) is not None
        assert await deliveries(redis) == {0: 3}


class TestStop:
    async def test_stop_hands_back_what_was_not_sent(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(20)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return OK

        vendor = Vendor(reply)
        drain = await start(vendor, in_flight=3)
        running = asyncio.create_task(run(drain))
        await until(lambda: len(vendor.requests) == 3)
        drain.stop()
        answered.set()
        await running
        assert len(vendor.requests) == 3
        assert await outcomes(redis) == {"delivered": 3, "pending": 17}
        assert set(await deliveries(redis)) <= {0}
        await Lease(redis, ADS, "drain", 8).release()
        await run(await start(vendor, holder="next"))
        assert await outcomes(redis) == {"delivered": 20}
        assert set(vendor.times_sent.values()) == {1}

    async def test_stop_ends_quick_tries(self, start: Start, fill: Fill, redis: Redis) -> None:
        """A gateway that is told to stop is killed after 20 s; each try may take 10 s."""
        await fill(1)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return DOWN

        vendor = Vendor(reply)
        drain = await start(vendor, tries=10)
        running = asyncio.create_task(run(drain))
        await until(lambda: vendor.requests)
        drain.stop()
        answered.set()
        await running
        assert len(vendor.requests) == 1
        assert await outcomes(redis) == {"pending": 1}

    @pytest.mark.parametrize(("waits", "sent"), [(60, []), (0, [["event-1"]])])
    async def test_stop_ends_a_trial_that_waits_for_its_turn(
        self, start: Start, fill: Fill, redis: Redis, waits: float, sent: list[list[str]]
    ) -> None:
        """After a lost lease, its events may belong to another drain, so they spend no try."""
        await fill(1)
        await run(await start(Vendor(script(Response(401)))))
        await fill(1, first=1)
        await write_next_request(redis, ADS, time.time() + waits)
        vendor = Vendor()
        drain = await start(vendor, requests_per_second=1 / 60)
        running = asyncio.create_task(run(drain))
        async with asyncio.timeout(60):
            while not vendor.requests and (sent or sum((await deliveries(redis)).values()) < 2):
                await asyncio.sleep(0.01)
        drain.stop()
        await running
        assert vendor.requests == sent
        spent = {0: 1, 1: 1} if waits else {1: 1}
        assert await deliveries(redis) == spent

    async def test_stop_before_the_start_reads_nothing(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(3)
        drain = await start(Vendor())
        drain.stop()
        await run(drain)
        assert await deliveries(redis) == {}


class TestSeveral:
    async def slowly(self, _: Sequence[str]) -> Response:
        await asyncio.sleep(0.002)
        return OK

    async def test_two_drains_share_a_stream_and_send_nothing_twice(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        vendor = Vendor(self.slowly)
        drains = [
            await start(vendor, holder=holder, drains=2, in_flight=4, idle=60, backoff=SOON)
            for holder in ("one", "two")
        ]
        running = asyncio.create_task(run(*drains))
        for number in range(0, 300, 30):
            await fill(30, first=number)
        await until(lambda: vendor.times_sent.total() >= 300)
        for drain in drains:
            drain.stop()
        await running
        assert len(vendor.times_sent) == 300
        assert set(vendor.times_sent.values()) == {1}
        assert await outcomes(redis) == {"delivered": 300}

    async def test_two_drains_that_find_events_handed_back_send_nothing_twice(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(60)
        before = Reader(redis, ADS, "before")
        await before.hand_back((await before.new(100, None)).entries)
        vendor = Vendor(self.slowly)
        drains = [
            await start(vendor, holder=f"drain-{number}", drains=4, in_flight=4, idle=0.3)
            for number in range(4)
        ]
        await run(*drains)
        assert await outcomes(redis) == {"delivered": 60}
        assert set(vendor.times_sent.values()) == {1}

    @pytest.mark.parametrize(("drains", "called"), [(1, False), (2, True)])
    async def test_a_long_backlog_calls_for_help_where_several_may_work(
        self,
        start: Start,
        fill: Fill,
        redis: Redis,
        calls_for_help: list[float],
        drains: int,
        called: bool,
    ) -> None:
        await fill(100)
        await run(await start(Vendor(self.slowly), drains=drains, in_flight=1))
        assert bool(calls_for_help) is called
