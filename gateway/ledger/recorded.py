"""Events as a replay reads them from the ledger: what was stored of them, and how they last ended
at one destination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, or_, select

from gateway.event import Event, Received
from gateway.ledger.answers import Wanted, going
from gateway.ledger.content import is_whole
from gateway.ledger.queries import PAGE, conditions
from gateway.ledger.tables import endings, events

MISSING = "missing"
"""Stands for the ending of an event that was never decided for the destination, for example because
the destination was added later."""
PENDING = "pending"

NOT_KEPT = "its content was not stored"
REDACTED = "only a part of its content was stored (ledger.payload: redacted)"
EXCLUDED = "its sender excluded destinations, and which ones is not stored"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event and how it last ended at a destination.

    received_at: Unix seconds. consent: each type's state, and who decided it. states: by type.
    event: what was stored of its content, None for nothing. applied, visitors, stated: as in
    `gateway.queue.entry.Entry`. passage: the last one at the destination, 0 for none. ending: of
    that passage, or `MISSING` or `PENDING`. stage, reason: of the ending. excluded: whether its
    sender excluded destinations. unconfirmed: whether the destination refused the event or (on a
    cluster) the append failed there, so that the sender was told to repeat the event.
    """

    receipt: str
    received_at: float
    name: str
    source: str
    trusted: bool
    version: str
    consent: str
    states: dict[str, str]
    event: Event | None
    applied: Sequence[str]
    visitors: Sequence[str]
    stated: Sequence[str]
    passage: int
    ending: str
    stage: str
    reason: str
    excluded: bool
    unconfirmed: bool

    @property
    def is_whole(self) -> bool:
        """Whether its whole content was stored."""
        return is_whole(self.event)

    @property
    def lack(self) -> str:
        """Why not enough of it was stored to decide about it again, or ""."""
        if self.ending == MISSING and self.excluded:
            return EXCLUDED
        if self.event is None:
            return NOT_KEPT
        return "" if self.is_whole else REDACTED

    def as_received(self) -> tuple[Event, Received]:
        """The event with the recorded consent, and how it came in, for a new decision."""
        event = {**(self.event or {}), "consent": self.states}
        return event, Received(self.source, self.received_at, trusted=self.trusted)

    @property
    def happened_at(self) -> float:
        """When it happened, or when it was received if that is not known, in Unix seconds."""
        timestamp = (self.event or {}).get("timestamp")
        return timestamp if isinstance(timestamp, int | float) else self.received_at


def recorded_in(file: Connection, destination: str, wanted: Wanted) -> Iterator[Recorded]:
    """The wanted events of one day, oldest first. wanted: must not have conditions on endings, such
    as a destination, an ending or a reason."""
    after = b""
    while True:
        rows = file.execute(_page(wanted, after)).all()
        if rows:
            ended = file.execute(_endings(destination, rows[0].receipt, rows[-1].receipt)).all()
            excluded = {each.receipt for each in ended if each.stage == "integrations"}
            last: dict[bytes, Row[Any]] = {}
            for each in ended:
                if each.destination == destination:
                    last[each.receipt] = each  # by passage, so the last one stays
            for row in rows:
                found = last.get(row.receipt)
                yield _recorded(row, destination, found, row.receipt in excluded)
        if len(rows) < PAGE:
            return
        after = rows[-1].receipt


def recorded_event(
    file: Connection, receipt: str, destinations: Iterable[str]
) -> dict[str, Recorded]:
    """The event with this receipt, as each of `destinations` has it; empty if it is not stored."""
    key = bytes.fromhex(receipt)
    row = file.execute(select(events).where(events.c.receipt == key)).first()
    if row is None:
        return {}
    wanted = select(endings).where(endings.c.receipt == key).order_by(endings.c.passage)
    ended = file.execute(wanted).all()
    last = {each.destination: each for each in ended}
    excluded = any(each.stage == "integrations" for each in ended)
    return {name: _recorded(row, name, last.get(name), excluded) for name in destinations}


def _page(wanted: Wanted, after: bytes) -> Any:
    chosen = [events.c.receipt > after, *conditions(wanted)]
    return select(events).where(*chosen).order_by(events.c.receipt).limit(PAGE)


def _endings(destination: str, first: bytes, last: bytes) -> Any:
    return (
        select(endings)
        .where(
            endings.c.receipt.between(first, last),
            or_(endings.c.destination == destination, endings.c.stage == "integrations"),
        )
        .order_by(endings.c.receipt, endings.c.passage)
    )


def _recorded(row: Row[Any], destination: str, last: Row[Any] | None, excluded: bool) -> Recorded:
    ending, stage, reason, passage = MISSING, "", "", 0
    if last is not None:
        ending, stage, reason, passage = last.ending, last.stage, last.reason, last.passage
    going_to = orjson.loads(row.going_to)
    if destination in going_to and (sent := going(going_to[destination])[1]) > passage:
        ending, stage, reason, passage = PENDING, "", "", sent
    origin = orjson.loads(row.origin or "{}")
    told_to_repeat = {*origin.get("decided", ()), *origin.get("refused", ())}
    return Recorded(
        receipt=row.receipt.hex(),
        received_at=row.at,
        name=row.name,
        source=row.source,
        trusted=bool(row.trusted),
        version=row.version,
        consent=row.consent,
        states=orjson.loads(row.states),
        event=None if row.payload is None else orjson.loads(row.payload),
        applied=[*origin.get("applied", ())],
        visitors=[*origin.get("visitors", ())],
        stated=[*origin.get("stated", ())],
        passage=passage,
        ending=ending,
        stage=stage,
        reason=reason,
        excluded=excluded,
        unconfirmed=ending == MISSING and destination in told_to_repeat,
    )
