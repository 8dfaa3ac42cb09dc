"""Receipts: the name of an accepted event in the ledger, which also tells when it came in."""

from __future__ import annotations

import re
import secrets
from datetime import date
from functools import lru_cache

_TIME_DIGITS = 12
RECEIPT = re.compile(r"[0-9a-f]{28}")
RECEIPT_BYTES = 14

MINUTES_OF_DAY = 1440
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
YEAR_10000 = 253_402_300_800
"""Unix seconds. No event can come in then or later."""

_LAST_MS = 1000 * YEAR_10000 - 1


def new_receipt(received_at: float) -> str:
    """28 hex digits: the millisecond of `received_at` (Unix seconds), then 64 random bits.

    Receipts sort by time. No two events have the same receipt, even if they have the same event id.
    """
    return f"{int(1000 * received_at):0{_TIME_DIGITS}x}{secrets.token_hex(8)}"


def is_receipt(text: str) -> bool:
    """Whether an event could have this receipt."""
    return bool(RECEIPT.fullmatch(text)) and received_at(text) < YEAR_10000


def received_at(receipt: str) -> float:
    """When the event of `receipt` came in, in Unix seconds, to the millisecond."""
    return int(receipt[:_TIME_DIGITS], 16) / 1000


def first_receipt(at: float) -> str:
    """The lowest possible receipt of an event that came in at `at` (Unix seconds) or later."""
    milliseconds = int(1000 * at) if 0 <= at < YEAR_10000 else 0 if at < 0 else _LAST_MS
    return f"{milliseconds:0{_TIME_DIGITS}x}{'0' * 16}"


def day_of(receipt: str) -> str:
    """The UTC day on which the event of `receipt` came in, such as ``2026-11-30``. Raises
    ValueError for a receipt that no event can have."""
    return day_name(int(receipt[:_TIME_DIGITS], 16) // _DAY_MS)


def day_number(at: float) -> int:
    """The UTC day of `at` (Unix seconds), in days since 1970, as a receipt of this time has it. 0
    for a time at which no event can come in, which the gateway has not written."""
    return int(1000 * at) // _DAY_MS if 0 <= at < YEAR_10000 else 0


@lru_cache(maxsize=100)
def day_name(number: int) -> str:
    """A day since 1970, in the form of `day_of`."""
    return date.fromordinal(_EPOCH + number).isoformat()
