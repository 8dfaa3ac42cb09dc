"""Late consent: events that waited for a word of their visitor are decided anew.

A grant lets them go on in their order, a denial or the end of the time withholds them. The
decision is that of the pipeline, for the destinations that waited. A crash between reading and
writing leaves everything as it was; two processes that do the same at once write it once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gateway.delivery.wake import Alarm
from gateway.enrichment import EnrichmentMistakes, Tables, open_tables
from gateway.event import CONSENT_TYPES
from gateway.event_schemas import SchemaMistakes
from gateway.late_consent import with_statement
from gateway.pipeline import Decision, Pipeline, Verdict, compile_pipeline
from gateway.plug_in_counts import count_problems
from gateway.queue.append import Appender, Release, Remembered
from gateway.queue.connect import RedisError, connect_for_jobs, connect_for_work, names_cluster
from gateway.queue.entry import decode_waiting
from gateway.queue.late import Visitor, due_visitors
from gateway.queue.tally import Tally
from gateway.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
SILENCE = dict.fromkeys(CONSENT_TYPES, "denied")
"""What holds when the time is over."""
GONE = Verdict(None, "when", "the destination is not configured any more")


@dataclass
class Resolved:
    """Of the oldest events of a visitor, those that wait no longer.

    decisions: for the destinations that waited. destinations: these, as often as they did.
    due: Unix seconds when the rest is due.
    """

    decisions: list[Decision] = field(default_factory=list)
    destinations: list[str] = field(default_factory=list)
    due: float = 0.0


def resolve(visitor: Visitor, decide: Pipeline, seconds: float, now: float) -> Resolved:
    """What becomes of the events of `visitor`, up to the first that still waits.

    seconds: how long an event may wait.
    """
    resolved = Resolved()
    for data in visitor.events:
        event, received, destinations = decode_waiting(data)
        ends = received.at + seconds
        stated = visitor.stated if now < ends else {**SILENCE, **visitor.stated}
        decision = decide(with_statement(event, stated), received)
        verdicts = {name: decision.verdicts.get(name, GONE) for name in destinations}
        if any(verdict.decision == "held" for verdict in verdicts.values()):
            resolved.due = ends
            break
        resolved.decisions.append(replace(decision, verdicts=verdicts, quarantine=""))
        resolved.destinations += destinations
    return resolved


async def release_forever(settings: Settings, redis_url: str) -> None:
    """Looks every second for visitors who have spoken, until cancelled; waits while Redis is away.

    Also when nothing is held any more: what waited under an earlier configuration must end.
    """
    hold = settings.consent.hold
    if names_cluster(redis_url):
        return  # nothing can wait there
    redis = connect_for_work(redis_url)
    tally = Tally()
    wake = Alarm(connect_for_jobs(settings.redis.jobs_at(redis_url))).wake
    appender = Appender(redis, tally, wake, Remembered.of(settings))
    tables = Tables()
    decide: Pipeline | None = None
    while True:
        try:
            if visitors := await due_visitors(redis):
                if decide is None:
                    tables = await asyncio.to_thread(
                        open_tables, settings.enrichment, settings.lookups, settings.folder
                    )
                    decide = await asyncio.to_thread(compile_pipeline, settings, tables)
                await tables.refresh(redis)
                for visitor in visitors:
                    await release(visitor, decide, appender, hold.seconds if hold else 0)
                count_problems(tally)
                await appender.flush_counts()
        except RedisError as error:
            log.warning("late consent waits for Redis: %s", type(error).__name__)
        except (EnrichmentMistakes, SchemaMistakes) as mistakes:
            log.error("late consent waits: %s", mistakes)
        await asyncio.sleep(LOOK_SECONDS)


async def release(
    visitor: Visitor,
    decide: Pipeline,
    appender: Appender,
    seconds: float,
    now: Callable[[], float] = time.time,
) -> bool:
    """Writes what `resolve` found; False when somebody else did, or the visitor has spoken anew."""
    events: Sequence[bytes] = visitor.events
    if not events:
        return False
    resolved = resolve(visitor, decide, seconds, now())
    taken = Release(visitor.name, events[0], len(resolved.decisions), resolved.due, visitor.said)
    return await appender.release(resolved.decisions, resolved.destinations, taken)
