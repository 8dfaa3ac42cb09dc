"""The ledger's answers about events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row

from gateway.event import Event
from gateway.pipeline.changed import Changed
from gateway.queue.fates import SUBMITTED, SUBMITTED_WORDS


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that did not end an event. at: Unix seconds. tries: the number of attempts until
    then. status: of the response, None without one."""

    at: float
    tries: int
    status: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How an event ended at one destination.

    ending: delivered, ``delivered with warnings``, withheld, rejected, expired, repeated or ``dry
    run``; pending, held or submitted if it has not ended. stage: the stage of the pipeline that
    withheld it. reason: of the ending, with the warnings. at: Unix seconds. tries: how often it was
    sent. status: of the last response. version: of the configuration that decided or sent it.
    """

    destination: str
    passage: int
    ending: str
    stage: str = ""
    reason: str = ""
    at: float | None = None
    tries: int = 0
    status: int | None = None
    version: str = ""
    attempts: Sequence[Attempt] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """An event and what happened to it.

    receipt: its name in the ledger. at: Unix seconds at which it came in. consent: each type's
    state, and who decided it. payload: the content that its destinations were allowed to have, None
    if it is not kept. applied: names of the rules that were met, including those of destinations.
    changed: which fields were changed, None if that is not kept.
    """

    receipt: str
    at: float
    name: str
    source: str
    trusted: bool
    version: str
    consent: str
    payload: Event | None
    endings: Sequence[Ending]
    applied: Sequence[str] = ()
    changed: Changed | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One ending in a list, with its event. receipt, name, source, trusted, payload: as in `Story`.
    received_at: Unix seconds."""

    receipt: str
    name: str
    source: str
    trusted: bool
    received_at: float
    payload: Event | None
    ending: Ending


@dataclass(frozen=True, slots=True)
class Wanted:
    """Selects endings. A field that is None or empty matches all.

    reason: a part of it, in upper or lower case. digests: of an id, as `EventDigests.of_text` makes
    them; the event has at least one of them. since, until: Unix seconds between which the event
    came in, both included. where: dotted paths of fields of the event's content, with their values
    as text. ended_since: the event ended at this time (Unix seconds) or later.
    """

    destination: str | None = None
    ending: str | None = None
    reason: str | None = None
    event_name: str | None = None
    source: str | None = None
    digests: Sequence[str] = ()
    since: float | None = None
    until: float | None = None
    where: Sequence[tuple[str, str]] = ()
    ended_since: float | None = None


def story(event: Row[Any], ended: Sequence[Row[Any]], tried: Sequence[Row[Any]]) -> Story:
    """The story of an event, from its row and the rows of its endings and attempts."""
    attempts: dict[tuple[str, int], list[Attempt]] = {}
    for row in tried:
        made = Attempt(row.at, row.tries, row.status, row.reason)
        attempts.setdefault((row.destination, row.passage), []).append(made)
    told = [_ending(row, row.at, attempts.pop((row.destination, row.passage), ())) for row in ended]
    passages = {(each.destination, each.passage) for each in told}
    for name, text in orjson.loads(event.going_to).items():
        state, passage = going(text)
        if (name, passage) not in passages:
            made_so_far = attempts.pop((name, passage), ())
            state_now = "held" if state == "held" else _state_of(made_so_far)
            told.append(Ending(name, passage, state_now, attempts=made_so_far))
    origin = orjson.loads(event.origin or "{}")
    for (name, passage), tried_so_far in attempts.items():  # sent again and not ended yet
        told.append(Ending(name, passage, _state_of(tried_so_far), attempts=tried_so_far))
    return Story(
        event.receipt.hex(),
        event.at,
        event.name,
        event.source,
        bool(event.trusted),
        event.version,
        event.consent,
        _payload(event),
        sorted(told, key=lambda each: (each.destination, each.passage)),
        [*origin.get("applied", ())],
        origin.get("changed"),
    )


def _state_of(attempts: Sequence[Attempt]) -> str:
    """The state of an event that has not ended."""
    last = max(attempts, key=lambda each: each.at, default=None)
    return SUBMITTED if last and last.reason.startswith(SUBMITTED_WORDS) else "pending"


def going(text: str) -> tuple[str, int]:
    """The decision, ``send`` or ``held``, and the passage. text: such as ``send/2``."""
    state, _, passage = text.partition("/")
    return state, int(passage or 1)


def listed(row: Row[Any]) -> Listed:
    """A listed ending, from a row that `gateway.ledger.queries.listing` selects."""
    ending = _ending(row, row.at, ())
    return Listed(
        row.receipt.hex(),
        row.name,
        row.source,
        bool(row.trusted),
        row.received_at,
        _payload(row),
        ending,
    )


def _ending(row: Row[Any], at: float, attempts: Sequence[Attempt]) -> Ending:
    return Ending(
        row.destination,
        row.passage,
        row.ending,
        row.stage,
        row.reason,
        at,
        row.tries,
        row.status,
        row.version,
        attempts,
    )


def _payload(row: Row[Any]) -> Event | None:
    payload: Event | None = None if row.payload is None else orjson.loads(row.payload)
    return payload
