"""The process that writes the ledger."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from contextlib import suppress

from gateway.configuration.masked_text import without_secrets
from gateway.configuration.settings import Settings
from gateway.ledger.place import ledger_of
from gateway.ledger.writer import LedgerWriter
from gateway.queue.feeds import Feeds
from gateway.queue.keys import Keys
from gateway.redis_client.connect import connect_for_intake, connect_for_work
from gateway.redis_client.schemes import names_cluster
from gateway.system.processes import die_with_parent
from gateway.system.tasks import cancel_and_wait


def run_ledger(settings: Settings, redis_url: str) -> None:
    """Writes the ledger until SIGTERM, while no other process does."""
    die_with_parent()
    gc.set_threshold(10_000, 20, 50)  # a batch of records is many objects, and makes no cycles
    asyncio.run(_write(settings, redis_url))


async def _write(settings: Settings, redis_url: str) -> None:
    # while a node of a cluster is away, the feeds on the others are not to wait for it
    connect = connect_for_intake if names_cluster(redis_url) else connect_for_work
    redis = connect(redis_url)
    feeds = Feeds(redis, Keys.of(settings), settings.destinations)
    writer = LedgerWriter(ledger_of(settings), settings.ledger, feeds)
    writer.keep_configuration(settings.version, without_secrets(settings), time.time())
    writing = asyncio.create_task(writer.run())
    stops: list[asyncio.Task[None]] = []

    def stop() -> None:
        stops.append(asyncio.create_task(cancel_and_wait(writing)))

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    with suppress(asyncio.CancelledError):
        await writing
    writer.close()
    await redis.aclose()
