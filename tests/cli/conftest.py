"""Runs the `gateway` command in the process of the test."""

import logging
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
