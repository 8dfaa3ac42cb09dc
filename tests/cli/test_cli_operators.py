"""`gateway run` and `gateway serve`: the address for operators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.support.gateway_process import free_port

Run = Callable[..., Result]

CONFIG = """
server: {operators_token: %s}
redis: {url: "redis://127.0.0.1:1/0"}
sources: {site: {type: collect}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
TOKEN = "a-token-of-some-length"
COMMANDS = pytest.mark.parametrize("command", ["run", "serve"])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG % "null")
    return path


@COMMANDS
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "metrics.shop.example"])
def test_one_that_others_can_reach_needs_a_token(
    run: Run, config: Path, command: str, host: str
) -> None:
    result = run(command, "--config", config, "--operators-host", host)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"--operators-host {host} can be reached by other machines")
    assert "server.operators_token" in result.stderr


@COMMANDS
@pytest.mark.parametrize(
    ("host", "token"), [("0.0.0.0", TOKEN), ("127.0.0.1", "null"), ("localhost", "null")]
)
def test_a_taken_port_is_named_with_its_option(
    run: Run, config: Path, taken_port: int, command: str, host: str, token: str
) -> None:
    config.write_text(CONFIG % token)
    port = ("--port", free_port())
    operators = ("--operators-host", host, "--operators-port", taken_port)
    result = run(command, "--config", config, *port, *operators)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"cannot listen on {host}:{taken_port}: ")
    assert result.stderr.endswith("It is for operators: try --operators-port.\n")


@COMMANDS
@pytest.mark.parametrize("host", ["192.0.2.7", "gateway.invalid"])
def test_a_host_that_is_not_this_machine_is_named_with_its_option(
    run: Run, config: Path, command: str, host: str
) -> None:
    config.write_text(CONFIG % TOKEN)
    port = free_port()
    result = run(command, "--config", config, "--host", host, "--port", port)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"cannot listen on {host}:{port}: ")
    assert "Unknown error" not in result.stderr
    assert result.stderr.endswith(". Try --host.\n")


@COMMANDS
@pytest.mark.parametrize("option", ["--port", "--operators-port"])
def test_a_port_that_cannot_be_is_refused(
    run: Run, config: Path, command: str, option: str
) -> None:
    result = run(command, "--config", config, option, 99999)
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.stderr


@pytest.mark.parametrize("command", ["serve", "work", "console"])
def test_a_redis_url_without_a_scheme_is_refused(run: Run, config: Path, command: str) -> None:
    result = run(command, "--config", config, "--redis-url", "localhost:6379")
    assert result.exit_code == 2
    assert "Invalid value for '--redis-url'" in result.stderr
    assert "should begin with redis://" in result.stderr


@COMMANDS
def test_it_cannot_be_the_public_port(run: Run, config: Path, command: str) -> None:
    """Processes that share a port would answer strangers with data for operators."""
    port = free_port()
    ports = ("--port", port, "--operators-port", port)
    result = run(command, "--config", config, *ports)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"--port and --operators-port are both {port}")


@pytest.mark.parametrize(
    "token", ["short", "'sixteen letters '", "'no blanks in them'", "añadido-con-eñe-larga"]
)
def test_a_token_that_cannot_be_sent_or_is_short_is_a_mistake(
    run: Run, config: Path, token: str
) -> None:
    config.write_text(CONFIG % token)
    result = run("check", "--config", config)
    assert result.exit_code == 2
    assert "server.operators_token: " in result.stderr
    assert "openssl rand -hex 32" in result.stderr
    assert token.strip("'") not in result.stderr


def test_a_variable_that_is_not_set_is_no_token(run: Run, config: Path) -> None:
    config.write_text(CONFIG % '"${OPERATORS_TOKEN:-}"')
    assert run("check", "--config", config).exit_code == 0
    result = run("serve", "--config", config, "--operators-host", "0.0.0.0")
    assert "server.operators_token" in result.stderr
