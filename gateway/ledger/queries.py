"""The query of a list of endings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)

from gateway.ledger.answers import Wanted
from gateway.ledger.field_values import field_is
from gateway.ledger.tables import INDEXED, endings, events

PAGE = 500


class Position(NamedTuple):
    """Of an ending in a list."""

    receipt: bytes
    destination: str
    passage: int


def listing(wanted: Wanted, after: Position | None) -> Select[Any]:
    """`PAGE` endings that are wanted, with their events, those of the newest events first.

    after: where the page before ended.
    """
    chosen = [endings.c.receipt == events.c.receipt, *conditions(wanted)]
    if after is not None:
        rest = tuple_(endings.c.destination, endings.c.passage) > tuple_(*after[1:])
        same = and_(endings.c.receipt == after.receipt, rest)
        chosen.append(or_(endings.c.receipt < after.receipt, same))
    of_event = (
        events.c.name,
        events.c.source,
        events.c.at.label("received_at"),
        events.c.payload,
    )
    return (
        select(endings, *of_event)
        .where(*chosen)
        .order_by(endings.c.receipt.desc(), endings.c.destination, endings.c.passage)
        .limit(PAGE)
    )


def conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (endings.c.destination, wanted.destination),
        (endings.c.ending, wanted.ending),
        (events.c.name, wanted.event_name),
        (events.c.source, wanted.source),
    ):
        if value is not None:
            yield column == value
    if wanted.ending in INDEXED:
        yield literal_column(f"endings.{INDEXED[wanted.ending]}", Boolean)  # the index's own
    if wanted.reason is not None:
        yield func.lower(endings.c.reason).contains(wanted.reason.lower(), autoescape=True)
    if wanted.since is not None:
        yield events.c.at >= wanted.since
    if wanted.until is not None:
        yield events.c.at <= wanted.until
    for path, value in wanted.where:
        yield field_is(path, value)
