"""Many rows that one statement adds to an SQLite file."""

from __future__ import annotations

import sqlite3

from gateway.ledger.many_rows import add_lookups

A, B = "0a" * 12, "b0" * 12
ONE, TWO, THREE = "01" * 14, "02" * 14, "03" * 14


def test_each_digest_of_an_event_is_stored_with_its_receipt() -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE lookups (receipt BLOB, hour INTEGER, digest BLOB)")
    add_lookups(database, [(7, [B, A], TWO), (23, [A], ONE), (7, [A], ONE), (9, [], THREE)])
    stored = database.execute("SELECT hour, hex(digest), hex(receipt) FROM lookups ORDER BY rowid")
    assert {(hour, digest.lower(), receipt) for hour, digest, receipt in stored} == {
        (7, A, ONE),
        (7, A, TWO),
        (7, B, TWO),
        (23, A, ONE),
    }
