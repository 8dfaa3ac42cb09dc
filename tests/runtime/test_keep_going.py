"""What the supervisor does from time to time ends with it, at whatever moment."""

from __future__ import annotations

import asyncio
import random

import pytest

from gateway.configuration.load import parse_settings
from gateway.runtime.run import keep_going
from gateway.system.tasks import cancel_and_wait

pytestmark = pytest.mark.anyio

SETTINGS = parse_settings("""
enrichment: []
sources: {site: {type: collect}}
destinations: {crm: {type: webhook, url: "https://crm.example/", consent: []}}
""")


async def test_at_whatever_moment_it_is_ended_nothing_of_it_goes_on(redis_url: str) -> None:
    """Redis-py forgets one cancellation in a dozen here: of these, the supervisor never ended."""
    random.seed(1)
    before = asyncio.all_tasks()
    for _ in range(60):
        going = keep_going(SETTINGS, redis_url)
        await asyncio.sleep(random.random() * 0.03)
        await cancel_and_wait(*going)
        async with asyncio.timeout(60):
            while asyncio.all_tasks() != before:
                await asyncio.sleep(0)
