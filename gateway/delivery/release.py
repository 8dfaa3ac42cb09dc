"""Held consent: decides again about events that waited for the consent of their visitor.

A grant releases them in their order, a denial withholds them. The pipeline decides, for the
destinations that waited. It decides while the page that states consent waits for its answer,
because only that request has the token that decrypts the events. A crash between reading and
writing changes nothing, and the page, which got no answer, repeats its request. If two processes do
the same at once, it is written once.
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
"""What holds when the time is over."""
OF_THE_VISIT = ("client_id", "ga_session_id", "ga_session_number")
"""Fields that a page has once analytics_storage is granted: its earlier events take them over."""
UNREADABLE = "it could not be read with the token of its page"
GONE = Verdict(None, "when", "the destination is no longer configured", label="not configured")

MAX_ROUNDS = 25
"""How often a page's oldest events are read and released: enough for the most that one page may
have, and some more while other requests of that page change something."""


class Contended(RedisError):
    """Other requests of the same page changed what is held each time that it was to be released."""


@dataclass
class Resolved:
    """Of the oldest events of a page, those that wait no longer.

    count: how many they are. decisions: for the destinations that waited. waited: these, as often
    as they did. withheld: the same of events that cannot be read; unreadable: the receipts of
    these, with the destinations of each. due: Unix seconds when the rest is due.
    """

    count: int = 0
    decisions: list[Decision] = field(default_factory=list)
    waited: list[Waited] = field(default_factory=list)
    withheld: list[Waited] = field(default_factory=list)
    unreadable: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    due: float = 0.0


def visit_of(decisions: Iterable[Decision]) -> Event:
    """Who visits, and in which session, by the first of `decisions` that knows it and may say so;
    empty when none does."""
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
    """What becomes of the events of a page, up to the first that still waits.

    seconds: how long an event may wait. sent: the decisions about what the page sent now. Events
    that came before the visit was known take it over from them.
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
    """Releases what is held of a page, by its token. digest: of page tokens. seconds: how long an
    event may wait. watch: is told of the decisions that were appended."""

    redis: Redis
    keys: Keys
    appender: Appender
    decide: Pipeline
    digest: Digest
    seconds: float
    watch: Callable[[list[Decision]], None] | None = None

    async def __call__(self, page_token: str, sent: Sequence[Decision] = ()) -> None:
        """Returns once no event waits for what the page has stated so far. Raises a redis-py error
        when that is not certain.

        sent: the decisions about what the page sent now.
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
    """Appends what became of the oldest events of a page; False if another process has done it, or
    the page spoke again."""
    first, count = held_page.events[0], resolved.count
    taken = Release(held_page.page, first, count, resolved.due, held_page.said)
    record = encode_unanswered(resolved.unreadable, UNREADABLE, time.time())
    undecided = Undecided(resolved.withheld, reason_of("hold", "unreadable"), record)
    return await appender.release(resolved.decisions, resolved.waited, taken, undecided)
