"""A drain sends no event of an erased person, whatever stage the event has reached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from destinations.base import Response
from gateway.configuration.delivery import DeliverySettings
from gateway.delivery import erasures as erasures_module
from gateway.delivery.assignment import Assignment
from gateway.delivery.drain import Drain
from gateway.delivery.erasures import Erasures
from gateway.delivery.planning import ERASED, Ended, plan
from gateway.delivery.stay import Patience, Stay
from gateway.event import Event
from gateway.queue.lease import Lease
from gateway.queue.tombstones import write_tombstones
from gateway.redis_client.connect import RedisError, connect_for_work
from tests.support.destination_numbers import numbers
from tests.support.drains import DOWN, OK, Fill, nobody, run
from tests.support.events import make_entries
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel, Vendor
from tests.support.valkey_server import TcpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]

StartErasing = Callable[..., Awaitable[Drain]]


def digests(event: Event) -> Sequence[str]:
    return [str(event["event_id"])]


@pytest.fixture
def erasures(redis: Redis) -> Erasures:
    return Erasures(redis, KEYS, digests)


@pytest.fixture
def start_erasing(redis: Redis, erasures: Erasures) -> StartErasing:
    """Makes a drain that looks for tombstones only when the test does."""

    async def start(vendor: Vendor, size: int = 1, **settings: Any) -> Drain:
        lease = Lease(redis, ADS, "drain", 8)
        await lease.take()
        chosen = DeliverySettings(**{"tries": 1, **settings})
        assignment = Assignment("ads", Parcel(size), chosen, vendor, is_erased=erasures.cover)
        stay = Stay(redis, KEYS, Patience(0.15, 60, 60))
        return Drain(redis, KEYS, assignment, lease, stay, lambda _: None, nobody)

    return start


async def erase(redis: Redis, erasures: Erasures, *ids: str) -> None:
    await write_tombstones(redis, KEYS, ids, time.time())
    await erasures.look()


async def ended(redis: Redis) -> dict[str, int]:
    now = (await numbers(redis)).counts
    return {name: now.get(name, 0) for name in ("delivered", "withheld", "rejected")}


async def test_an_erased_event_is_not_sent(
    redis: Redis, fill: Fill, erasures: Erasures, start_erasing: StartErasing
) -> None:
    vendor = Vendor()
    await fill(3)
    await erase(redis, erasures, "event-1")
    await run(await start_erasing(vendor, 3))
    assert vendor.requests == [["event-0", "event-2"]]
    assert await ended(redis) == {"delivered": 2, "withheld": 1, "rejected": 0}
    assert (await numbers(redis)).withheld == {("delivery", "erased"): 1}
    assert await redis.xlen(ADS.dead) == await redis.xlen(ADS.stream) == 0


async def test_an_event_that_comes_later_is_sent(
    redis: Redis, fill: Fill, erasures: Erasures, start_erasing: StartErasing
) -> None:
    vendor = Vendor()
    await erase(redis, erasures, "event-0")
    await fill(1)
    await run(await start_erasing(vendor))
    assert vendor.requests == [["event-0"]]


async def test_one_that_waits_for_a_sender_is_not_sent(
    redis: Redis, fill: Fill, erasures: Erasures, start_erasing: StartErasing
) -> None:
    async def reply(ids: list[str]) -> Response:
        if ids == ["event-0"]:
            await erase(redis, erasures, "event-2")
        return OK

    vendor = Vendor(reply)
    await fill(4)
    await run(await start_erasing(vendor, in_flight=1))
    assert vendor.requests == [["event-0"], ["event-1"], ["event-3"]]
    assert (await ended(redis))["withheld"] == 1


@pytest.mark.parametrize("tries", [1, 3])
async def test_one_that_was_tried_is_not_tried_again(
    redis: Redis, fill: Fill, erasures: Erasures, start_erasing: StartErasing, tries: int
) -> None:
    async def reply(ids: list[str]) -> Response:
        if "event-0" in ids:
            await erase(redis, erasures, "event-0")
            return DOWN
        return OK

    vendor = Vendor(reply)
    await fill(2)
    await run(await start_erasing(vendor, 2, tries=tries, backoff=[0.05]))
    sent = [ids for ids in vendor.requests if "event-0" in ids]
    assert sent == [["event-0", "event-1"]]


async def test_a_receipt_is_enough(redis: Redis, erasures: Erasures) -> None:
    entry = make_entries(1)[0]._replace(receipt="r")
    await erase(redis, erasures, "r")
    (planned,) = plan(Parcel(), [entry], Parcel().max_age, time.time(), erasures.cover)
    assert isinstance(planned, Ended)
    assert planned.withheld
    assert planned.outcome.reason == ERASED


async def test_a_drain_that_cannot_look_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasures_module, "LOOK_SECONDS", 0)

    class Gone:
        async def zrange(self, *_: object, **__: object) -> object:
            raise RedisError

    calls: list[None] = []
    gone: Any = Gone()
    async with asyncio.timeout(60):
        await Erasures(gone, KEYS, digests).keep_looking(lambda: calls.append(None))
    assert calls == [None]


async def test_a_drain_that_redis_does_not_answer_ends_before_an_erasure_removes_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example, its machine was cut off from Redis."""
    monkeypatch.setattr(erasures_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(erasures_module, "BLIND_SECONDS", 0.3)
    calls: list[None] = []
    with TcpServer(tmp_path / "valkey") as server:
        async with connect_for_work(server.url) as cut_off:
            erasures = Erasures(cut_off, KEYS, digests)
            await erasures.look()
            server.suspend()
            async with asyncio.timeout(5):  # a command alone waits for ten seconds
                await erasures.keep_looking(lambda: calls.append(None))
            server.resume()
    assert calls == [None]
