"""A worker that is told to end does so at once, with its child, whatever it is doing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from gateway.delivery import job as job_module
from gateway.delivery.job import ForwardWorker
from gateway.redis_client.connect import connect_for_jobs
from gateway.system.processes import die_with_parent
from tests.support.gateway_process import wait_for
from tests.support.keys import ADS, KEYS
from tests.support.waking import wake_unmarked

CONFIG = """
sources:
  site: {type: collect}
destinations:
  ads: {type: webhook, url: "http://127.0.0.1:9/"}
"""
SCRIPT = """
import os, signal, sys
from pathlib import Path
from gateway.delivery.job import run_worker
from gateway.configuration.load import parse_settings

config, url, told, mark = sys.argv[1:]
fork = os.fork

def fork_and_signal():
    if told == "before the fork":
        os.kill(os.getpid(), signal.SIGTERM)
    pid = fork()
    if pid and told == "the worker, before it knows the horse":
        os.kill(os.getpid(), signal.SIGTERM)
    if pid and told == "the horse, before Python runs in it":
        os.kill(pid, signal.SIGTERM)
    if not pid and told == "the horse, before it listens":
        os.kill(os.getpid(), signal.SIGTERM)
    Path(mark).touch()
    return pid

os.fork = fork_and_signal
run_worker(parse_settings(Path(config).read_text()), url)
"""
LEASES = ADS.drains


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:  # type: ignore[override]
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.mark.parametrize(
    "told",
    [
        "before the fork",
        "the worker, before it knows the horse",
        "the horse, before Python runs in it",
        "the horse, before it listens",
        "while the drain is at work",
    ],
)
def test_it_ends_soon(redis: Redis, redis_url: str, tmp_path: Path, told: str) -> None:
    """By itself, the drain would wait five minutes for more events."""
    config, mark = tmp_path / "gateway.yaml", tmp_path / "forked"
    config.write_text(CONFIG)
    wake_unmarked(redis, "ads")
    worker = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(config), redis_url, told, str(mark)],
        env={**os.environ, "PYTHONPATH": str(Path(job_module.__file__).parents[2])},
        preexec_fn=die_with_parent,
    )
    try:
        wait_for(mark.exists, 60, "the fork")
        if told == "while the drain is at work":
            wait_for(lambda: redis.zcard(LEASES) == 1, 60, "the drain")
        if told.startswith("the horse"):
            wait_for(lambda: has_no_child(worker.pid), 60, "the horse to end")
        if told.startswith("the horse") or told == "while the drain is at work":
            worker.terminate()
        worker.wait(60)
        assert redis.zcard(LEASES) == 0
    finally:
        worker.kill()
        worker.wait()


def test_it_does_not_wait_for_the_thread_that_listens_to_commands(redis_url: str) -> None:
    """That thread waits up to a minute for its next channel after it left the only one."""
    with connect_for_jobs(redis_url, 0) as connection:
        worker = ForwardWorker([KEYS.queue], connection=connection, serializer="json")
        worker.subscribe()  # type: ignore[no-untyped-call]
        listener = worker.pubsub
        assert listener is not None
        listener.unsubscribe()  # type: ignore[no-untyped-call]
        wait_for(lambda: not listener.subscribed, 60, "the thread to leave the channel")
        ending = threading.Thread(target=worker.teardown, daemon=True)
        ending.start()
        ending.join(30)
        assert not ending.is_alive()


def has_no_child(pid: int) -> bool:
    listing = subprocess.run(["ps", "-eo", "ppid="], capture_output=True, text=True, check=True)
    return str(pid) not in listing.stdout.split()
