"""A process that loses Redis ends with one line, not with a traceback at each restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

Run = Callable[..., Result]

URL = "redis://127.0.0.1:1"
CONFIG = "sources: {site: {type: collect}}\ndestinations: {}\n"


@pytest.mark.parametrize("error", [RedisConnectionError, RedisTimeoutError])
@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_it_ends_with_one_line(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    error: type[Exception],
) -> None:
    def lose_redis(*_: object) -> None:
        raise error("Error 111 connecting to 127.0.0.1:1. Connection refused.")

    monkeypatch.setattr("gateway.delivery.job.run_worker", lose_redis)
    monkeypatch.setattr("gateway.delivery.scheduler.run_scheduler", lose_redis)
    config = tmp_path / "gateway.yaml"
    config.write_text(CONFIG)
    own = {"worker": ("--config", config), "scheduler": ("--namespace", "gw")}[command]
    result = run(command, *own, "--redis-url", URL)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    (line,) = result.stderr.splitlines()
    assert line.startswith("Redis does not answer: Error 111 connecting to 127.0.0.1:1.")
