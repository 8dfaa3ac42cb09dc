"""Viewers who ask for the same thing within a few seconds share one answer."""

from __future__ import annotations

import asyncio

import pytest

from gateway.console.shared import FRESH_SECONDS, Shared

pytestmark = pytest.mark.anyio


class Made:
    def __init__(self) -> None:
        self.now = 0.0
        self.times = 0
        self.fails = False
        self.shared = Shared(clock=lambda: self.now)

    async def make(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        if self.fails:
            raise OSError
        return self.times

    async def get(self, key: str = "a") -> int:
        return await self.shared.get(key, self.make)


async def test_it_is_made_once_for_all_who_ask_at_once_and_soon_after() -> None:
    made = Made()
    assert await asyncio.gather(*(made.get() for _ in range(50))) == [1] * 50
    made.now += FRESH_SECONDS - 0.1
    assert await made.get() == 1
    assert await made.get("b") == 2
    made.now += 0.1
    assert await made.get() == 3


async def test_a_failure_is_not_kept() -> None:
    made = Made()
    made.fails = True
    found = await asyncio.gather(*(made.get() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [OSError] * 3
    made.fails = False
    assert await made.get() == 2


async def test_who_goes_away_does_not_take_it_from_the_others() -> None:
    made = Made()
    first = asyncio.create_task(made.get())
    await asyncio.sleep(0)
    others = [asyncio.create_task(made.get()) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [1] * 3
