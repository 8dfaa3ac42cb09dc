"""Background tasks of a drain: a failure is reported, and stops no other task."""

from __future__ import annotations

import asyncio

import pytest

from gateway.delivery.background import Background

pytestmark = pytest.mark.anyio


async def test_a_failure_is_told_and_the_others_come_to_their_end() -> None:
    changes: list[BaseException | None] = []
    background = Background(lambda: changes.append(background.error))
    done: list[str] = []
    failure = ValueError("Redis is away")

    async def fail() -> None:
        raise failure

    async def work() -> None:
        await asyncio.sleep(0.01)
        done.append("work")
        background.start(more())

    async def more() -> None:
        done.append("more")

    background.start(fail())
    background.start(work())
    await background.wait()
    assert done == ["work", "more"]
    assert changes == [failure] * 3
