"""Sentinel, with real servers: appends and drains go on after the master was killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from rq.scheduler import RQScheduler

from gateway.monitoring.numbers import DestinationNumbers
from gateway.queue.append import Appender
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_intake, connect_for_jobs, connect_for_work
from tests.support.destination_numbers import numbers
from tests.support.events import decide, make_event
from tests.support.gateway_process import free_port, wait_for
from tests.support.keys import ADS, KEYS
from tests.support.sink_server import Sink
from tests.support.valkey_server import SentinelServer, TcpServer

CONFIG = """
sources:
  site: {{type: collect}}
destinations:
  ads: {{type: webhook, url: "{sink}/", allow_private_addresses: true, consent: []}}
"""


class Watched:
    """A master, its replica and their Sentinel; `url` names a dead Sentinel first."""

    def __init__(self, folder: Path) -> None:
        self.master = TcpServer(folder / "master", "--save", "", "--repl-diskless-sync-delay", "0")
        self.replica = TcpServer(
            folder / "replica", "--save", "", "--replicaof", f"127.0.0.1 {self.master.port}"
        )
        self.sentinel = SentinelServer(folder / "sentinel")
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{self.sentinel.port}"
        own = "sentinel_username=asks&sentinel_password=s&socket_connect_timeout=10"
        self.url = f"sentinel://guarded:secret@{hosts}/shop?{own}"

    def __enter__(self) -> Watched:
        for server in (self.master, self.replica):
            server.start()
            with server.client() as redis:
                redis.execute_command("ACL SETUSER guarded on >secret ~* &* +@all")
        with self.master.client() as redis:
            wait_for(lambda: redis.info("replication")["connected_slaves"] == 1, 60, "the replica")
        self.sentinel.start()
        self.sentinel.monitor("shop", self.master)
        with self.sentinel.client() as sentinel:
            sentinel.execute_command("ACL SETUSER asks on >s -@all +sentinel|masters")
            wait_for(lambda: len(sentinel.sentinel_slaves("shop")) == 1, 60, "Sentinel to see it")
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self.sentinel, self.replica, self.master):
            server.stop()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with Watched(tmp_path_factory.mktemp("sentinel")) as watched:
        yield watched


@pytest.mark.anyio
async def test_each_kind_of_connection_finds_the_master(watched: Watched) -> None:
    for connect in (connect_for_intake, connect_for_work):
        async with connect(watched.url + "&db=1") as client:
            assert (await client.role())[0] == b"master"
            assert await client.set("key", "value")
    with connect_for_jobs(watched.url + "&db=1") as client:
        assert client.get("key") == b"value"


@pytest.mark.anyio
async def test_a_closed_client_leaves_no_connection_to_the_sentinels(watched: Watched) -> None:
    with watched.sentinel.client() as sentinel:

        def connected() -> set[str]:
            return {client["id"] for client in sentinel.client_list()}

        before = connected()
        async with connect_for_work(watched.url) as client:
            await client.ping()
            assert connected() - before
        wait_for(lambda: connected() <= before, 60, "the connection to be closed")


def test_the_scheduler_of_rq_makes_connections_of_its_own(watched: Watched) -> None:
    """RQ takes a connection apart and builds another one from its parts."""
    jobs = connect_for_jobs(watched.url)
    scheduler = RQScheduler([KEYS.queue], connection=jobs, serializer="json")
    WakeQueue(jobs, KEYS).wake_later("ads", 0)
    assert scheduler.acquire_locks() == {KEYS.queue}
    scheduler.enqueue_scheduled_jobs()
    scheduler.release_locks()
    with watched.master.client() as redis:
        assert redis.lrange("rq:queue:gateway", 0, -1) == [b"later-ads"]
        redis.flushall()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/shop?", "/other?"),
        ("sentinel_password=s", "sentinel_password=wrong"),
        (":secret@", ":no@"),
    ],
    ids=["another master", "another password of Sentinel", "another password of Redis"],
)
async def test_what_cannot_be_connected_is_an_error_without_secrets(
    watched: Watched, old: str, new: str
) -> None:
    async with connect_for_intake(watched.url.replace(old, new)) as client:
        with pytest.raises(RedisConnectionError) as error:
            await client.ping()
    assert not any(word in repr(error.value) for word in ("secret", "wrong", "sentinel_password"))


async def until_drained(redis: Redis) -> DestinationNumbers:
    deadline = time.monotonic() + 60
    while (await numbers(redis)).pending:
        assert time.monotonic() < deadline, "waited 60 s for the events to end"
        await asyncio.sleep(0.1)
    return await numbers(redis)


class Sender:
    """Appends numbered events, and repeats each until it is stored."""

    def __init__(self, intake: Redis, url: str) -> None:
        wake_queue = WakeQueue(connect_for_jobs(url), KEYS)
        self.refused, self._stored = 0, 0
        self._appender = Appender(intake, KEYS, PendingCounts(), wake_queue.wake)

    async def send(self, count: int) -> None:
        deadline = time.monotonic() + 60
        for number in range(self._stored, self._stored + count):
            while not await self._is_stored(number):
                assert time.monotonic() < deadline, "waited 60 s for a master"
                self.refused += 1
                await asyncio.sleep(0.1)
        self._stored += count

    async def _is_stored(self, number: int) -> bool:
        try:
            await self._appender.append([decide(make_event(number), ["ads"])])
        except RedisError:
            return False
        return True


async def fail_over(watched: Watched, intake: Redis, sender: Sender) -> None:
    assert await intake.wait(1, 2000) == 1  # what was stored so far is on the replica
    watched.master.kill()
    await sender.send(1)
    assert sender.refused > 0
    assert watched.sentinel.master("shop") == watched.replica.port


def test_appends_and_drains_go_on_after_the_master_was_killed(
    watched: Watched, tmp_path: Path, start: Any
) -> None:
    async def live_through_it(sink: Sink) -> None:
        async with connect_for_intake(watched.url) as intake:
            await ensure_group(intake, ADS)
            sender = Sender(intake, watched.url)
            await sender.send(20)
            await until_drained(intake)
            await fail_over(watched, intake, sender)
            await sender.send(19)
            after = await until_drained(intake)
        assert {name: count for name, count in after.counts.items() if ":" not in name} == {
            "accepted": 40,
            "delivered": 40,
        }
        ids = [request.body["data"]["event_id"] for request in sink.requests]
        assert sorted(set(ids)) == sorted(f"event-{number}" for number in range(40))

    with Sink() as sink:
        config = tmp_path / "gateway.yaml"
        config.write_text(CONFIG.format(sink=sink.url))
        workers = start(watched.url, "work", "--processes", "1", "--config", str(config))
        asyncio.run(live_through_it(sink))
        workers.terminate()
        assert workers.wait(60) == 0
    watched.master.start()  # as the fixture started it
