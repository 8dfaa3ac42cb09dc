"""What a web process does every second, whether events come or not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.queue.append import Appender
from gateway.queue.bounds import Limits
from gateway.queue.capacity import CapacityWatch
from gateway.queue.gateways import Announcer
from gateway.queue.group_commit import Overloaded
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.plug_in_counts import count_problems
from gateway.queue.read import ensure_group
from gateway.queue.refused import RefusedSample
from gateway.queue.refused_requests import RequestSample
from gateway.redis_client.connect import RedisError
from gateway.stages.enrichment import Tables
from gateway.web.connections import REFUSED
from gateway.web.limit_sharing import share_limits
from gateway.web.rare_warning import RareWarning
from gateway.web.sender_limit import SenderLimit

log = logging.getLogger(__name__)

UPKEEP_SECONDS = 1.0

FAILED = (
    "%s to store counts and samples failed, since Redis did not take them; they wait until it does"
)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """tables: of enrichments, which are read again. shared_limits: rate limits that are shared with
    other processes. samples: of refused events and requests."""

    settings: Settings
    redis: Redis
    tables: Tables
    pending_counts: PendingCounts
    appender: Appender
    shared_limits: Sequence[SenderLimit]
    samples: Sequence[RefusedSample | RequestSample]

    async def run(self) -> None:
        """Every second until cancelled: reads tables again, creates missing consumer groups, closes
        intake where capacity is used up, writes counts and samples, announces the gateway, and
        shares the rate limits."""
        keys = Keys.of(self.settings)
        announcer = Announcer(self.redis, keys, self.settings.destinations)
        capacity = CapacityWatch(self.redis, keys, Limits.of(self.settings))
        failures = RareWarning(log, "attempt", FAILED)
        while True:
            await self.tables.refresh(self.redis)
            try:
                for name in self.settings.destinations:
                    await ensure_group(self.redis, keys.destination(name))
                self.appender.closed = await capacity.look()
                await self._write_counts()
                await announcer.renew()
                await share_limits(self.redis, keys, self.shared_limits)
                for sample in self.samples:
                    await sample.flush()
            except (RedisError, Overloaded):
                failures.add()
                failures.say(time.monotonic())
            await asyncio.sleep(UPKEEP_SECONDS)

    async def finish(self) -> None:
        """Writes the last counts, if Redis takes them."""
        with contextlib.suppress(RedisError, Overloaded):
            await self._write_counts()

    async def _write_counts(self) -> None:
        """Writes all counts, also those that plug-ins and the protocol keep elsewhere."""
        count_problems(self.pending_counts)
        self.pending_counts.put_back(REFUSED.take())
        await self.appender.flush_counts()
