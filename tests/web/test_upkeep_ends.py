"""When an application is closed, all its tasks end, so a reload leaves no old one running."""

from __future__ import annotations

import asyncio
import random

import pytest

from gateway.configuration.settings import Settings
from gateway.web import app as app_module

pytestmark = pytest.mark.anyio


async def test_at_whatever_moment_an_application_is_closed_nothing_of_it_goes_on(
    redis_url: str, settings: Settings
) -> None:
    chance = random.Random(1)
    before = asyncio.all_tasks()
    for _ in range(30):
        app = app_module.create_app(settings, redis_url)
        async with app.lifespan():
            await asyncio.sleep(chance.random() * 0.03)
        async with asyncio.timeout(60):
            while asyncio.all_tasks() != before:
                await asyncio.sleep(0)
