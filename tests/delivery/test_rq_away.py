"""RQ's own server (`redis.jobs_url`) is away: workers drain without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from gateway.configuration.load import parse_settings
from gateway.delivery import sweep as sweep_module
from gateway.delivery import without_rq as without_rq_module
from gateway.delivery.job import ForwardWorker, RQAwayError
from gateway.delivery.without_rq import drain_without_rq
from gateway.queue.append import Appender
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_jobs, connect_for_work
from tests.support.drains import StartLogged, nobody, outcomes
from tests.support.events import decisions
from tests.support.gateway_process import wait_for
from tests.support.keys import ADS, KEYS
from tests.support.sink_server import Sink
from tests.support.valkey_server import Server, TcpServer
from tests.support.waiting import until

CONFIG = """
redis: {{jobs_url: "{jobs}"}}
sources:
  site: {{type: collect}}
destinations:
  ads: {{type: webhook, url: "{sink}/", allow_private_addresses: true}}
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Server]:
    with TcpServer(tmp_path / "jobs") as server:
        yield server


async def fill(redis: Redis, count: int) -> None:
    appender = Appender(redis, KEYS, PendingCounts(), nobody)
    await appender.append(decisions(count, send=["ads"]))


@pytest.mark.anyio
async def test_they_drain_until_it_has_been_back_for_a_while(
    redis: Redis,
    redis_url: str,
    jobs: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sweep_module, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(without_rq_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(without_rq_module, "MEMORY_SECONDS", 1)
    jobs.kill()
    with Sink() as sink:
        settings = parse_settings(CONFIG.format(sink=sink.url, jobs=jobs.url))
        draining = asyncio.create_task(drain_without_rq(settings, redis_url))
        for number in (1, 2):
            await fill(redis, 5)
            await until(lambda number=number: len(sink.requests) == 5 * number)  # type: ignore[misc]
            while await redis.zcard(ADS.drains):  # an idle drain ends, and another one follows
                await asyncio.sleep(0.05)
        assert not draining.done()
        jobs.start()
        async with asyncio.timeout(60):
            await draining
    assert await outcomes(redis) == {"delivered": 10}
    assert "failed" not in caplog.text


@pytest.mark.parametrize("has_own_server", [True, False])
def test_one_that_waits_for_a_job_leaves_rq_only_if_it_has_its_own_server(
    jobs: Server, monkeypatch: pytest.MonkeyPatch, has_own_server: bool
) -> None:
    with connect_for_jobs(jobs.url, 0) as connection:
        worker = ForwardWorker([KEYS.queue], connection=connection, serializer="json")
        worker.has_own_server = has_own_server
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                raise KeyboardInterrupt

        def dequeue(*_: object, **__: object) -> None:
            jobs.kill()
            monkeypatch.setattr(time, "sleep", sleep)
            raise RedisConnectionError

        monkeypatch.setattr(worker.queue_class, "dequeue_any", dequeue)
        with pytest.raises(RQAwayError if has_own_server else KeyboardInterrupt):
            worker.dequeue_job_and_maintain_ttl(1)


def test_a_real_worker_drains_without_it(
    start_logged: StartLogged,
    redis_url: str,
    jobs: Server,
    tmp_path: Path,
) -> None:
    async def prepare() -> None:
        async with connect_for_work(redis_url) as redis:
            await redis.flushall()
            await fill(redis, 5)

    jobs.kill()
    with Sink() as sink:
        config = tmp_path / "gateway.yaml"
        config.write_text(CONFIG.format(sink=sink.url, jobs=jobs.url))
        asyncio.run(prepare())
        worker = start_logged(redis_url, "worker", "--config", str(config))
        wait_for(lambda: len(sink.requests) == 5, 60, "the events to arrive")
        assert "redis.jobs_url is away; forwarding" in (tmp_path / "log").read_text()
        worker.terminate()
        assert worker.wait(60) == 0
