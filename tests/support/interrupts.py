"""Interrupting work from within, at a known point."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis


async def interrupted(redis: Redis) -> None:
    """As Ctrl-C does it while the command computes: its next wait is to be the last."""
    await redis.ping()  # connected
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await redis.ping()  # which may well survive it
