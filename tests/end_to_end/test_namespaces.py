"""Two gateways on one server: namespaces separate them, and no second one may use the same one."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support import plain_http
from tests.support.gateway_process import Gateway, free_port, wait_for
from tests.support.sink_server import Sink
from tests.support.valkey_server import TcpServer

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

CONFIG = """
redis: {{url: "{url}", namespace: {namespace}, data_dir: "${{DATA_DIR}}"}}
enrichment: []
sources: {{backend: {{type: events, keys: [key]}}}}
destinations:
"""
DESTINATION = """
  {name}: {{type: webhook, url: "{sink}/{path}", allow_private_addresses: true, consent: []}}
"""
OF_RQ_AS_A_WHOLE = {"rq:queues", "rq:workers", "rq:clean_groups"}
"""Lists of names, and a lock for groups of jobs, which no gateway uses."""
OF_ONE_JOB_OR_PROCESS = re.compile(r"rq:(job|results|executions?|worker|scheduler):[0-9a-f-]{32}.*")

LOCKS = ("rq:scheduler-lock:gateway", "rq:scheduler-lock:gateway-staging")

OF_AN_EVENT = re.compile("minute|:seen|:committed")
"""Counts by the minute, and marks of events that were received."""


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[TcpServer]:
    """A server that several gateways use."""
    with TcpServer(tmp_path / "redis", "--save", "") as server:
        yield server


def configuration(url: str, namespace: str, sink: Sink, **paths: str) -> str:
    """paths: those at the sink, by the name of the destination."""
    destinations = [
        DESTINATION.format(name=name, path=path, sink=sink.url) for name, path in paths.items()
    ]
    return CONFIG.format(url=url, namespace=namespace) + "".join(destinations)


def add_user(server: TcpServer, namespace: str) -> str:
    """Adds a user with the documented rights in `namespace`. Returns the server's URL for it."""
    (rule,) = re.findall(
        r"^redis-cli (ACL SETUSER (?:.*\\\n)*.*)$", OPERATIONS.read_text(), re.MULTILINE
    )
    rule = rule.replace("SETUSER gateway", f"SETUSER {namespace}")
    words = shlex.split(rule.replace("\\\n", " ").replace("~gw:*", f"~{namespace}:*"))
    with server.client() as redis:
        redis.execute_command(*words)
    return f"redis://{namespace}:PASSWORD@127.0.0.1:{server.port}"


def send(gateway: Gateway, ids: range) -> None:
    events = [{"event_name": "page_view", "event_id": f"{number}"} for number in ids]
    answer = plain_http.post(
        f"{gateway.url}/events", json=events, headers={"authorization": "Bearer key"}, timeout=60
    )
    assert answer.status_code == 200, answer.text


def arrived(sink: Sink, path: str) -> list[int]:
    return sorted(int(each.body["data"]["event_id"]) for each in sink.requests if each.path == path)


def run(gateway: Gateway, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *words, "--config", str(gateway.config)],
        cwd=gateway.folder,
        env={**os.environ, "DATA_DIR": str(gateway.folder / "data")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_gateways_with_namespaces_do_not_touch_each_other(
    tmp_path: Path, shared: TcpServer, sink: Sink
) -> None:
    """Their destinations have the same name too. Each may use only its own namespace; Redis logs
    any other access."""
    gateways = {}
    with ExitStack() as stack:
        for namespace in ("gw", "staging"):
            (tmp_path / namespace).mkdir()
            url = add_user(shared, namespace)
            config = configuration(url, namespace, sink, hook=namespace)
            gateways[namespace] = stack.enter_context(Gateway(tmp_path / namespace, config))
        for number in range(5):
            send(gateways["gw"], range(100 * number, 100 * number + 50))
            send(gateways["staging"], range(100 * number + 50, 100 * number + 80))
        for gateway, events in zip(gateways.values(), (250, 150), strict=True):
            assert gateway.wait_until_delivered("hook")["delivered"] == events
            status = json.loads(run(gateway, "status", "--json"))["destinations"]["hook"]
            assert status["outcomes"]["accepted"] == events
        assert arrived(sink, "/gw") == [n for n in range(500) if n % 100 < 50]
        assert arrived(sink, "/staging") == [n for n in range(500) if 50 <= n % 100 < 80]
        with shared.client() as redis:
            wait_for(lambda: redis.exists(*LOCKS) == len(LOCKS), 60, "both schedulers")
            keys = {key.decode() for key in redis.scan_iter(count=1000)}
            denied = redis.execute_command("ACL LOG")
            origins = {redis.hget(key, "origin") for key in redis.scan_iter("rq:job:*")}
    assert denied == [], "no gateway has touched what is not its own"
    own = {key for key in keys if key.startswith("gw:")}
    staging = {key for key in keys if key.startswith("staging:")}
    assert {"gw:{hook}:counts", "gw:counts", "gw:gateways"} <= own
    assert {key.replace("gw:", "staging:") for key in own if not OF_AN_EVENT.search(key)} == {
        key for key in staging if not OF_AN_EVENT.search(key)
    }
    of_rq = {key for key in keys - own - staging if not OF_ONE_JOB_OR_PROCESS.fullmatch(key)}
    named = {key for key in of_rq - OF_RQ_AS_A_WHOLE if key.endswith(":gateway")}
    assert {"rq:workers:gateway", LOCKS[0]} <= named
    assert of_rq - OF_RQ_AS_A_WHOLE - named == {
        key for key in of_rq if key.endswith(":gateway-staging")
    }
    assert LOCKS[1] in of_rq
    assert origins <= {b"gateway", b"gateway-staging"}


def test_a_gateway_with_other_destinations_is_refused_in_the_same_namespace(
    tmp_path: Path, shared: TcpServer, sink: Sink
) -> None:
    config = configuration(shared.url, "gw", sink, hook="hook", mail="mail")
    other = tmp_path / "other.yaml"

    def start(command: str, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", command, "--config", str(other), *words],
            env={**os.environ, "DATA_DIR": str(tmp_path / "data")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    with Gateway(tmp_path, config) as gateway:
        other.write_text(configuration(shared.url, "gw", sink, hook="hook", crm="crm"))
        for command, words in (
            ("run", (*ports(free_port()), "--no-console")),
            ("serve", ports(free_port())),
            ("work", ()),
        ):
            refused = start(command, *words)
            _, told = refused.communicate(timeout=60)
            assert refused.returncode == 2, told
            assert "It has hook, mail; this one has crm, hook." in told
            assert "redis.namespace" in told

        other.write_text(configuration(shared.url, "gw", sink, hook="hook", mail="mail", crm="crm"))
        port = free_port()
        added = start("serve", *ports(port))
        try:
            wait_for(lambda: is_ready(port), 60, "the gateway with one destination more")
        finally:
            added.terminate()
            _, told = added.communicate(timeout=60)
        assert "another gateway" not in told + gateway.log.read_text()


def ports(port: int) -> tuple[str, ...]:
    return "--port", str(port), "--operators-port", str(free_port())


def is_ready(port: int) -> bool:
    try:
        return plain_http.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def workers_but(gateway: Gateway, others: set[int]) -> set[int]:
    """The workers that are not in `others`, once there are as many as a gateway starts by default;
    else an empty set."""
    found = set(gateway.pids(" worker ")) - others
    return found if len(found) == 2 else set()


def test_a_changed_configuration_keeps_its_namespace_until_the_next_start(
    tmp_path: Path, shared: TcpServer, sink: Sink
) -> None:
    """Also in its workers, which are started again."""
    with Gateway(tmp_path, configuration(shared.url, "gw", sink, hook="before")) as gateway:
        workers = wait_for(lambda: workers_but(gateway, set()), 60, "the workers")
        gateway.config.write_text(configuration(shared.url, "staging", sink, hook="after"))
        wait_for(lambda: workers_but(gateway, workers), 60, "new workers")
        send(gateway, range(20))
        assert gateway.wait_until_delivered("hook")["delivered"] == 20
        assert arrived(sink, "/after") == [*range(20)]
        with shared.client() as redis:
            assert redis.keys("staging:*") == []
