"""A failover behind one name: the server of open connections becomes a replica, which refuses every
write, and only new connections reach the new master."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from gateway.queue.append import Appender
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_intake, connect_for_jobs, connect_for_work
from tests.support.destination_numbers import numbers
from tests.support.drains import nobody
from tests.support.events import decisions
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.valkey_server import Server, TcpServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with TcpServer(tmp_path / "server") as server:
        yield server


def ids_of(admin: Redis) -> list[int]:
    """The ids of all clients."""
    return [int(each["id"]) for each in admin.client_list()]


@contextmanager
def demoted(server: Server, connection: int) -> Iterator[None]:
    """Makes `server` a replica until `connection`, the id of a client, is closed."""
    with server.client() as admin:

        def promote() -> None:
            wait_for(lambda: connection not in ids_of(admin), 10, "the connection to be closed")
            admin.replicaof("NO", "ONE")

        admin.replicaof("127.0.0.1", "1")
        promoting = threading.Thread(target=promote)
        promoting.start()
        try:
            yield
        finally:
            promoting.join()


async def test_intake_connects_again_for_the_next_append(server: Server) -> None:
    async with connect_for_intake(server.url) as redis:
        appender = Appender(redis, KEYS, PendingCounts(), nobody)
        await appender.append(decisions(1, send=["ads"]))
        before = await redis.client_id()
        with demoted(server, before), pytest.raises(RedisConnectionError, match="read only"):
            await appender.append(decisions(1, send=["ads"]))
        await appender.append(decisions(1, send=["ads"]))
        assert await redis.client_id() != before
        assert (await numbers(redis)).pending == 2


async def test_a_drain_writes_once_it_reaches_the_new_master(server: Server) -> None:
    async with connect_for_work(server.url) as redis:
        before = await redis.client_id()
        with demoted(server, before):
            async with asyncio.timeout(10):
                await redis.set("key", "value")
        assert await redis.client_id() != before


def test_a_job_is_queued_once_rq_reaches_the_new_master(server: Server) -> None:
    with connect_for_jobs(server.url) as redis:
        before = redis.client_id()
        with demoted(server, before), redis.pipeline(transaction=True) as pipeline:
            pipeline.set("key", "value")
            pipeline.execute()
        assert redis.client_id() != before
