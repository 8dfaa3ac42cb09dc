"""Interrupting work from within, at a known point."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis


async def interrupted(redis: Redis) -> None:
    """Cancels this task as Ctrl-C does while a command computes: it should end at its next wait."""
    await redis.ping()  # connected
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await redis.ping()  # may survive the cancellation
