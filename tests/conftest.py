"""What several folders of tests share."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from valkey_server import Valkey

from gateway.queue.connect import connect_for_work


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A real server, one for the whole run. Ask for `redis_url` to find it empty."""
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    valkey.empty()
    return valkey.url


@pytest.fixture
def server(valkey: Valkey, redis_url: str) -> SyncRedis:
    """The same server for tests that are not asynchronous."""
    return valkey.client()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Connected as drains and the sweep are; nothing is on the server."""
    async with connect_for_work(redis_url) as client:
        yield client
