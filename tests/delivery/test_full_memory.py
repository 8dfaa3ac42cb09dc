"""Redis at maxmemory: pending events are still delivered, and RQ returns when there is room."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ExecAbortError, OutOfMemoryError, ResponseError

from destinations.base import Response
from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.load import parse_settings
from gateway.delivery import drain as drain_module
from gateway.delivery import sweep as sweep_module
from gateway.delivery import without_rq as without_rq_module
from gateway.delivery.assignment import Assignment
from gateway.delivery.drain import Drain
from gateway.delivery.stay import Patience, Stay
from gateway.delivery.without_rq import drain_without_rq
from gateway.queue.append import Appender
from gateway.queue.dead_letters import drop
from gateway.queue.drain_notes import SHARE
from gateway.queue.keys import GROUP
from gateway.queue.lease import Lease
from gateway.queue.pause import current_pause, is_probing, pause, resume
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.queue.redis_full import MemoryIsFullError, is_full, memory_may_be_full, write_note
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_jobs, connect_for_work
from tests.support.drains import StartLogged, nobody, outcomes
from tests.support.events import decide, make_event
from tests.support.gateway_process import wait_for
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel, Vendor
from tests.support.sink_server import Received, Reply, Sink
from tests.support.stopwatch import Stopwatch
from tests.support.valkey_server import RedisServer, Server, Valkey

CONFIG = """
sources:
  site: {{type: collect}}
destinations:
  ads:
    type: webhook
    url: {url}/
    allow_private_addresses: true
    delivery: {{in_flight: 4}}
"""


@pytest.fixture(params=["valkey", "redis-server"])
def redis_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of an empty server. The two programs differ in what they refuse at maxmemory."""
    if request.param == "valkey":
        server: Server = request.getfixturevalue("valkey")
        server.empty()
        yield server.url
        server.empty()
    else:
        with RedisServer(tmp_path_factory.mktemp("redis")) as server:
            yield server.url


async def fill(redis: Redis, count: int) -> None:
    await ensure_group(redis, ADS)
    appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]
    await appender.append([decide(make_event(number), ["ads"]) for number in range(count)])


async def take_all_memory(redis: Redis) -> None:
    await redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        await redis.set("anything", "1")


@pytest.mark.anyio
class TestWhatIsWritten:
    async def test_one_can_ask_whether_memory_is_full(self, redis: Redis) -> None:
        assert not await is_full(redis)
        await take_all_memory(redis)
        assert await is_full(redis)
        await redis.config_set("maxmemory", 0)
        assert not await is_full(redis)

    @pytest.mark.parametrize("queued", [True, False])
    async def test_redis_says_so_in_two_ways(self, redis: Redis, queued: bool) -> None:
        """In the second way, memory became full only before the transaction was executed."""
        async with redis.client() as one:
            if queued:
                await one.execute_command("MULTI")
                await one.execute_command("SET", "key", "1")
            await take_all_memory(redis)
            with pytest.raises(MemoryIsFullError), memory_may_be_full():
                await one.execute_command(*(["EXEC"] if queued else ["SET", "key", "1"]))
        assert not await redis.exists("key")

    async def test_another_error_is_none_of_these(self, redis: Redis) -> None:
        async with redis.client() as one:
            await one.execute_command("MULTI")
            with pytest.raises(ResponseError):
                await one.execute_command("NONSENSE")
            with pytest.raises(ExecAbortError), memory_may_be_full():
                await one.execute_command("EXEC")

    async def test_notes(self, redis: Redis) -> None:
        await take_all_memory(redis)
        assert await write_note(redis, "HINCRBY", ADS.counts, "a field", 3) == 3
        assert await redis.hget(ADS.counts, "a field") == b"3"

    async def test_a_group(self, redis: Redis) -> None:
        await take_all_memory(redis)
        for _ in range(2):
            await ensure_group(redis, ADS)
        assert [group["name"] for group in await redis.xinfo_groups(ADS.stream)] == [b"gateway"]

    async def test_a_pause(self, redis: Redis) -> None:
        await take_all_memory(redis)
        watch = Stopwatch()
        for _ in range(2):
            await pause(redis, ADS, "HTTP 503", None)
        made = await current_pause(redis, ADS)
        assert made is not None
        assert (made.reason, made.number) == ("HTTP 503", 2)
        assert made.seconds == watch.left(2)
        await resume(redis, ADS)
        assert not await is_probing(redis, ADS)

    async def test_dead_letters_can_be_dropped(self, redis: Redis) -> None:
        letter = await redis.xadd(ADS.dead, {"d": b"{}"})
        await take_all_memory(redis)
        assert await drop(redis, ADS, [letter.decode()]) == 1
        assert await redis.hget(ADS.counts, "dropped") == b"1"

    async def test_no_job_and_no_mark_of_one(self, redis: Redis, redis_url: str) -> None:
        wake_queue = WakeQueue(connect_for_jobs(redis_url), KEYS)
        await take_all_memory(redis)
        assert not await wake_queue.wake_unmarked(redis, "ads")
        wake_queue.wake_later("ads", 5)
        assert await redis.keys("*") == []
        await redis.config_set("maxmemory", 0)
        assert await wake_queue.wake_unmarked(redis, "ads")
        assert await redis.llen(KEYS.queue_key) == 1


@pytest.mark.anyio
class TestDrain:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drain_module, "LOOK_SECONDS", 0.05)
        monkeypatch.setattr(drain_module, "BLOCK_MS", 20)

    async def drain(self, redis: Redis, vendor: Vendor, patience: Patience) -> None:
        lease = Lease(redis, ADS, "drain", 1)
        assert await lease.take()
        settings = DeliverySettings(tries=1)
        assignment = Assignment("ads", Parcel(), settings, vendor)
        stay = Stay(redis, KEYS, patience)
        drain = Drain(redis, KEYS, assignment, lease, stay, lambda _: None, nobody)
        async with asyncio.timeout(60):
            await drain.run()

    async def test_events_end_as_ever(self, redis: Redis) -> None:
        await fill(redis, 300)
        await take_all_memory(redis)

        def reply(ids: list[str]) -> Response:
            return Response(400 if ids[0].endswith("7") else 204, {}, b"said the vendor")

        await self.drain(redis, Vendor(reply), Patience(0.1, 60, 60))
        assert await outcomes(redis) == {"delivered": 270, "rejected": 30}
        assert await redis.xlen(ADS.dead) == 30
        assert await redis.exists(ADS.error)

    async def test_a_vendor_that_throttles_is_left_alone(self, redis: Redis) -> None:
        await fill(redis, 20)
        await take_all_memory(redis)
        vendor = Vendor(lambda _: Response(429, {"retry-after": "60"}))
        await self.drain(redis, vendor, Patience(0.1, 60, 60))
        assert await outcomes(redis) == {"pending": 20}
        assert 50_000 < await redis.pttl(ADS.pause) <= 60_000
        assert int(await redis.hget(ADS.counts, SHARE)) < 1000

    async def test_it_makes_way_for_others_who_cannot_queue_a_job(self, redis: Redis) -> None:
        """They wait for a process, too, but no job shows it."""
        await ensure_group(redis, ADS)
        await take_all_memory(redis)
        began = time.monotonic()
        await self.drain(redis, Vendor(), Patience(60, 60, 60))
        assert time.monotonic() - began < 30


@pytest.mark.anyio
class TestWithoutRQ:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweep_module, "SWEEP_SECONDS", 0.05)
        monkeypatch.setattr(without_rq_module, "LOOK_SECONDS", 0.05)
        monkeypatch.setattr(without_rq_module, "MEMORY_SECONDS", 3)

    async def test_it_drains_until_there_is_room_for_rq(self, redis: Redis, redis_url: str) -> None:
        await fill(redis, 100)
        await redis.set(ADS.wake, "1", px=60_000)  # the mark of a job that no worker can run
        await take_all_memory(redis)
        with Sink() as sink:
            settings = parse_settings(CONFIG.format(url=sink.url))
            draining = asyncio.create_task(drain_without_rq(settings, redis_url))
            async with asyncio.timeout(60):
                while await redis.xlen(ADS.stream):
                    await asyncio.sleep(0.02)
            await asyncio.sleep(1)
            assert not draining.done()
            await redis.config_set("maxmemory", 0)
            await fill(redis, 50)
            async with asyncio.timeout(60):
                await draining
        assert len(sink.requests) == 150
        assert await outcomes(redis) == {"delivered": 150}
        assert await redis.zcard(ADS.drains) == 0

    async def test_a_signal_ends_it_and_what_was_not_sent_is_left(
        self, redis: Redis, redis_url: str
    ) -> None:
        await fill(redis, 100)
        await take_all_memory(redis)

        def reply(_: Received) -> Reply:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)
            return 204, b""

        with Sink(reply) as sink:
            settings = parse_settings(CONFIG.format(url=sink.url))
            async with asyncio.timeout(60):
                await drain_without_rq(settings, redis_url)
        found = await outcomes(redis)
        assert found == {"delivered": len(sink.requests), "pending": 100 - len(sink.requests)}
        assert 1 <= len(sink.requests) < 100
        rows = await redis.xpending_range(ADS.stream, GROUP, "-", "+", 100)
        assert {row["times_delivered"] for row in rows} == {0}


@pytest.fixture
def url(valkey: Valkey) -> Iterator[str]:
    valkey.empty()
    yield valkey.url
    valkey.empty()


@pytest.mark.parametrize("full_from_the_start", [True, False])
def test_a_real_worker_goes_on(
    start_logged: StartLogged,
    url: str,
    tmp_path: Path,
    full_from_the_start: bool,
) -> None:
    """It drains without RQ: at once, or when it has made way for others and RQ has given up."""
    count = 200

    def reply(_: Received) -> Reply:
        time.sleep(0.02)
        return 204, b""

    async def prepare() -> None:
        async with connect_for_work(url) as redis:
            await fill(redis, count)
            if full_from_the_start:
                await take_all_memory(redis)
            else:
                await WakeQueue(connect_for_jobs(url), KEYS).wake(["ads"])

    async def end() -> dict[str, int]:
        async with connect_for_work(url) as redis:
            return await outcomes(redis)

    with Sink(reply) as sink, connect_for_jobs(url) as redis:
        config = tmp_path / "gateway.yaml"
        config.write_text(CONFIG.format(url=sink.url))
        asyncio.run(prepare())
        worker = start_logged(url, "worker", "--config", str(config))
        if not full_from_the_start:
            wait_for(lambda: len(sink.requests) > 20, 60, "the job to be at work")
            redis.config_set("maxmemory", 1)
        log = tmp_path / "log"
        wait_for(lambda: "forwarding events without RQ" in log.read_text(), 60, "RQ to give up")
        assert redis.xlen(ADS.stream) > 0
        wait_for(lambda: redis.xlen(ADS.stream) == 0, 60, "the stream to be empty")
        assert asyncio.run(end()) == {"delivered": count}
        assert len({each.headers["webhook-id"] for each in sink.requests}) == count
        assert len(sink.requests) == count
        worker.terminate()
        assert worker.wait(60) == 0


def test_the_scheduler_waits_for_room(start_logged: StartLogged, url: str, tmp_path: Path) -> None:
    with connect_for_jobs(url) as redis:
        WakeQueue(redis, KEYS).wake_later("ads", 0)
        redis.config_set("maxmemory", 1)
        scheduler = start_logged(url, "scheduler", "--namespace", KEYS.namespace)
        log = tmp_path / "log"
        wait_for(lambda: "no job can be scheduled" in log.read_text(), 60, "it to say so")
        redis.config_set("maxmemory", 0)
        wait_for(lambda: redis.llen(KEYS.queue_key) == 1, 60, "the job to be queued")
        scheduler.terminate()
        assert scheduler.wait(60) == 0
