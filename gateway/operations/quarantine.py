"""The events in quarantine that an operation is about, and how they are presented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.event.reasons import common, short
from gateway.event.text import utc
from gateway.operations.stored import Presentation, Selection, Sheet, Store
from gateway.queue import quarantine as queue
from gateway.queue.keys import Keys
from gateway.queue.quarantine import quarantine_of
from gateway.queue.quarantined_event import Quarantined
from gateway.queue.stored_events import Filter


def kind(stored: Quarantined, reason: str) -> tuple[str, ...]:
    """What events that are counted together have in common."""
    return stored.event_name, common(reason)


def _kind(_: Store[Quarantined], stored: Quarantined) -> tuple[str, ...]:
    return kind(stored, stored.reason)


def _row(_: Store[Quarantined], stored: Quarantined) -> tuple[str, ...]:
    return stored.source, stored.event_name, stored.event_id, short(stored.reason)


def _sheet(_: Store[Quarantined], stored: Quarantined) -> Sheet:
    facts = {
        "reason": stored.reason,
        "quarantined": utc(stored.stored_at),
        "received": f"{utc(stored.received_at)} from {stored.source}",
        "version": stored.version,
    }
    return Sheet(f"{stored.event_name} ({stored.event_id}), {stored.id}", facts, stored.event)


def _data(_: Store[Quarantined], stored: Quarantined) -> dict[str, Any]:
    return asdict(stored)


QUARANTINED = Presentation(
    noun="event",
    where="in quarantine",
    lacking="no event in quarantine has the id",
    others="released or dropped",
    kind_columns=("event name", "reason"),
    kind=_kind,
    row_columns=("quarantined", "source", "event name", "event id", "reason"),
    row=_row,
    sheet=_sheet,
    data=_data,
)


@dataclass(frozen=True, slots=True)
class InQuarantine(Selection[Quarantined]):
    """settings: those under which events are released."""

    settings: Settings

    @classmethod
    def of(
        cls,
        redis: Redis,
        jobs_url: str,
        settings: Settings,
        wanted: Filter,
        note: Callable[[int], None],
    ) -> InQuarantine:
        keys = Keys.of(settings)
        store = Store(quarantine_of(keys), lambda redis, ids: queue.drop(redis, keys, ids))
        return cls(redis, jobs_url, [store], wanted, QUARANTINED, note, settings)
