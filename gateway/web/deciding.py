"""Decides about the events of a request, and gives other requests their turn in between."""

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
"""How long the events of one request are decided before others have their turn."""


class Decider:
    """long_work: shared by all endpoints of a process. claim_link: without it no link between
    domains identifies a visitor."""

    def __init__(
        self, pipeline: Pipeline, long_work: LongWork, claim_link: ClaimLink | None = None
    ) -> None:
        self._pipeline = pipeline
        self._long_work = long_work
        self._claim_link = claim_link

    async def decide(self, events: Sequence[Event], received: Received) -> list[Decision]:
        """The decision about each event. If any has a link that can identify the visitor, claims
        the link and decides again: it then identifies the visitor of all events of the request."""
        decisions = await self._decide_each(events, received)
        links = [each.unclaimed_link for each in decisions if each.unclaimed_link is not None]
        if not links or self._claim_link is None:
            return decisions
        visitor = await self._claim_link(links, received.at, _stated_id(decisions[0]))
        if not visitor:
            return decisions
        linked = replace(received, linked_visitor=visitor)
        return await self._decide_each(events, linked)

    async def _decide_each(self, events: Sequence[Event], received: Received) -> list[Decision]:
        """Gives others their turn every `TURN_SECONDS`. Requests of strangers share one turn."""
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


def _stated_id(decision: Decision) -> str:
    """The event id that the sender stated, "" if it stated none."""
    return decision.event["event_id"] if decision.has_own_id else ""
