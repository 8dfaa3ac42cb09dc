"""Searches page by page: a page takes a bounded time, however rare the wanted endings are.

If a filter has to look at many rows, the page ends early and says how far back it has looked. The
next page continues there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.ledger.answers import Listed, Wanted, listed
from gateway.ledger.queries import Position, end_of_slice, listing
from gateway.ledger.reading import LedgerReader
from gateway.queue.receipts import RECEIPT, day_of, received_at

SLICE = 5000
"""Number of rows that one query looks at."""
MAX_ROWS = 500_000
MAX_SECONDS = 0.5
"""The rows that a page looks at, and the time that it takes, before it ends early."""


@dataclass(frozen=True, slots=True)
class Page:
    """found: endings, those of the newest events first. next: the position after which the next
    page begins, "" if there is none. looked_since: if the page ended early, the time (Unix seconds)
    from which on it has looked at all events."""

    found: Sequence[Listed]
    next: str
    looked_since: float | None = None


def search(
    reader: LedgerReader,
    wanted: Wanted,
    after: str = "",
    limit: int = 50,
    seconds: float = MAX_SECONDS,
) -> Page:
    """A page of the wanted endings. after: `Page.next` of the previous page. seconds: after which
    the page ends early.

    Raises ValueError if `after` is not a position.
    """
    position = read_position(after) if after else None
    deadline, looked = time.monotonic() + seconds, 0
    found: list[Listed] = []
    for day in reversed(reader.days_between(wanted.since, wanted.until)):
        if position is not None and day > day_of(position.receipt.hex()):
            continue
        while True:
            with reader.reading.open_day(day) as file:
                if file is None:
                    break
                end = file.execute(end_of_slice(wanted, position, SLICE)).scalar()
                slice_of_page = listing(wanted, position, end or b"", limit + 1 - len(found))
                found += map(listed, file.execute(slice_of_page).all())
            if len(found) > limit:
                return Page(found[:limit], position_of(found[limit - 1]))
            if end is None:
                break
            position, looked = Position(end), looked + SLICE
            if looked >= MAX_ROWS or time.monotonic() >= deadline:
                return Page(found, end.hex(), received_at(end.hex()))
    return Page(found, "")


def position_of(last: Listed) -> str:
    """The position after `last`, for a URL."""
    return f"{last.receipt}.{last.ending.passage}.{last.ending.destination}"


def read_position(text: str) -> Position:
    """Reads what `position_of` wrote, or a receipt. Raises ValueError for anything else."""
    receipt, _, rest = text.partition(".")
    passage, _, destination = rest.partition(".")
    is_number = passage.isascii() and passage.isdecimal() and len(passage) < 10
    if not RECEIPT.fullmatch(receipt) or (rest and not (is_number and destination)):
        raise ValueError("not a position of the ledger's list")
    day_of(receipt)
    return Position(bytes.fromhex(receipt), destination, int(passage or 0))
