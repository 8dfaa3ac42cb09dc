"""Cluster URLs: the settings that they require, and those that they exclude.

Mistakes in the URLs themselves are tested in test_redis_url.py.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.main import main
from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.redis_client.connect import (
    RedisError,
    connect_for_intake,
    connect_for_jobs,
    connect_for_work,
    info_of_nodes,
    is_cluster,
    names_cluster,
)
from tests.support.gateway_process import free_port, wait_for
from tests.support.valkey_server import TcpServer

REST = "sources: {}\ndestinations: {}\n"
SALT = "server: {hash_salt: a-salt-of-the-shop}\n"
JOBS = "jobs_url: 'redis://jobs'"


@pytest.mark.parametrize("connect", [connect_for_intake, connect_for_work])
def test_user_password_and_options_are_those_of_every_node(connect: Any) -> None:
    client = connect("clusters://me:p%40ss%2C@one,two:6380,[::1]?ssl_ca_certs=/ca.pem")
    assert is_cluster(client)
    for address in (("one", 6379), ("two", 6380), ("::1", 6379)):
        options = client._at(address).connection_pool.connection_kwargs
        expected = {"username": "me", "password": "p@ss,", "ssl_ca_certs": "/ca.pem"}
        assert options.items() >= {**expected, "host": address[0], "port": address[1]}.items()
        assert options["retry"].get_retries() == 0


def test_jobs_cannot_be_on_a_cluster() -> None:
    with pytest.raises(ValueError, match="single server"):
        connect_for_jobs("cluster://one")
    with pytest.raises(ConfigurationError, match="jobs_url"):
        parse_settings(f"redis: {{url: 'cluster://one', jobs_url: 'cluster://one'}}\n{REST}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"redis: {{url: 'cluster://one'}}\n{REST}", "redis.jobs_url: is needed with a cluster"),
        (
            f"redis: {{url: 'clusters://one', {JOBS}}}\n{SALT}consent: {{hold: {{}}}}\n{REST}",
            "consent.hold: does not work with a Redis cluster; remove it",
        ),
    ],
)
def test_what_does_not_go_with_a_cluster_is_a_mistake(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        parse_settings(text)


def test_what_does_is_none_and_neither_is_a_server_for_jobs_without_a_cluster() -> None:
    read = parse_settings(
        f"redis: {{url: 'cluster://one', {JOBS}}}\n{SALT}consent: {{withdrawals: true}}\n{REST}"
    )
    assert names_cluster(read.redis.url)
    assert read.redis.jobs_at(read.redis.url) == "redis://jobs"
    assert parse_settings(f"redis: {{{JOBS}}}\n{REST}").redis.jobs_at("unix:///x") == "redis://jobs"
    assert parse_settings(REST).redis.jobs_at("unix:///x") == "unix:///x"


@pytest.mark.parametrize("command", ["serve", "work", "status"])
def test_a_url_of_the_command_line_is_looked_at_too(tmp_path: Path, command: str) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(REST)
    words = [command, "--config", str(config), "--redis-url", "cluster://one"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "redis.jobs_url: is needed with a cluster" in result.output


@pytest.mark.anyio
async def test_a_cluster_that_is_away_or_is_none_is_a_redis_error(redis_server: TcpServer) -> None:
    for url in ("cluster://127.0.0.1:1,127.0.0.1:2", f"cluster://127.0.0.1:{redis_server.port}"):
        async with connect_for_intake(url) as client:
            with pytest.raises(RedisError, match="no node of the cluster"):
                await client.xlen("gw:{ads}:stream")


@pytest.mark.anyio
async def test_a_cluster_that_is_still_being_set_up_is_a_redis_error(tmp_path: Path) -> None:
    """The node answers, but has no slots yet."""
    bus = ["--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--save", ""]
    with TcpServer(tmp_path / "node", *bus) as node, node.client() as admin:
        async with connect_for_intake(node.url.replace("redis:", "cluster:")) as client:
            for ask in (
                client.ping,
                partial(client.get, "key"),
                partial(client.script_load, "return 1"),
                partial(info_of_nodes, client, "memory"),
            ):
                with pytest.raises(RedisError, match="no slot is assigned to a node"):
                    await ask()
            admin.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            wait_for(lambda: admin.cluster("info")["cluster_state"] == "ok", 60, "the cluster")
            assert await client.get("key") is None
