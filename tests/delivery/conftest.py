"""A drain and events for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.delivery import drain as drain_module
from gateway.delivery import send as send_module
from gateway.delivery import stay as stay_module
from gateway.delivery.assignment import Assignment
from gateway.delivery.drain import Drain
from gateway.delivery.send import Attempt
from gateway.delivery.stay import Patience, Stay
from gateway.queue import lease as lease_module
from gateway.queue import pause as pause_module
from gateway.queue.append import Appender
from gateway.queue.lease import Lease
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.queue.settle import Reporting
from gateway.system.processes import die_with_parent
from tests.support.drains import Fill, Start, StartLogged, nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel, Vendor


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drains look, ask Redis and retry almost at once; their leases and pauses outlast a test."""
    monkeypatch.setattr(drain_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(drain_module, "BLOCK_MS", 20)
    monkeypatch.setattr(stay_module, "ASK_SECONDS", 0.02)
    monkeypatch.setattr(send_module, "wait_random_exponential", lambda **_: lambda _: 0.01)
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 60.0)  # nothing renews their leases
    monkeypatch.setattr(pause_module, "pause_seconds", lambda _, asked: asked or 60.0)


@pytest.fixture
async def fill(redis: Redis) -> Fill:
    """Appends `count` events, numbered from `first`, with the given fields."""
    await ensure_group(redis, ADS)
    appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]

    async def fill(count: int, first: int = 0, **fields: Any) -> None:
        events = [make_event(number, **fields) for number in range(first, first + count)]
        await appender.append([decide(event, ["ads"]) for event in events])

    return fill


@pytest.fixture
def watched() -> list[Attempt]:
    return []


@pytest.fixture
def calls_for_help() -> list[float]:
    return []


@pytest.fixture
async def start(redis: Redis, watched: list[Attempt], calls_for_help: list[float]) -> Start:
    """Makes a drain that holds a lease; without work it ends after `idle` seconds."""

    async def call_help() -> None:
        calls_for_help.append(time.time())

    async def start(
        vendor: Vendor | None,
        size: int = 1,
        holder: str = "drain",
        idle: float = 0.15,
        busy: float = 60.0,
        destination: Parcel | None = None,
        reports: bool = False,
        stops: Sequence[str] = (),
        **settings: Any,
    ) -> Drain:
        chosen = DeliverySettings(**{"tries": 1, **settings})
        lease = Lease(redis, ADS, holder, 8)
        await lease.take()
        reporting = Reporting(KEYS, 1_000_000, "ads", "version-1") if reports else None
        made = destination or Parcel(size)
        assignment = Assignment("ads", made, chosen, vendor, stops, reporting)
        stay = Stay(redis, KEYS, Patience(idle, busy, 60))
        return Drain(redis, KEYS, assignment, lease, stay, watched.append, call_help)

    return start


@pytest.fixture
def start_logged(tmp_path: Path) -> Iterator[StartLogged]:
    """Starts a gateway command with the Redis at a URL, and writes what it logs to the file `log`
    in `tmp_path`. It is killed at the end of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start_logged(redis_url: str, *words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *words],
            env={**os.environ, "GATEWAY_REDIS_URL": redis_url},
            cwd=Path(drain_module.__file__).parents[2],
            stderr=(tmp_path / "log").open("wb"),
            preexec_fn=die_with_parent,
        )
        started.append(process)
        return process

    yield start_logged
    for process in started:
        process.kill()
        process.wait()
