"""What the rows of an event need but not all of its records contain."""

from __future__ import annotations

from typing import NamedTuple

from gateway.ledger.day_rows import DecidedAlike, Traits
from gateway.queue.receipts import MINUTES_OF_DAY, RECEIPT_BYTES, received_at


class Known(NamedTuple):
    """An event with a receipt. key: the receipt as it is stored. at, minute, day: when the event
    came in, in Unix seconds, minutes and days since 1970. kind: by which it is counted."""

    key: bytearray
    at: float
    minute: int
    day: int
    kind: DecidedAlike

    @property
    def traits(self) -> Traits:
        return self.kind.traits


def known_event(receipt: object, kind: DecidedAlike) -> Known:
    """The event with this receipt. Raises ValueError for anything but a receipt."""
    if not (isinstance(receipt, str) and len(receipt) == 2 * RECEIPT_BYTES):
        raise ValueError("not a receipt")
    key = bytearray.fromhex(receipt)
    if len(key) != RECEIPT_BYTES:
        raise ValueError("not a receipt")
    at = received_at(receipt)
    minute = int(at // 60)
    return Known(key, at, minute, minute // MINUTES_OF_DAY, kind)
