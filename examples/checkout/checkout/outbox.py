"""Events that wait in the shop's own database until the gateway has them."""

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from gateway_client import Client, NotAccepted

SCHEMA = """
    CREATE TABLE IF NOT EXISTS outbox (
        event_id TEXT PRIMARY KEY,
        event TEXT NOT NULL,
        taken_until REAL NOT NULL DEFAULT 0,
        refused TEXT
    )
"""

TAKEN_SECONDS = 120.0
"""Longer than a call of `Client.send`: if the process that took an event ends, another one sends it
after this time."""


def add(database: sqlite3.Connection, event: Mapping[str, Any]) -> None:
    """Writes `event` in the caller's transaction: it exists if, and only if, the order does."""
    row = (event["event_id"], json.dumps(event))
    database.execute("INSERT INTO outbox (event_id, event) VALUES (?, ?)", row)


def forward(database: sqlite3.Connection, client: Client) -> int:
    """Sends the events that no other process has taken; says how many the gateway accepted.

    Raises nothing if the gateway is away: its events are sent by a later call.
    """
    events = _take(database)
    failures = []
    try:
        client.send(events.values())
    except NotAccepted as error:
        failures = list(error.failures)
    accepted = events.keys() - {failure.event_id for failure in failures}
    with database:
        database.executemany(
            "DELETE FROM outbox WHERE event_id = ?", [(each,) for each in accepted]
        )
        for failure in failures:
            reason = failure.reason if failure.refused else None
            database.execute(
                "UPDATE outbox SET taken_until = 0, refused = ? WHERE event_id = ?",
                (reason, failure.event_id),
            )
    return len(accepted)


def _take(database: sqlite3.Connection) -> dict[str, Mapping[str, Any]]:
    """The oldest events that wait, by id. Two processes never take the same one."""
    now = time.time()
    with database:
        rows = database.execute(
            """
            UPDATE outbox SET taken_until = ? WHERE event_id IN (
                SELECT event_id FROM outbox
                WHERE taken_until < ? AND refused IS NULL ORDER BY rowid LIMIT 100
            ) RETURNING event_id, event
            """,
            (now + TAKEN_SECONDS, now),
        ).fetchall()
    return {event_id: json.loads(event) for event_id, event in rows}
