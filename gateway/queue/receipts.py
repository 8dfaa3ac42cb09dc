"""Receipts: the name of an accepted event in the ledger, which also tells when it came in."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

_TIME_DIGITS = 12
RECEIPT = re.compile(r"[0-9a-f]{28}")


def new_receipt(received_at: float) -> str:
    """28 hex digits: the millisecond of `received_at` (Unix seconds), then 64 random bits.

    Receipts sort by time. They are the same in no two events, also if the events have one id.
    """
    return f"{int(1000 * received_at):0{_TIME_DIGITS}x}{secrets.token_hex(8)}"


def received_at(receipt: str) -> float:
    """Unix seconds, to the millisecond."""
    return int(receipt[:_TIME_DIGITS], 16) / 1000


def day_of(receipt: str) -> str:
    """The UTC day of receipt, such as ``2026-11-30``."""
    return datetime.fromtimestamp(received_at(receipt), UTC).date().isoformat()
