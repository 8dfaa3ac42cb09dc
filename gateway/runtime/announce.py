"""A gateway's announcement to others in its namespace of Redis."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from gateway.configuration.settings import Settings
from gateway.queue.gateways import Announcer
from gateway.queue.keys import Keys
from gateway.redis_client.connect import RedisError, connect_for_intake

log = logging.getLogger(__name__)

RENEW_SECONDS = 1.0


async def enter_namespace(settings: Settings, redis_url: str) -> None:
    """Announces a gateway that starts. Raises `NamespaceTaken` if another gateway with conflicting
    destinations is running.

    While Redis is away, this logs a warning and raises nothing; a conflict is logged once Redis is
    back.
    """
    async with aclosing(connect_for_intake(redis_url)) as redis:
        try:
            await Announcer(redis, Keys.of(settings), settings.destinations).enter()
        except RedisError as error:
            log.warning(
                "cannot check for other gateways in the namespace %r of Redis: %s",
                settings.redis.namespace,
                type(error).__name__,
            )


async def announce_forever(settings: Settings, redis_url: str) -> None:
    """Announces a running gateway every second, until cancelled."""
    async with aclosing(connect_for_intake(redis_url)) as redis:
        announcer = Announcer(redis, Keys.of(settings), settings.destinations)
        while True:
            try:
                await announcer.renew()
            except RedisError as error:
                log.debug("not announced: %s", type(error).__name__)  # the sweep logs it
            await asyncio.sleep(RENEW_SECONDS)
