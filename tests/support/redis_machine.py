"""State machines of Hypothesis whose state is in a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from redis import Redis as SyncRedis

from gateway.redis_client.connect import connect_for_work

T = TypeVar("T")


class RedisMachine(RuleBasedStateMachine):
    """Begins with an empty server at `url`, and runs coroutines in a loop of its own."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        with SyncRedis.from_url(self.url) as server:
            server.flushall()
        self.runner = asyncio.Runner()
        self.redis: Any = connect_for_work(self.url)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.runner.close()


def run_machine(machine: type[RedisMachine], url: str, **options: Any) -> None:
    """Runs `machine` on the server at `url`, with `options` of `hypothesis.settings`."""
    machine.url = url
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(deadline=None, suppress_health_check=list(HealthCheck), **options),
    )
