"""Runs work that would keep the pages waiting in a thread, with an event loop and a connection of
its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from redis.asyncio import Redis

from gateway.redis_client.connect import connect_for_intake
from gateway.system.tasks import AGAIN_SECONDS

T = TypeVar("T")

Apart = Callable[[Redis], Coroutine[Any, Any, T]]


async def apart(redis_url: str, work: Apart[T]) -> T:
    """The result of `work`. When this task is cancelled, even more than once, `work` is cancelled
    until it has ended, as in `gateway.system.tasks.cancel_and_wait`."""

    async def connected() -> T:
        async with connect_for_intake(redis_url) as redis:
            return await work(redis)

    loop = asyncio.new_event_loop()
    task = loop.create_task(connected())

    def run() -> T:
        try:
            return loop.run_until_complete(task)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    executor = ThreadPoolExecutor(1, "apart")  # signing in and more use the threads of asyncio
    thread = asyncio.get_running_loop().run_in_executor(executor, run)
    executor.shutdown(wait=False)
    cancelled = None
    while not thread.done():
        try:
            await asyncio.wait([thread], timeout=AGAIN_SECONDS if cancelled else None)
        except asyncio.CancelledError as error:
            cancelled = error
        if cancelled is not None:
            with suppress(RuntimeError):  # it has ended just now
                loop.call_soon_threadsafe(task.cancel)
    if cancelled is not None:
        await asyncio.gather(thread, return_exceptions=True)
        raise cancelled
    return thread.result()
