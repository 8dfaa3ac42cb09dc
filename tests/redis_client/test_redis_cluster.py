"""Hash tags: redis-py and a real cluster compute the same slot for all keys of a destination, and
every operation on a destination stays within that slot."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import NoPermissionError, ResponseError

from gateway.queue.dead_letters import drop, encode_dead_letter, find, replay
from gateway.queue.entry import encode
from gateway.queue.lease import Lease
from gateway.queue.pause import current_pause, pause
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from gateway.redis_client.connect import connect_for_work
from tests.support.events import decide, make_event
from tests.support.gateway_process import free_port, wait_for
from tests.support.keys import ADS, BOOKS, KEYS
from tests.support.valkey_server import TcpServer


def keys_of(destination: str) -> list[str]:
    keys = KEYS.destination(destination)
    return [*astuple(keys), keys.minute(0), keys.minute(1_795_219_200.5)]


@given(st.text(ascii_letters + digits + "_-", min_size=1, max_size=64))
def test_the_keys_of_a_destination_share_a_slot(destination: str) -> None:
    slots = {key_slot(key.encode()) for key in keys_of(destination)}
    assert slots == {key_slot(destination.encode())}  # the tag is the name, and nothing else


def test_destinations_are_spread() -> None:
    names = [f"destination-{number}" for number in range(100)]
    assert len({key_slot(KEYS.destination(name).stream.encode()) for name in names}) > 90


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpServer]:
    """A cluster of one node: it has every slot, but refuses commands that cross slots."""
    folder = tmp_path_factory.mktemp("cluster")
    bus = ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
    server = TcpServer(folder, *bus, "--save", "")
    with server, server.client() as redis:
        redis.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: redis.cluster("info")["cluster_state"] == "ok", 60, "the cluster")
        yield server


@pytest.fixture
async def redis(cluster: TcpServer) -> AsyncIterator[Redis]:  # type: ignore[override]
    with cluster.client() as admin:
        admin.flushall()
    async with connect_for_work(cluster.url) as client:
        yield client


@pytest.mark.parametrize("destination", ["ads", "ga4_eu-west", "-", "x" * 64])
def test_a_real_cluster_reckons_the_same(cluster: TcpServer, destination: str) -> None:
    with cluster.client() as redis:
        slots = {redis.cluster("keyslot", key) for key in keys_of(destination)}
    assert slots == {key_slot(destination.encode())}


@pytest.mark.anyio
async def test_a_real_cluster_refuses_what_crosses_slots(redis: Redis) -> None:
    """Shows that the next tests can fail."""
    with pytest.raises(ResponseError, match="slot"):
        await redis.eval("return 1", 2, ADS.stream, BOOKS.stream)


async def put(redis: Redis, count: int) -> None:
    await ensure_group(redis, ADS)
    for number in range(count):
        decision = decide(make_event(number), ["ads"])
        await redis.xadd(ADS.stream, {"e": encode(decision, decision.event, ())})
    await redis.hincrby(ADS.counts, "accepted", count)


@pytest.mark.anyio
async def test_reading_claiming_and_settling_stay_within_the_slot(redis: Redis) -> None:
    await put(redis, 3)
    assert len((await Reader(redis, ADS, "one").new(10, None)).entries) == 3
    other = Reader(redis, ADS, "two")
    first, second, third = await other.due(lambda *_: 0.0, (), 10)
    await other.hand_back([third])
    letter = encode_dead_letter(second, "rejected", "HTTP 400", time.time(), None)
    endings = [Ending(first.id, "delivered"), Ending(second.id, "rejected", letter)]
    await Settler(redis, ADS, PendingCounts()).settle(endings)
    counts = await redis.hgetall(ADS.counts)
    assert int(counts.pop(b"dead_bytes")) == len(letter)
    assert counts == {b"accepted": b"3", b"delivered": b"1", b"rejected": b"1"}
    assert (await redis.xlen(ADS.stream), await redis.xlen(ADS.dead)) == (1, 1)


@pytest.mark.anyio
async def test_dead_letters_stay_within_the_slot(redis: Redis) -> None:
    await put(redis, 2)
    entries = (await Reader(redis, ADS, "one").new(10, None)).entries
    letters = [encode_dead_letter(entry, "expired", "old", 0.0, None) for entry in entries]
    endings = [Ending(e.id, "expired", letter) for e, letter in zip(entries, letters, strict=True)]
    await Settler(redis, ADS, PendingCounts()).settle(endings)
    one, two = [letter async for letter in find(redis, ADS)]
    assert await replay(redis, ADS, [one]) == 1
    assert await drop(redis, ADS, [two.id]) == 1
    (again,) = (await Reader(redis, ADS, "one").new(10, None)).entries
    assert again.event["event_id"] == "event-0"


@pytest.mark.anyio
async def test_leases_and_pauses_stay_within_the_slot(redis: Redis) -> None:
    await put(redis, 1)
    lease = Lease(redis, ADS, "one", 1)
    assert await lease.take()
    assert not await Lease(redis, ADS, "two", 1).take()
    await lease.release()
    assert await Lease(redis, ADS, "two", 1).take()
    await pause(redis, ADS, "HTTP 503", None)
    paused = await current_pause(redis, ADS)
    assert paused is not None
    assert paused.reason == "HTTP 503"


@pytest.mark.anyio
async def test_a_script_that_no_node_loads_is_an_error_and_loaded_later(
    cluster: TcpServer, redis: Redis
) -> None:
    two = redis.register_script("return 1 + 1")
    with cluster.client() as admin:
        admin.script_flush()
        admin.execute_command("ACL SETUSER", "default", "-script|load")
        try:
            with pytest.raises(NoPermissionError):
                await two(keys=[ADS.stream])
        finally:
            admin.execute_command("ACL SETUSER", "default", "+script|load")
    assert await two(keys=[ADS.stream]) == 2
