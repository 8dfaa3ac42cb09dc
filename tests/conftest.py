"""Fixtures that several folders of tests share, and the profiles of property tests."""

import gc
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from gateway.ledger.folder import LedgerFolder
from gateway.redis_client.connect import connect_for_work
from tests.support.large_ledger import LargeLedger, fill
from tests.support.postgresql_server import PostgreSQL
from tests.support.valkey_server import RedisServer, TcpServer, Valkey

settings.register_profile(
    "random",
    max_examples=200,
    deadline=None,  # no test depends on the machine's speed
    suppress_health_check=[HealthCheck.too_slow],
)
# These examples are the same every time, so more of them would find little more.
# --hypothesis-profile=random draws others.
settings.register_profile(
    "fixed", settings.get_profile("random"), derandomize=True, max_examples=25
)
settings.load_profile("fixed")


def _draw_own_constants_at_random_alone() -> None:
    """Hypothesis also draws constants from our modules that are loaded at the time. Which ones are
    loaded depends on the tests that the process has run before, so fixed examples do without."""
    all_of_them, none = providers._get_local_constants, providers._local_constants

    def constants() -> object:
        is_fixed = settings.default is not None and settings.default.derandomize
        return none if is_fixed else all_of_them()

    providers._get_local_constants = constants


_draw_own_constants_at_random_alone()

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Garbage collection skips the thousands of collected tests, since all stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A real Valkey server, one for each pytest process. `redis_url` empties it."""
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    valkey.empty()
    return valkey.url


@pytest.fixture
def server(valkey: Valkey, redis_url: str) -> SyncRedis:
    """A synchronous client of the same server, which is empty."""
    return valkey.client()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client with the connection of drains and the sweep; the server is empty."""
    async with connect_for_work(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpServer]:
    """The redis-server of this machine, one for each pytest process. Tests empty it themselves."""
    with RedisServer(tmp_path_factory.mktemp("redis"), "--save", "") as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for each pytest process. Skips the test if PostgreSQL is not installed."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def large_ledger(tmp_path_factory: pytest.TempPathFactory) -> LargeLedger:
    """One ledger for each pytest process, read-only: `LARGE_LEDGER_EVENTS` events of the past week,
    each with five endings. 40,000, the default, take some seconds; a million takes minutes."""
    folder = LedgerFolder(tmp_path_factory.mktemp("large") / "ledger")
    return LargeLedger(folder, fill(folder, int(os.environ.get("LARGE_LEDGER_EVENTS", "40000"))))


@pytest.fixture
def start() -> Iterator[Start]:
    """A function that starts a gateway command with the Redis at a URL. It ends with the test."""
    processes = []

    def start_command(redis_url: str, *words: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "GATEWAY_REDIS_URL": redis_url}
        process = subprocess.Popen([sys.executable, "-m", "gateway", *words], env=environment)
        processes.append(process)
        return process

    yield start_command
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(60)
