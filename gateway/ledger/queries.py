"""The queries for lists of endings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    or_,
    select,
    text,
    tuple_,
)

from gateway.ledger.answers import Wanted
from gateway.ledger.field_values import field_is
from gateway.ledger.tables import AT_ANY_HOUR, INDEXED, endings, events, lookups
from gateway.queue.receipts import first_receipt

PAGE = 500


_FIRST, _LAST = bytes(14), bytes([255]) * 14


LISTED = (
    *endings.c,
    events.c.name,
    events.c.source,
    events.c.trusted,
    events.c.at.label("received_at"),
    events.c.payload,
)
"""The columns that `gateway.ledger.answers.listed` takes."""


class Position(NamedTuple):
    """The position of an ending in a list; without a destination, of all endings of an event."""

    receipt: bytes
    destination: str = ""
    passage: int = 0


def listing(
    wanted: Wanted, after: Position | None, first: bytes = _FIRST, limit: int = 0
) -> Select[Any]:
    """Selects the wanted endings with their events, those of the newest events first.

    after: where the previous page ended. first: the receipt of the oldest event that may be listed.
    limit: maximum number, 0 for `PAGE`.
    """
    receipt = _receipt(wanted)
    bounds = _bounds(wanted, after, first)
    chosen = [endings.c.receipt == events.c.receipt, *conditions(wanted, bounds)]
    chosen.append(receipt.between(*bounds))
    if after is not None:
        rest = tuple_(endings.c.destination, endings.c.passage) > tuple_(*after[1:])
        same = and_(receipt == after.receipt, rest)
        older = receipt < after.receipt
        chosen.append(or_(older, same) if after.destination else older)
    return (
        select(*LISTED)
        .where(*chosen)
        .order_by(endings.c.receipt.desc(), endings.c.destination, endings.c.passage)
        .limit(limit or PAGE)
    )


def end_of_slice(wanted: Wanted, after: Position | None, rows: int) -> Select[Any]:
    """Selects the receipt at the end of the next `rows` rows that may have to be looked at to find
    the wanted endings; none if there are fewer rows."""
    of, receipt = endings.c.receipt, _receipt(wanted)
    chosen: list[ColumnElement[bool]] = []
    if wanted.digests:
        of = receipt = lookups.c.receipt
        chosen = [*has_digest(wanted.digests)]
    elif wanted.ending in INDEXED:
        chosen = [indexed(INDEXED[wanted.ending])]
    bounds = _bounds(wanted, after, _FIRST)
    found = select(of).where(receipt.between(*bounds), *chosen).order_by(of.desc())
    return found.offset(rows).limit(1)


def _receipt(wanted: Wanted) -> ColumnElement[bytes]:
    """The receipt of an ending. If an index finds the wanted endings, the database must not use a
    range of receipts in its place."""
    return unranged(endings.c.receipt) if wanted.ending in INDEXED else endings.c.receipt


def unranged(receipt: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """The same value, in a form by which no database looks up rows."""
    return func.coalesce(receipt, _FIRST)


def indexed(condition: str) -> ColumnElement[bool]:
    """The condition of an index of `endings`, word for word, so that the index is used. A column
    expression would become ``... = 1`` in SQLite."""
    return cast("ColumnElement[bool]", text(f"endings.{condition}"))


def has_digest(digests: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    """The conditions for lookups with one of `digests`."""
    yield lookups.c.digest.in_([*map(bytes.fromhex, digests)])
    yield cast("ColumnElement[bool]", text(AT_ANY_HOUR))


def _bounds(wanted: Wanted, after: Position | None, first: bytes) -> tuple[bytes, bytes]:
    """The receipts of the oldest and of the newest event that may be listed."""
    last = _LAST if after is None else after.receipt
    if wanted.since is not None:
        first = max(first, bytes.fromhex(first_receipt(wanted.since)))
    if wanted.until is not None:
        last = min(last, bytes.fromhex(first_receipt(wanted.until + 0.001)))
    return first, last


def conditions(
    wanted: Wanted, bounds: tuple[bytes, bytes] = (_FIRST, _LAST)
) -> Iterator[ColumnElement[bool]]:
    """The conditions of `wanted`. bounds: the receipts between which events with a digest are
    looked up, since many events may have it."""
    for column, value in (
        (endings.c.destination, wanted.destination),
        (endings.c.ending, wanted.ending),
        (events.c.name, wanted.event_name),
        (events.c.source, wanted.source),
    ):
        if value is not None:
            yield column == value
    if wanted.ending in INDEXED:
        yield indexed(INDEXED[wanted.ending])
    if wanted.reason is not None:
        yield endings.c.reason.icontains(wanted.reason, autoescape=True)
    if wanted.digests:
        of_digest = select(lookups.c.receipt).where(
            *has_digest(wanted.digests), lookups.c.receipt.between(*bounds)
        )
        yield events.c.receipt.in_(of_digest)
    if wanted.since is not None:
        yield events.c.at >= wanted.since
    if wanted.until is not None:
        yield events.c.at <= wanted.until
    if wanted.ended_since is not None:
        yield endings.c.at >= wanted.ended_since
    for path, value in wanted.where:
        yield field_is(path, value)
