"""Held consent: decides again about held events once their visitor has stated consent.

A grant releases the events in order, a denial withholds them. The pipeline decides for the
destinations for which they were held. This happens while the page that states consent waits for its
answer, because only that request has the token that decrypts the events. A crash between reading
and writing changes nothing: the page gets no answer and repeats its request. If two processes
release the same events at once, only one of them writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from redis.asyncio import Redis

from gateway.event import Event
from gateway.event.consent import CONSENT_TYPES
from gateway.pipeline.compile import Pipeline
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import Appender
from gateway.queue.counting import reason_of
from gateway.queue.feed import encode_unanswered
from gateway.queue.held_consent import HeldPage, read_page
from gateway.queue.held_event import decode_held, open_held
from gateway.queue.held_release import Release, Undecided, Waited
from gateway.queue.keys import Keys
from gateway.redis_client.connect import RedisError
from gateway.stages.digests import Digest
from gateway.stages.held_consent import with_statement
from gateway.stages.sealing import Unreadable

SILENCE = dict.fromkeys(CONSENT_TYPES, "denied")
"""The consent of a visitor who has not answered in time."""
OF_THE_VISIT = ("client_id", "ga_session_id", "ga_session_number")
"""Fields that a page sends once analytics_storage is granted; its earlier events take them over."""
UNREADABLE = "it could not be read with the token of its page"
GONE = Verdict(None, "when", "the destination is no longer configured", label="not configured")

MAX_ROUNDS = 25
"""How often a page's oldest events are read and released: enough for the most events that a page
may have, with spare rounds for changes by other requests of the page."""


class Contended(RedisError):
    """The events of a page were not all released within `MAX_ROUNDS`, because other requests of the
    page kept changing what is held."""


@dataclass
class Resolved:
    """The oldest events of a page, as far as they are no longer held.

    count: number of these events. decisions: for the destinations for which they were held.
    waited: these destinations, once for each event. withheld: the same for events that cannot be
    read. unreadable: the receipts of those, each with its destinations. due: Unix seconds when the
    first event that stays held is due; 0 if none does.
    """

    count: int = 0
    decisions: list[Decision] = field(default_factory=list)
    waited: list[Waited] = field(default_factory=list)
    withheld: list[Waited] = field(default_factory=list)
    unreadable: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    due: float = 0.0


def visit_of(decisions: Iterable[Decision]) -> Event:
    """The visitor and session fields (`OF_THE_VISIT`) from the first of `decisions` that has a
    `client_id` and consent for analytics_storage; empty if there is none."""
    for decision in decisions:
        event = decision.event
        if event.get("client_id") and event["consent"].get("analytics_storage") == "granted":
            return {name: event[name] for name in OF_THE_VISIT if name in event}
    return {}


def resolve(
    held_page: HeldPage,
    page_token: str,
    decide: Pipeline,
    seconds: float,
    now: float,
    sent: Sequence[Decision] = (),
) -> Resolved:
    """Decides about the events of a page, up to the first that stays held.

    seconds: how long an event may be held. sent: the decisions about the events that the page sent
    now; earlier events without a `client_id` take over the visit from them.
    """
    resolved, said = Resolved(), held_page.stated
    visit, demo_browser = visit_of(sent), sent[0].demo_browser if sent else ""
    for data in held_page.events:
        held = decode_held(data)
        try:
            event, received = open_held(held, held_page.page, page_token)
        except Unreadable:
            resolved.withheld += held.waited
            resolved.unreadable.append((held.receipt, held.destinations))
            resolved.count += 1
            continue
        ends = held.received_at + seconds
        stated = said if now < ends else {**SILENCE, **said}
        if "client_id" not in event:
            event = {**event, **visit}
        decision = decide(with_statement(event, stated), received)
        verdicts = {name: decision.verdicts.get(name, GONE) for name in held.destinations}
        if any(verdict.decision == "held" for verdict in verdicts.values()):
            resolved.due = ends
            break
        resolved.decisions.append(
            replace(
                decision,
                verdicts=verdicts,
                quarantine="",
                demo_browser=demo_browser,
                receipt=held.receipt,
            )
        )
        resolved.waited += held.waited
        resolved.count += 1
    return resolved


@dataclass(frozen=True, slots=True)
class PageRelease:
    """Releases the held events of a page by its token. digest: makes digests of page tokens.
    seconds: how long an event may be held. watch: called with the decisions that were appended."""

    redis: Redis
    keys: Keys
    appender: Appender
    decide: Pipeline
    digest: Digest
    seconds: float
    watch: Callable[[list[Decision]], None] | None = None

    async def __call__(self, page_token: str, sent: Sequence[Decision] = ()) -> None:
        """Returns once no event is held that the page's statements so far decide. Raises a redis-py
        error when that is not certain.

        sent: the decisions about the events that the page sent now.
        """
        page = self.digest(page_token)
        for _ in range(MAX_ROUNDS):
            held_page = await read_page(self.redis, self.keys, page)
            resolved = resolve(held_page, page_token, self.decide, self.seconds, time.time(), sent)
            if not resolved.count:
                return
            if await write(resolved, held_page, self.appender) and self.watch is not None:
                self.watch(resolved.decisions)
        raise Contended


async def write(resolved: Resolved, held_page: HeldPage, appender: Appender) -> bool:
    """Appends the decisions about the oldest events of a page; False if another process has done
    so, or if the page has stated something since."""
    first, count = held_page.events[0], resolved.count
    taken = Release(held_page.page, first, count, resolved.due, held_page.said)
    record = encode_unanswered(resolved.unreadable, UNREADABLE, time.time())
    undecided = Undecided(resolved.withheld, reason_of("hold", "unreadable"), record)
    return await appender.release(resolved.decisions, resolved.waited, taken, undecided)
