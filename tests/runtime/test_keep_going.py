"""The supervisor's periodic work ends with it, at whatever moment."""

from __future__ import annotations

import asyncio
import random

import pytest

from gateway.configuration.load import parse_settings
from gateway.runtime import run as run_module
from gateway.runtime.run import keep_going
from gateway.system.tasks import cancel_and_wait

pytestmark = pytest.mark.anyio

SETTINGS = parse_settings("""
enrichment: []
sources: {site: {type: collect}}
destinations: {crm: {type: webhook, url: "https://crm.example/", consent: []}}
""")


async def test_what_fails_is_begun_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun = 0

    async def sweep(*_: object) -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise RuntimeError("a defect")
        await asyncio.sleep(60)

    monkeypatch.setattr(run_module, "AGAIN_SECONDS", 0.01)
    for name in ("sweep_forever", "end_unanswered_forever", "announce_forever"):
        monkeypatch.setattr(run_module, name, sweep if name == "sweep_forever" else _ends)
    going = keep_going(SETTINGS, "redis://unused")
    async with asyncio.timeout(60):
        while begun < 3:
            await asyncio.sleep(0.01)
    await cancel_and_wait(*going)
    assert caplog.text.count("sweep failed; starting it again") == 2


async def _ends(*_: object) -> None:
    pass


async def test_at_whatever_moment_it_is_ended_nothing_of_it_goes_on(redis_url: str) -> None:
    """redis-py loses about one cancellation in a dozen here, after which the supervisor never
    ended."""
    random.seed(1)
    before = asyncio.all_tasks()
    for _ in range(60):
        going = keep_going(SETTINGS, redis_url)
        await asyncio.sleep(random.random() * 0.03)
        await cancel_and_wait(*going)
        async with asyncio.timeout(60):
            while asyncio.all_tasks() != before:
                await asyncio.sleep(0)
