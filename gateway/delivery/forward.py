"""Forwarding of one destination: a drain with a lease, and a wake-up for what it leaves."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from destinations.base import Destination
from gateway.configuration.destination import (
    ForwardingSettings,
    build_destination,
    client_settings,
)
from gateway.configuration.settings import Settings
from gateway.credentials import AuthorisedClient, open_credential
from gateway.delivery.assignment import Assignment
from gateway.delivery.drain import Drain
from gateway.delivery.erasures import Erasures
from gateway.delivery.outcome_records import outcome_records
from gateway.delivery.planning import none_erased
from gateway.delivery.policy import waits
from gateway.delivery.send import Attempt
from gateway.delivery.stay import Patience, Stay
from gateway.http import Client, open_client
from gateway.http.host_guard import HostGuard
from gateway.ledger.feeding import build_digests, build_reporting
from gateway.pipeline.routes import required_consent
from gateway.queue.keys import Keys
from gateway.queue.lease import Lease, new_holder
from gateway.queue.pause import current_pause
from gateway.queue.read import ensure_group, seconds_to_work
from gateway.queue.recent import Recorder
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import (
    RedisError,
    connect_for_intake,
    connect_for_jobs,
    connect_for_work,
)
from gateway.system.tasks import cancel_and_wait

log = logging.getLogger(__name__)


async def forward_events(
    settings: Settings,
    redis_url: str,
    name: str,
    stopping: asyncio.Event,
    patience: Patience,
    queues_next: bool = True,
) -> None:
    """Drains the destination `name`, unless it already has all the drains that it may have. Ends
    soon after `stopping` is set. Raises what Redis raised.

    queues_next: whether to queue a job for the next drain; if not, a sweep has to start it.
    """
    jobs_url = settings.redis.jobs_at(redis_url)
    redis, jobs = connect_for_work(redis_url), connect_for_intake(jobs_url)
    keys = Keys.of(settings)
    of_name = keys.destination(name)
    lease = Lease(redis, of_name, new_holder(), settings.destinations[name].delivery.drains)
    wake_queue = WakeQueue(connect_for_jobs(jobs_url), keys)
    forwarding = Forwarding(settings, name, redis, jobs, lease, wake_queue)
    try:
        await ensure_group(redis, of_name)
        if not await lease.take():
            return
        try:
            needs_successor = await forwarding.drain(stopping, patience)
        finally:
            await lease.release()
        if queues_next:
            await forwarding.reschedule(needs_successor)
    finally:
        await redis.aclose()
        await jobs.aclose()


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Forwarding of the destination `name`. redis: where its events are. jobs: where RQ is."""

    settings: Settings
    name: str
    redis: Redis
    jobs: Redis
    lease: Lease
    wake_queue: WakeQueue

    async def drain(self, stopping: asyncio.Event, patience: Patience) -> bool:
        """Runs one drain. True if it needs a successor: it ended because of its age, and no other
        job waits."""
        keys = Keys.of(self.settings)
        configured = self.settings.destinations[self.name]
        destination = build_destination(configured)
        client = None if configured.dry_run else self._open_client(configured, destination)
        stops = required_consent(configured) if self.settings.consent.withdrawals else ()
        recorder = Recorder(self.redis, keys) if self.settings.server.demo else None

        def watch(attempt: Attempt) -> None:
            if recorder is not None:
                records = outcome_records(self.name, destination, configured.dry_run, attempt)
                recorder.add(records)

        reporting = build_reporting(self.settings, self.name)
        stay = Stay(self.jobs, keys, patience)
        digests = build_digests(self.settings)
        erasures = Erasures(self.redis, keys, digests.with_earlier) if digests else None
        drain = Drain(
            self.redis,
            keys,
            Assignment(
                self.name,
                destination,
                configured.delivery,
                client,
                stops,
                reporting,
                erasures.cover if erasures else none_erased,
            ),
            self.lease,
            stay,
            watch,
            self._call_help,
        )
        tasks = [
            asyncio.create_task(self.lease.keep(lost=drain.stop)),
            asyncio.create_task(_stop_when(stopping, drain)),
        ]
        try:
            if erasures is not None:
                await erasures.look()
                tasks.append(asyncio.create_task(erasures.keep_looking(blind=drain.stop)))
            await drain.run()
        finally:
            await cancel_and_wait(*tasks)
            if client is not None:
                await client.close()
            if recorder is not None:
                with suppress(OutOfMemoryError):  # a demo's record is no reason to fail
                    await recorder.flush()
        return stay.lasted_to_the_end and not await stay.others_wait_now()

    async def _call_help(self) -> None:
        with suppress(RedisError):  # this drain goes on by itself
            await self.wake_queue.wake_unmarked(self.redis, self.name)

    def _open_client(self, configured: ForwardingSettings, destination: Destination[Any]) -> Client:
        client: Client = HostGuard(open_client(client_settings(configured)), destination.hosts())
        keys, names = Keys.of(self.settings), set(configured.credential_names())
        if not names:
            return client
        credentials = {
            name: open_credential(name, self.settings.credentials[name], self.redis, keys)
            for name in names
        }
        return AuthorisedClient(client, credentials)

    async def reschedule(self, successor: bool) -> None:
        """Queues the next drain if one is needed: an event that arrived while this drain was ending
        has woken none.

        successor: whether to queue one even if there is no work, to wait for new events.
        """
        keys = Keys.of(self.settings).destination(self.name)
        paused = await current_pause(self.redis, keys)
        if paused is not None:
            await asyncio.to_thread(self.wake_queue.wake_later, self.name, paused.seconds)
            return
        wait = waits(self.settings.destinations[self.name].delivery.backoff)
        seconds = await seconds_to_work(self.redis, keys, wait, await self.lease.others())
        if seconds == 0 or (seconds is None and successor):
            await self.wake_queue.wake_unmarked(self.redis, self.name)
        elif seconds is not None:
            await asyncio.to_thread(self.wake_queue.wake_later, self.name, seconds)


async def _stop_when(stopping: asyncio.Event, drain: Drain) -> None:
    await stopping.wait()
    drain.stop()
