"""Events that share an id with another event: of the same visitor, order or user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from gateway.event import Event
from gateway.ledger.answers import Story
from gateway.ledger.digests import EventDigests
from gateway.ledger.reading import LedgerReader
from gateway.ledger.tables import lookups
from gateway.queue.receipts import day_of, received_at

MAX_RELATED = 20

_FIELDS = {
    "event id": "event_id",
    "order": "transaction_id",
    "visitor": "client_id",
    "user": "user_id",
    "e-mail or phone": "user_data",
}
SOME_ID = "id"
"""What is shared if no content of the event is stored."""


@dataclass(frozen=True, slots=True)
class Related:
    """A related event. shares: the ids in common, by their names in `_FIELDS`, or `SOME_ID`."""

    story: Story
    shares: Sequence[str]


def related(
    reader: LedgerReader, digests: EventDigests, receipt: str, limit: int = MAX_RELATED
) -> list[Related]:
    """The newest events that share an id with the one that has this receipt, `limit` at most; empty
    if it is not stored."""
    story = reader.story(receipt)
    if story is None:
        return []
    if story.payload is None:
        kinds = [(SOME_ID, _stored_digests(reader, receipt))]
    else:
        kinds = [*digests_by_id(digests, story.payload)]
    found: dict[str, tuple[Story, list[str]]] = {}
    for kind, of_kind in kinds:
        for each in reader.stories(of_kind, limit + 1) if of_kind else ():
            if each.receipt != receipt:
                shares = found.setdefault(each.receipt, (each, []))[1]
                shares += [] if kind in shares else [kind]
    newest = sorted(found, reverse=True)[:limit]
    return [Related(*found[each]) for each in newest]


def digests_by_id(digests: EventDigests, event: Event) -> Iterator[tuple[str, Sequence[str]]]:
    """The ids that an event has, each with the digests of other events that have it."""
    for kind, name in _FIELDS.items():
        if name in event and (of_id := digests.with_earlier({name: event[name]})):
            yield kind, of_id


def _stored_digests(reader: LedgerReader, receipt: str) -> Sequence[str]:
    """The digests of an event. They are not indexed by event, so those of its hour are searched."""
    hour = int(received_at(receipt) // 3600) % 24
    wanted = select(lookups.c.digest).where(
        lookups.c.hour == hour, lookups.c.receipt == bytes.fromhex(receipt)
    )
    with reader.reading.open_day(day_of(receipt)) as file:
        return [digest.hex() for digest in file.execute(wanted).scalars()] if file else []
