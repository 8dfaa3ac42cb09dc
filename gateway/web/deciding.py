"""The decisions about the events of a request, between which other requests have their turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from gateway.event import Event, Received
from gateway.pipeline.compile import Pipeline
from gateway.pipeline.decision import Decision
from gateway.web.link_claims import ClaimLink
from gateway.web.long_work import SMALL_BATCH, LongWork

TURN_SECONDS = 0.01
"""Of a request with many events, before others have their turn."""


class Decider:
    """long_work: shared by all endpoints of a process. claim_link: without it no link between
    domains identifies anybody."""

    def __init__(
        self, pipeline: Pipeline, long_work: LongWork, claim_link: ClaimLink | None = None
    ) -> None:
        self._pipeline = pipeline
        self._long_work = long_work
        self._claim_link = claim_link

    async def decide(self, events: Sequence[Event], received: Received) -> list[Decision]:
        """The decision about each event. A link that would identify the visitor is claimed first,
        and does so for all events of the request."""
        decisions = await self._decide_each(events, received)
        links = [each.unclaimed_link for each in decisions if each.unclaimed_link is not None]
        if not links or self._claim_link is None:
            return decisions
        visitor = await self._claim_link(links, received.at)
        if not visitor:
            return decisions
        linked = replace(received, linked_visitor=visitor)
        return await self._decide_each(events, linked)

    async def _decide_each(self, events: Sequence[Event], received: Received) -> list[Decision]:
        """Others have their turn every `TURN_SECONDS`. Strangers share theirs."""
        if len(events) <= 1:
            return [self._pipeline(event, received) for event in events]
        if len(events) > SMALL_BATCH and not received.trusted:
            await self._long_work.wait(0)
        decisions: list[Decision] = []
        turn_ends = time.perf_counter() + TURN_SECONDS
        for event in events:
            decisions.append(self._pipeline(event, received))
            if time.perf_counter() > turn_ends:
                await asyncio.sleep(0)
                if not received.trusted:
                    await self._long_work.wait(0)
                turn_ends = time.perf_counter() + TURN_SECONDS
        return decisions
