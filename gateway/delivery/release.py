"""Held consent: events that waited for the consent of their visitor are decided again.

A grant lets them go on in their order, a denial withholds them. The decision is that of the
pipeline, for the destinations that waited. It is made while the page that states consent waits for
its answer, since only that request brings the token with which its events can be read. A crash
between reading and writing leaves everything as it was, and the page, which got no answer, sends
its request again; two processes that do the same at once write it once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from redis.asyncio import Redis

from gateway.event.consent import CONSENT_TYPES
from gateway.pipeline.compile import Pipeline
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import Appender, Release
from gateway.queue.entry import decode_held, open_held
from gateway.queue.held_consent import HeldPage, read_page
from gateway.queue.keys import Keys
from gateway.redis_client.connect import RedisError
from gateway.stages.digests import Digest
from gateway.stages.held_consent import with_statement
from gateway.stages.sealing import Unreadable

SILENCE = dict.fromkeys(CONSENT_TYPES, "denied")
"""What holds when the time is over."""
GONE = Verdict(None, "when", "the destination is not configured any more")

MAX_ROUNDS = 25
"""How often a page's oldest events are read and released: enough for the most that one page may
have, and some more while other requests of that page change something."""


class Contended(RedisError):
    """Other requests of the same page changed what is held each time that it was to be released."""


@dataclass
class Resolved:
    """Of the oldest events of a page, those that wait no longer.

    count: how many they are. decisions: for the destinations that waited. destinations: these, as
    often as they did. withheld: the destinations of events that cannot be read. due: Unix seconds
    when the rest is due.
    """

    count: int = 0
    decisions: list[Decision] = field(default_factory=list)
    destinations: list[str] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    due: float = 0.0


def resolve(
    held_page: HeldPage, page_token: str, decide: Pipeline, seconds: float, now: float
) -> Resolved:
    """What becomes of the events of a page, up to the first that still waits.

    seconds: how long an event may wait.
    """
    resolved, said = Resolved(), held_page.stated
    for data in held_page.events:
        held = decode_held(data)
        try:
            event, received = open_held(held, held_page.page, page_token)
        except Unreadable:
            resolved.withheld += held.destinations
            resolved.count += 1
            continue
        ends = held.received_at + seconds
        stated = said if now < ends else {**SILENCE, **said}
        decision = decide(with_statement(event, stated), received)
        verdicts = {name: decision.verdicts.get(name, GONE) for name in held.destinations}
        if any(verdict.decision == "held" for verdict in verdicts.values()):
            resolved.due = ends
            break
        resolved.decisions.append(replace(decision, verdicts=verdicts, quarantine=""))
        resolved.destinations += held.destinations
        resolved.count += 1
    return resolved


@dataclass(frozen=True, slots=True)
class PageRelease:
    """Releases what is held of a page, by its token. digest: of page tokens. seconds: how long an
    event may wait."""

    redis: Redis
    keys: Keys
    appender: Appender
    decide: Pipeline
    digest: Digest
    seconds: float

    async def __call__(self, page_token: str) -> None:
        """Returns once no event waits for what the page has stated so far. Raises a redis-py error
        when that is not certain."""
        page = self.digest(page_token)
        for _ in range(MAX_ROUNDS):
            held_page = await read_page(self.redis, self.keys, page)
            resolved = resolve(held_page, page_token, self.decide, self.seconds, time.time())
            if not resolved.count:
                return
            await write(resolved, held_page, self.appender)
        raise Contended


async def write(resolved: Resolved, held_page: HeldPage, appender: Appender) -> bool:
    """Appends what became of the oldest events of a page; False if another process has done it, or
    the page spoke again."""
    first, count = held_page.events[0], resolved.count
    taken = Release(held_page.page, first, count, resolved.due, held_page.said)
    return await appender.release(
        resolved.decisions, resolved.destinations, taken, resolved.withheld
    )
