"""The tables of the ledger.

A file of a day has

    events     one row for each event that came in: its traits, the destinations to which it goes
               or for which it is held, the content that a destination was allowed to have, and its
               origin: what else a replay needs
    lookups    the keyed digests by which an event is found, by the hour of the day (0 to 23) in
               which it came in: digests are random, but those of one hour fill few pages, so that a
               transaction writes few
    endings    one row for each event, destination and passage that has ended
    attempts   attempts that did not end an event
    minutes    how many events ended how, by the minute in which they came in
    hours      the same by the hour, and by each dimension
    progress   the last record of each feed that this file has stored

In SQLite the table `events` has a rowid, which is cheap for long rows that arrive in the order of
time: SQLite fills one page after the other. An earlier version made the table without rowid; all
statements work with both.

The failures of a day that is over have the same tables; those that count are empty.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from gateway.event.endings import WITH_WARNINGS

SCHEMA_VERSION = 2
"""Stored in SQLite as ``user_version``. A ledger of another version is not read."""

FAILED = "ending IN ('rejected', 'expired')"
WARNED = f"ending = '{WITH_WARNINGS}'"
INDEXED = {"rejected": FAILED, "expired": FAILED, WITH_WARNINGS: WARNED}
"""The conditions of the indexes by which rare endings are found, word for word."""
IS_DELIVERED = f"ending IN ('delivered', '{WITH_WARNINGS}')"
"""The condition for events that the vendor has."""

SUCCESSES = ("delivered", "dry run", "repeated")

AT_ANY_HOUR = f"hour IN ({', '.join(map(str, range(24)))})"
"""The condition with which the key of `lookups` can be used to look up a digest."""

EVENT_TABLES = ("lookups", "endings", "attempts", "events")
"""The tables about single events, which have their receipts."""

day = MetaData()

events = Table(
    "events",
    day,
    Column("receipt", LargeBinary, primary_key=True),
    Column("at", Float, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("trusted", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("consent", Text, nullable=False),
    Column("states", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("browser", Text, nullable=False),
    Column("going_to", Text, nullable=False),
    Column("origin", Text),
    Column("payload", Text),
)

lookups = Table(
    "lookups",
    day,
    Column("hour", Integer, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("receipt", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

endings = Table(
    "endings",
    day,
    Column("receipt", LargeBinary, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("passage", Integer, primary_key=True),
    Column("ending", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status", Integer),
    Column("version", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "failures",
    endings.c.receipt,
    sqlite_where=text(FAILED),
    postgresql_where=text(FAILED),
)
Index(
    "warnings",
    endings.c.receipt,
    sqlite_where=text(WARNED),
    postgresql_where=text(WARNED),
)

attempts = Table(
    "attempts",
    day,
    Column("receipt", LargeBinary, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("passage", Integer, primary_key=True),
    Column("at", Float, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

minutes = Table(
    "minutes",
    day,
    Column("minute", Integer, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("ending", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)


def _hours(tables: MetaData) -> Table:
    return Table(
        "hours",
        tables,
        Column("hour", Integer, primary_key=True),
        Column("dimension", Text, primary_key=True),
        Column("value", Text, primary_key=True),
        Column("destination", Text, primary_key=True),
        Column("ending", Text, primary_key=True),
        Column("number", Integer, nullable=False),
        sqlite_with_rowid=False,
    )


hours = _hours(day)


def _progress(tables: MetaData) -> Table:
    return Table(
        "progress",
        tables,
        Column("feed", Text, primary_key=True),
        Column("last_id", Text, nullable=False),
        sqlite_with_rowid=False,
    )


progress = _progress(day)

kept = MetaData()
"""The tables that outlive the days."""

kept_hours = _hours(kept)

rolled_up = Table(
    "rolled_up",
    kept,
    Column("day", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Days whose counts are in `kept_hours`."""

kept_totals = Table(
    "totals",
    kept,
    Column("destination", Text, primary_key=True),
    Column("ending", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""All counts of days that are over, including hours that are no longer kept."""

baselines = Table(
    "baselines",
    kept,
    Column("feed", Text, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("ending", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What Redis had counted when the ledger began on a feed; see `gateway.ledger.balance`."""

late_progress = _progress(kept)
"""The last record of each feed that was added late to days that were over; and under `feed_of_day`
the last record that a day had stored when it was removed."""


def feed_of_day(day: str, feed: str) -> str:
    return f"{day} {feed}"


configurations = Table(
    "configurations",
    kept,
    Column("version", Text, primary_key=True),
    Column("since", Float, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)
