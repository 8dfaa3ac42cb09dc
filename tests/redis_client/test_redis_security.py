"""TLS, and a Redis user with exactly the documented rights."""

from __future__ import annotations

import asyncio
import re
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError
from rq.registry import ScheduledJobRegistry
from rq.scheduler import RQScheduler

from gateway.configuration.load import load_settings
from gateway.delivery.sweep import sweep_forever
from gateway.monitoring.numbers import DestinationNumbers, read_numbers
from gateway.monitoring.status import read_status
from gateway.queue.dead_letters import drop, find, replay
from gateway.queue.lease import forget_consumers
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_intake, connect_for_jobs, connect_for_work
from gateway.system.tasks import cancel_and_wait
from gateway.web.app import create_app
from tests.support.gateway_process import free_port
from tests.support.keys import BOOKS, KEYS
from tests.support.sink_server import Sink
from tests.support.valkey_server import RedisServer, TcpServer

TESTS = Path(__file__).parent.parent
CA, CERTIFICATE = TESTS / "http" / "ca.pem", TESTS / "http" / "shop.test.pem"
OPERATIONS = TESTS.parent / "docs" / "operations.md"

CONFIG = """
server: {{demo: true}}
sources:
  backend: {{type: events, keys: [key]}}
destinations:
  ads: {{type: webhook, url: "{sink}/ads", allow_private_addresses: true, consent: []}}
  books: {{type: webhook, url: "{sink}/books", allow_private_addresses: true, consent: []}}
"""


class TlsServer(RedisServer):
    """A redis-server that also listens with TLS, as ``shop.test``."""

    def __init__(self, folder: Path) -> None:
        self.tls_port = free_port()
        words = {
            "--tls-port": str(self.tls_port),
            "--tls-cert-file": str(CERTIFICATE),
            "--tls-key-file": str(CERTIFICATE),
            "--tls-ca-cert-file": str(CA),
            "--tls-auth-clients": "no",
            "--save": "",
        }
        super().__init__(folder, *(word for pair in words.items() for word in pair))

    def tls_url(self, user: str = "", **options: str) -> str:
        return f"rediss://{user}127.0.0.1:{self.tls_port}?{urlencode(options)}"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    with TlsServer(tmp_path_factory.mktemp("tls")) as server:
        yield server


PATIENT = {"socket_connect_timeout": "10"}  # a busy machine may not connect within a second
# the certificate names a host that no resolver knows
TRUSTED = {"ssl_ca_certs": str(CA), "ssl_check_hostname": "false", **PATIENT}


@pytest.mark.anyio
async def test_each_kind_of_connection_speaks_tls(tls: TlsServer) -> None:
    url = tls.tls_url(**TRUSTED)
    for connect in (connect_for_intake, connect_for_work):
        async with connect(url) as client:
            assert await client.set("key", "value")
    with connect_for_jobs(url) as client:
        assert client.get("key") == b"value"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="an authority that nobody knows"),
        pytest.param({"ssl_ca_certs": str(CA)}, id="a certificate of another host"),
        pytest.param({"ssl_ca_certs": "/nowhere/ca.pem"}, id="no such file"),
    ],
)
async def test_who_cannot_prove_to_be_the_server_gets_nothing(
    tls: TlsServer, options: dict[str, str]
) -> None:
    async with connect_for_intake(tls.tls_url(**options)) as client:
        with pytest.raises(RedisConnectionError):
            await client.ping()


def documented_rule() -> list[str]:
    """The command in the documentation, without ``redis-cli``."""
    (command,) = re.findall(
        r"^redis-cli (ACL SETUSER .*?)^```", OPERATIONS.read_text(), re.M | re.S
    )
    return shlex.split(command.replace("\\\n", ""))


def give_rights(server: TcpServer, *more: str) -> None:
    with server.client() as admin:
        admin.execute_command(*documented_rule(), *more)
        admin.acl_log_reset()


def denied(server: TcpServer) -> set[str]:
    with server.client() as admin:
        return {entry["object"] for entry in admin.acl_log()}


async def use(url: str, config: Path) -> None:
    """Does what a gateway's web process, its sweep and its operators do, while a worker runs."""
    settings = load_settings(config)
    app = create_app(settings, url)
    transport, to_operators = httpx.ASGITransport(app), httpx.ASGITransport(app.operators)
    browser = {"cookie": f"demo_browser={'0' * 32}"}
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url="http://shop", headers=browser) as web,
        httpx.AsyncClient(transport=to_operators, base_url="http://localhost") as operator,
        connect_for_work(url) as redis,
    ):
        sweep = asyncio.create_task(sweep_forever(settings, url))
        await send(web)
        await until_ended(redis, {"ads": "delivered", "books": "rejected"})
        first, second, *_ = [letter async for letter in find(redis, BOOKS)]
        assert await replay(redis, BOOKS, [first]) == 1
        assert await drop(redis, BOOKS, [second.id]) == 1
        await asyncio.to_thread(schedule, url)
        await until_ended(redis, {"books": "rejected"})
        status = await read_status(redis, settings, time.time())
        assert all(destination.balanced for destination in status.destinations.values())
        await forget_consumers(redis, BOOKS, 0)
        assert (await web.get("/readyz")).status_code == 200
        metrics = (await operator.get("/metrics")).text
        assert 'gateway_pending_events{destination="ads"} 0.0' in metrics
        assert len((await web.get("/demo/events")).json()["records"]) >= 40
        await cancel_and_wait(sweep)


async def send(web: httpx.AsyncClient) -> None:
    events = [{"event_name": "x", "event_id": f"event-{number}"} for number in range(20)]
    deadline = time.monotonic() + 60
    while True:  # Redis may not answer in time on a busy machine
        answer = await web.post("/events", json=events, headers={"authorization": "Bearer key"})
        if answer.status_code == 200:
            break
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < deadline, answer.text


async def until_ended(redis: AsyncRedis, endings: dict[str, str]) -> None:
    """Waits until no event is pending, then checks the ending at each destination in `endings`."""
    deadline = time.monotonic() + 60
    while any(each.pending for each in (await numbers(redis, endings)).values()):
        assert time.monotonic() < deadline, "waited 60 s for the events to end"
        await asyncio.sleep(0.1)
    for name, each in (await numbers(redis, endings)).items():
        assert each.counts[endings[name]] == each.counts["accepted"] >= 20


async def numbers(redis: AsyncRedis, names: Iterable[str]) -> Mapping[str, DestinationNumbers]:
    return (await read_numbers(redis, KEYS, names)).destinations


def schedule(url: str) -> None:
    """Does what RQ's scheduler does with a wake-up that is due."""
    jobs = connect_for_jobs(url)
    WakeQueue(jobs, KEYS).wake_later("books", 0)
    scheduler = RQScheduler([KEYS.queue], connection=jobs, serializer="json")
    scheduler.register_birth()
    assert scheduler.acquire_locks() == {KEYS.queue}
    scheduler.heartbeat()
    scheduler.enqueue_scheduled_jobs()
    scheduler.stop()
    assert ScheduledJobRegistry(KEYS.queue, connection=jobs).count == 0


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose first destination accepts all events, and the second rejects them."""
    with Sink(lambda received: (400 if received.path == "/books" else 204, b"")) as sink:
        file = tmp_path / "gateway.yaml"
        file.write_text(CONFIG.format(sink=sink.url))
        yield file


def test_the_documented_rights_are_enough(tmp_path: Path, config: Path, start: Any) -> None:
    with TcpServer(tmp_path / "valkey", "--save", "") as server:
        give_rights(server)
        url = f"redis://gateway:PASSWORD@127.0.0.1:{server.port}?{urlencode(PATIENT)}"
        worker = start(url, "worker", "--config", str(config), "--allow-demo")
        asyncio.run(use(url, config))
        worker.terminate()
        assert worker.wait(60) == 0
        assert denied(server) == set()


def test_they_are_for_redis_7_with_tls_too_and_without_info(
    tls: TlsServer, config: Path, start: Any
) -> None:
    give_rights(tls, "-info")
    url = tls.tls_url("gateway:PASSWORD@", **TRUSTED)
    worker = start(url, "worker", "--config", str(config), "--allow-demo")
    asyncio.run(use(url, config))
    worker.terminate()
    assert worker.wait(60) == 0
    assert denied(tls) == {"info"}


@pytest.mark.parametrize(
    "words",
    [
        ["GET", "other"],
        ["SET", "other", "1"],
        ["XADD", "gw", "*", "e", "1"],
        ["RENAME", "gw:counts", "other"],
        ["PUBLISH", "rq:pubsub:worker", "stop"],
        ["SUBSCRIBE", "other"],
        ["EVAL", "return 1", "0"],
        ["SCRIPT", "FLUSH"],
        ["FUNCTION", "LIST"],
        ["FLUSHALL"],
        ["FLUSHDB"],
        ["KEYS", "*"],
        ["SCAN", "0"],
        ["RANDOMKEY"],
        ["SORT", "gw:counts"],
        ["CONFIG", "GET", "*"],
        ["CLIENT", "LIST"],
        ["ACL", "WHOAMI"],
        ["MONITOR"],
        ["REPLICAOF", "127.0.0.1", "1"],
        ["SHUTDOWN", "NOSAVE"],
    ],
    ids=" ".join,
)
def test_they_are_for_nothing_else(tls: TlsServer, words: list[Any]) -> None:
    give_rights(tls)
    redis = Redis(port=tls.port, username="gateway", password="PASSWORD", protocol=2)
    with redis, pytest.raises(NoPermissionError):
        redis.execute_command(*words)
