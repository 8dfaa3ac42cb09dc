"""Runs the `gateway` command in the process of the test."""

import logging
import socket
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs the command with arguments. ``input`` is its standard input. Keywords set environment
    variables; None unsets one."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def invoke(
        *arguments: object, input: str | bytes | None = None, **environment: str | None
    ) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments], input, environment)

    yield invoke
    root.handlers[:] = handlers  # the command sets up logging for a process of its own
    root.setLevel(level)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which no command can listen at any IPv4 address."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        yield taken.getsockname()[1]
