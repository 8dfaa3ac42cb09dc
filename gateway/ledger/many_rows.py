"""Adds many rows to an SQLite file with one statement.

Passing the values of a row to SQLite costs more than inserting it. So each value that the rows have
in common is one parameter, and the differing values of all rows together are another. The statement
takes them apart: ``json_each`` returns a row for each element of a list, with its index as ``key``.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import orjson

from gateway.ledger.day_rows import Blob, EndedAlike
from gateway.ledger.sought import DIGEST_BYTES
from gateway.queue.receipts import RECEIPT_BYTES

_PAIR = DIGEST_BYTES + RECEIPT_BYTES
_LOOKUPS = f"""
INSERT OR IGNORE INTO lookups (hour, digest, receipt)
SELECT ?1, substr(?2, {_PAIR} * key + 1, {DIGEST_BYTES}),
  substr(?2, {_PAIR} * key + {DIGEST_BYTES + 1}, {RECEIPT_BYTES})
FROM json_each(?3)
"""
_ENDINGS = f"""
INSERT OR IGNORE INTO endings (receipt, destination, passage, ending, stage, reason, at, tries,
  status, version)
SELECT substr(?1, {RECEIPT_BYTES} * key + 1, {RECEIPT_BYTES}),
  ?3, ?4, ?5, ?6, ?7, value, ?8, ?9, ?10
FROM json_each(?2)
"""


def add_lookups(
    database: sqlite3.Connection, lookups: Iterable[tuple[int, Sequence[str], str]]
) -> None:
    """Adds `lookups` (see `gateway.ledger.day_rows.DayRows`) in the order in which they are stored,
    so that each page is visited once."""
    by_hour: defaultdict[int, list[str]] = defaultdict(list)
    for hour, digests, receipt in lookups:
        for digest in digests:
            by_hour[hour].append(digest + receipt)
    for hour, pairs in by_hour.items():
        pairs.sort()
        places = f"[0{',0' * (len(pairs) - 1)}]"
        database.execute(_LOOKUPS, (hour, bytearray.fromhex("".join(pairs)), places))


def add_endings(
    database: sqlite3.Connection,
    ended: Mapping[EndedAlike, tuple[Sequence[Blob], Sequence[float]]],
) -> None:
    """Adds the endings `ended` (see `gateway.ledger.day_rows.DayRows`)."""
    for alike, (receipts, times) in ended.items():
        told = bytearray().join(receipts), orjson.dumps(times).decode()
        database.execute(_ENDINGS, (*told, *alike))
