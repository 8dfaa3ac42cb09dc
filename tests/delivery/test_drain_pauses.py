"""A destination that fails as a whole is paused for all drains, and then probed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from destinations.base import Response
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE
from gateway.http.client import Invalid
from gateway.queue.pause import current_pause, is_probing, pause
from tests.support.drains import DOWN, OK, Fill, Start, deliveries, outcomes, run
from tests.support.keys import ADS
from tests.support.scripted_vendor import Parcel, Vendor, script
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]


class TestPauses:
    async def test_retry_after_hands_back_and_pauses(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(10)
        watch = Stopwatch()
        vendor = Vendor(script(Response(429, {"retry-after": "30"}, b"slow down")))
        await run(await start(vendor, in_flight=1))
        assert len(vendor.requests) == 1
        assert await outcomes(redis) == {"pending": 10}
        assert set(await deliveries(redis)) <= {0}
        paused = await current_pause(redis, ADS)
        assert paused is not None
        assert paused.seconds == watch.left(30)
        assert paused.reason == "HTTP 429: slow down"

    async def test_a_pause_shows_no_secret_that_the_vendor_repeats(
        self, start: Start, fill: Fill, redis: Redis, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Secretive(Parcel):
            def mask(self, text: str) -> str:
                return text.replace("hush-hush", "***")

        await fill(2)
        vendor = Vendor(script(Response(401, {}, b"bad token hush-hush")))
        await run(await start(vendor, destination=Secretive()))
        paused = await current_pause(redis, ADS)
        assert paused is not None
        assert paused.reason == "HTTP 401: bad token ***"
        assert "paused" in caplog.text
        assert "hush-hush" not in caplog.text

    async def test_failures_in_a_row_pause(self, start: Start, fill: Fill, redis: Redis) -> None:
        await fill(50)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor, in_flight=1))
        assert len(vendor.requests) == FAILURES_BEFORE_PAUSE
        spent = await deliveries(redis)
        assert spent.pop(1) == FAILURES_BEFORE_PAUSE
        assert set(spent) <= {0}
        assert await current_pause(redis, ADS) is not None
        assert await outcomes(redis) == {"pending": 50}

    async def test_one_event_that_makes_the_vendor_fail_does_not(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(30)
        vendor = Vendor(lambda ids: DOWN if ids == ["event-3"] else OK)
        await run(await start(vendor, in_flight=1))
        assert await outcomes(redis) == {"delivered": 29, "pending": 1}
        assert await current_pause(redis, ADS) is None

    async def test_a_paused_destination_is_left_alone(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(3)
        await pause(redis, ADS, "HTTP 503", 60)
        vendor = Vendor()
        await run(await start(vendor))
        assert vendor.requests == []
        assert await deliveries(redis) == {}

    async def test_a_pause_stops_the_other_drains_too(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        vendor = Vendor()
        running = asyncio.create_task(run(await start(vendor, idle=1)))
        await fill(1)
        await until(lambda: vendor.requests)
        await pause(redis, ADS, "another drain was told to wait", 60)
        await asyncio.sleep(0.2)
        await fill(1, first=1)
        await running
        assert vendor.requests == [["event-0"]]

    async def over(self, redis: Redis) -> None:
        """Makes a pause that has just ended."""
        await pause(redis, ADS, "HTTP 503", None)
        await redis.delete(ADS.pause)

    async def test_a_single_probe_goes_first_and_the_others_follow_its_success(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(20)
        await self.over(redis)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return OK

        vendor = Vendor(reply)
        running = asyncio.create_task(run(await start(vendor, idle=0.5)))
        await until(lambda: vendor.requests)
        await asyncio.sleep(0.2)
        assert len(vendor.requests) == 1
        answered.set()
        await running
        assert await outcomes(redis) == {"delivered": 20}
        assert not await is_probing(redis, ADS)

    async def test_a_probe_that_fails_pauses_for_longer(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(20)
        await self.over(redis)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor))
        assert len(vendor.requests) == 1
        paused = await current_pause(redis, ADS)
        assert paused is not None
        assert paused.number == 2
        assert await outcomes(redis) == {"pending": 20}

    @pytest.mark.parametrize(
        "fields", [{"timestamp": 1.0}, {"unsendable": True}, {"fault": True, "secret": "x"}]
    )
    async def test_an_event_that_ends_unsent_is_no_probe(
        self, start: Start, fill: Fill, redis: Redis, fields: dict[str, Any]
    ) -> None:
        """Old events expire in a long outage, which says nothing about the vendor."""
        await fill(3, **fields)
        await fill(20, first=3)
        await self.over(redis)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor, size=1))
        assert len(vendor.requests) == 1
        assert await is_probing(redis, ADS)

    async def test_nor_is_one_of_which_no_request_can_be_written(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(20)
        await self.over(redis)
        vendor = Vendor(script(*[Invalid()] * 3, DOWN))
        await run(await start(vendor))
        assert len(vendor.requests) == 4
        assert await outcomes(redis) == {"rejected": 3, "pending": 17}
        assert await is_probing(redis, ADS)

    async def test_nor_is_a_suspect_that_expires(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1)
        await run(await start(Vendor(script(Response(401)))))
        await self.over(redis)
        vendor = Vendor()
        await run(await start(vendor, destination=Parcel(max_age=timedelta(microseconds=1))))
        assert vendor.requests == []
        assert await outcomes(redis) == {"expired": 1}
        assert await is_probing(redis, ADS)

    @pytest.mark.parametrize("fields", [{"timestamp": 1.0}, {"unsendable": True}])
    async def test_nor_does_it_break_a_row_of_failures(
        self, start: Start, fill: Fill, redis: Redis, fields: dict[str, Any]
    ) -> None:
        for number in range(0, 40, 2):
            await fill(1, first=number)
            await fill(1, first=number + 1, **fields)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor, in_flight=1))
        assert len(vendor.requests) == FAILURES_BEFORE_PAUSE


class TestWhileTheDrainEnds:
    async def stopped_while_it_waits(self, start: Start, redis: Redis, answer: Response) -> None:
        """Runs a drain that is told to stop before the vendor gives its `answer`."""
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return answer

        vendor = Vendor(reply)
        drain = await start(vendor)
        running = asyncio.create_task(run(drain))
        await until(lambda: vendor.requests)
        drain.stop()
        answered.set()
        await running

    async def test_a_failed_probe_is_no_success_because_the_drain_ends(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """Otherwise a restart during an outage would send everything to a dead vendor."""
        await fill(5)
        for _ in range(4):
            await pause(redis, ADS, "HTTP 503", None)
        await redis.delete(ADS.pause)
        await self.stopped_while_it_waits(start, redis, DOWN)
        assert await is_probing(redis, ADS)

    async def test_retry_after_counts_although_the_drain_ends(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1)
        await self.stopped_while_it_waits(start, redis, Response(429, {"retry-after": "30"}))
        assert await current_pause(redis, ADS) is not None
