"""What RQ keeps: its tool shows jobs and workers, and hundreds of jobs leave nothing for good."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq.registry import (
    BaseRegistry,
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)

from gateway.queue.wake import FORWARD, ForwardJob, WakeQueue
from gateway.redis_client.connect import connect_for_jobs
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.queued_jobs import work_off_jobs
from tests.support.valkey_server import TcpServer
from tests.support.waking import wake_unmarked

CONFIG = """
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://shop.example/"}}
"""
CLASS = "gateway.redis_client.connect.JobsConnection"
REGISTRIES = [
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    StartedJobRegistry,
]
HOUR = 3600


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpServer]:
    """A server that saves nothing, and so is fast: a job takes sixty commands."""
    with TcpServer(tmp_path_factory.mktemp("valkey"), "--save", "") as server:
        yield server


@pytest.fixture
def redis_url(server: TcpServer) -> str:
    server.empty()
    return server.url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:  # type: ignore[override]
    with connect_for_jobs(redis_url) as client:
        yield client


class TestInfo:
    def rq_info(self, url: str, *options: str) -> str:
        command = [sys.executable, "-m", "rq.cli", "info", "--raw", "--url", url, *options]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def test_what_waits_and_what_ended(self, redis: Redis, redis_url: str) -> None:
        work_off(redis, finished=2, failed=1)
        queue(redis, "ads", 3)
        assert self.rq_info(redis_url) == ("queue gateway 3, 0 executing, 2 finished, 1 failed\n")

    def test_a_worker_by_our_own_connection(
        self, redis: Redis, redis_url: str, tmp_path: Path, start: Any
    ) -> None:
        config = tmp_path / "gateway.yaml"
        config.write_text(CONFIG)
        start(redis_url, "worker", "--config", str(config))
        wait_for(lambda: redis.scard("rq:workers") == 1, 60, "the worker")
        words = r"worker \w+ \(\S+ \S+ \d+\) idle gateway\. jobs: 0 finished, 0 failed"
        assert re.search(words, self.rq_info(redis_url, "--connection-class", CLASS))


@pytest.fixture(autouse=True)
def drains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes jobs fail for one destination, as when Redis goes away, and end at once for others."""

    def forward(destination: str) -> None:
        if destination == "fails":
            raise RedisError

    monkeypatch.setattr(FORWARD, forward)


def queue(redis: Redis, destination: str, count: int) -> None:
    for _ in range(count):
        redis.delete(KEYS.destination(destination).wake)
        assert wake_unmarked(redis, destination)


def work_off(redis: Redis, finished: int = 0, failed: int = 0) -> None:
    """Queues jobs that finish and jobs that fail, then does all jobs in the queue."""
    queue(redis, "ads", finished)
    queue(redis, "fails", failed)
    work_off_jobs(redis)


def registry(kind: type[BaseRegistry], redis: Redis) -> BaseRegistry:
    return kind(KEYS.queue, connection=redis, job_class=ForwardJob, serializer="json")


def time_passes(redis: Redis, seconds: int) -> None:
    """Deletes what expires within `seconds`, and cleans the registries as RQ would by then."""
    for key in redis.scan_iter("*"):
        if 0 <= redis.ttl(key) <= seconds:
            redis.delete(key)
    for kind in REGISTRIES:
        registry(kind, redis).cleanup(int(time.time()) + seconds)


def sizes_of_keys(redis: Redis) -> dict[str, int]:
    """The number of items in each key of RQ."""
    sizes = {b"zset": redis.zcard, b"set": redis.scard, b"list": redis.llen, b"stream": redis.xlen}
    return {
        key.decode(): sizes.get(redis.type(key), lambda _: 1)(key)
        for key in redis.scan_iter("rq:*")
    }


def test_the_registries_hold_no_more_than_the_last_hour(redis: Redis) -> None:
    work_off(redis, finished=150, failed=100)
    assert registry(FinishedJobRegistry, redis).count == 150
    assert registry(FailedJobRegistry, redis).count == 100
    time_passes(redis, 61)
    assert registry(FinishedJobRegistry, redis).count == 0
    assert registry(FailedJobRegistry, redis).count == 100
    time_passes(redis, HOUR + 1)
    assert sizes_of_keys(redis) == {"rq:queues": 1}


def test_wake_ups_for_later_are_one_for_each_destination(redis: Redis) -> None:
    wake_queue = WakeQueue(redis, KEYS)
    for seconds in range(60, 160):
        for destination in ("ads", "books"):
            wake_queue.wake_later(destination, seconds)
    scheduled = ScheduledJobRegistry(KEYS.queue, connection=redis)
    assert sorted(scheduled.get_job_ids()) == ["later-ads", "later-books"]
    assert DeferredJobRegistry(KEYS.queue, connection=redis).count == 0
    for job_id in ["later-ads"] * 150 + ["later-books"]:  # as the scheduler does
        scheduled.remove(job_id)
        redis.rpush(KEYS.queue_key, job_id)
    work_off(redis)
    wake_queue.wake_later("ads", 60)
    time_passes(redis, HOUR + 1)
    after = sizes_of_keys(redis)
    # RQ keeps ten results, but Redis trims a stream by nodes of a hundred entries
    assert after.pop("rq:results:later-ads") <= 110
    assert after == {
        "rq:queues": 1,
        "rq:scheduled:gateway": 1,
        "rq:finished:gateway": 2,
        "rq:job:later-ads": 1,
        "rq:job:later-books": 1,
        "rq:results:later-books": 1,
    }
