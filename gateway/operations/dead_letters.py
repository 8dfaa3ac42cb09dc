"""The dead letters that an operation is about, and how they are presented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.event.reasons import common, short
from gateway.event.text import masked, printable, utc
from gateway.operations.stored import Presentation, Selection, Sheet, Store
from gateway.operations.targets import Target
from gateway.queue import dead_letters as queue
from gateway.queue.dead_letters import DeadLetter, dead_letters_of
from gateway.queue.keys import DestinationKeys, Keys
from gateway.queue.stored_events import Filter


def _kind(store: Store[DeadLetter], letter: DeadLetter) -> tuple[str, ...]:
    return store.name, letter.result, letter.event_name, common(store.mask(letter.reason))


def _row(store: Store[DeadLetter], letter: DeadLetter) -> tuple[str, ...]:
    reason = short(store.mask(letter.reason))
    return store.name, letter.event_name, letter.event_id, letter.result, reason


def _sheet(store: Store[DeadLetter], letter: DeadLetter) -> Sheet:
    """All details of `letter`, without the secrets of its destination."""
    response = letter.response
    sender = "a trusted sender" if letter.trusted else "an untrusted sender"
    facts = {
        "event": f"{letter.event_name} ({letter.event_id})",
        "reason": letter.reason,
        "answer": f"HTTP {response['status']}: {response['body']}" if response else "none",
        "ended": utc(letter.stored_at),
        "last attempt": f"{utc(letter.at)}, delivery no. {letter.deliveries}",
        "received": f"{utc(letter.received_at)} from {letter.source}, {sender}",
        "rules": ", ".join(letter.applied) or "none",
        "version": letter.version,
    }
    return Sheet(
        f"{store.name}: {letter.result} ({letter.id})",
        {name: store.mask(fact) for name, fact in facts.items()},
        masked(letter.event, store.mask),
    )


def _data(store: Store[DeadLetter], letter: DeadLetter) -> dict[str, Any]:
    return {"destination": store.name, **masked(asdict(letter), store.mask)}


DEAD_LETTERS = Presentation(
    noun="dead letter",
    where="",
    lacking="no dead letter has the event id or the id",
    others="replayed or dropped",
    kind_columns=("destination", "result", "event name", "reason"),
    kind=_kind,
    row_columns=("ended", "destination", "event name", "event id", "result", "reason"),
    row=_row,
    sheet=_sheet,
    data=_data,
)


@dataclass(frozen=True, slots=True)
class DeadLetters(Selection[DeadLetter]):
    """targets: the destinations of the stores, in their order."""

    settings: Settings
    keys: Keys
    targets: list[Target]

    @classmethod
    def of(
        cls,
        redis: Redis,
        settings: Settings,
        jobs_url: str,
        targets: list[Target],
        wanted: Filter,
        note: Callable[[int], None],
    ) -> DeadLetters:
        keys = Keys.of(settings)
        stores = [_store(keys.destination(target.name), target) for target in targets]
        return cls(redis, jobs_url, stores, wanted, DEAD_LETTERS, note, settings, keys, targets)


def _store(keys: DestinationKeys, target: Target) -> Store[DeadLetter]:
    return Store(
        dead_letters_of(keys),
        lambda redis, ids: queue.drop(redis, keys, ids),
        target.name,
        target.mask,
        partial(_removed, target.name) if target.removed else None,
    )


def _removed(name: str, count: int) -> str:
    return (
        f"{printable(name)} is no longer in the configuration: its {count} events can be shown and "
        "dropped, but not replayed. To replay them, configure a destination with this name first."
    )
