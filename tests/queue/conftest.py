import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from valkey_server import RedisServer, TcpServer

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpServer]:
    """The redis-server of this machine, one for the whole run; empty it yourself."""
    with RedisServer(tmp_path_factory.mktemp("redis"), "--save", "") as server:
        yield server


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a command of the gateway that uses the Redis at a URL, until the test is over."""
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
        process.wait(30)
