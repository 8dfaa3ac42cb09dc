"""What the rows of an event need that its records do not say each time."""

from __future__ import annotations

from typing import NamedTuple

from gateway.ledger.day_rows import DecidedAlike, Traits
from gateway.queue.receipts import MINUTES_OF_DAY, RECEIPT_BYTES, received_at


class Known(NamedTuple):
    """key: the receipt as it is stored. at, minute, day: at which the event came in, Unix seconds
    and since 1970. kind: what it is counted by."""

    key: bytearray
    at: float
    minute: int
    day: int
    kind: DecidedAlike

    @property
    def traits(self) -> Traits:
        return self.kind.traits


def known_event(receipt: object, kind: DecidedAlike) -> Known:
    """Raises ValueError for anything but a receipt."""
    if not (isinstance(receipt, str) and len(receipt) == 2 * RECEIPT_BYTES):
        raise ValueError("not a receipt")
    key = bytearray.fromhex(receipt)
    if len(key) != RECEIPT_BYTES:
        raise ValueError("not a receipt")
    at = received_at(receipt)
    minute = int(at // 60)
    return Known(key, at, minute, minute // MINUTES_OF_DAY, kind)
