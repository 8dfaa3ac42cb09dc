"""Browsers that use a small application behind the layers of access."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.console.access.layers import Access
from gateway.ledger.operator_log import OperatorLog
from gateway.queue import console_attempts
from gateway.queue.console_attempts import ConsoleAttempts
from gateway.queue.console_sessions import ConsoleSessions
from tests.support.console_access import (
    INNER,
    REST,
    URL,
    Browser,
    MakeSettings,
    OpenBrowser,
    users,
)
from tests.support.keys import KEYS


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    def make(console: str = "", rest: str = "") -> Settings:
        given = console or f"hosts: [console.example], {users()}"
        return parse_settings(f"console: {{{given}}}\n{rest}{REST.format(data=tmp_path / 'data')}")

    return make


@pytest.fixture
async def browser(redis: Redis, make_settings: MakeSettings) -> AsyncIterator[OpenBrowser]:
    """Opens browsers without cookies. settings: by default the same for all browsers of a test."""
    usual = make_settings()
    async with AsyncExitStack() as stack:

        def open_browser(
            url: str = URL, settings: Settings = usual, address: str = "203.0.113.7", **more: Any
        ) -> Browser:
            access = Access(INNER, settings, more.pop("redis", redis), **more)
            made = Browser(access, url, address)
            stack.push_async_callback(made.client.aclose)
            return made

        yield open_browser


@pytest.fixture
def stored(redis: Redis) -> ConsoleSessions:
    return ConsoleSessions(redis, KEYS)


@pytest.fixture
def attempts(redis: Redis) -> ConsoleAttempts:
    return ConsoleAttempts(redis, KEYS)


@pytest.fixture
def attempts_of_strangers(monkeypatch: pytest.MonkeyPatch) -> int:
    """The number of attempts that strangers have. None becomes available again during a test."""
    pace = console_attempts.STRANGERS._replace(seconds=3600)
    monkeypatch.setattr(console_attempts, "STRANGERS", pace)
    return pace.attempts


@pytest.fixture
def logged(make_settings: MakeSettings) -> Callable[[], list[dict[str, Any]]]:
    """The lines of the operators' log, without times and digests."""

    def read() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in OperatorLog.of(make_settings()).lines()]
        return [
            {name: value for name, value in line.items() if name not in ("at", "before")}
            for line in lines
        ]

    return read
