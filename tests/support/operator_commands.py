"""Runs the operator's commands as a person does, and reads what they print and count."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result
from redis import Redis

from gateway.queue.counting import without_parts
from tests.support.keys import KEYS

Run = Callable[..., Result]

_HEADS = ("events", "ended", "quarantined", "destination")


def runner(command: click.Command, config: Path, redis_url: str) -> Run:
    """A function that runs `command` with more words; answer: what is typed."""

    def run(*words: str, answer: str | None = None) -> Result:
        common = ["--config", str(config), "--redis-url", redis_url]
        result = CliRunner().invoke(command, [*words, *common], input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return run


def table_rows(output: str) -> list[list[str]]:
    """The cells of each row of the tables in `output`, without their headers."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in output.splitlines()]
    return [row for row in rows if len(row) > 1 and row[0] not in _HEADS]


def counts(server: Redis, name: str = "ads") -> dict[str, int]:
    """The total counts of a destination, without the size of its dead letters."""
    rows: Any = server.hgetall(KEYS.destination(name).counts)
    counted = {key.decode(): int(value) for key, value in rows.items()}
    named = without_parts(counted).items()
    return {name: count for name, count in named if not name.endswith("_bytes")}
