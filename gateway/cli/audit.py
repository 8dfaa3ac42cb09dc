"""`gateway audit`: whether Redis and the ledger count the same."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, REDIS_URL, fail, load_in_force, with_redis
from gateway.cli.stored.options import JSON

if TYPE_CHECKING:
    from collections.abc import Collection

    from redis.asyncio import Redis

    from gateway.configuration.settings import Settings
    from gateway.ledger.reading import LedgerReader
    from gateway.ledger.totals import Ended, Totals
    from gateway.queue.feed import Feed
    from gateway.queue.snapshot import Snapshot

    Compared = tuple[Snapshot, Totals, Ended]

TRIES = 100
REST_SECONDS = 0.1

NOT_BEGUN = (
    "the ledger has not stored any records from this Redis yet; the log of `gateway run` or "
    "`gateway work` says why"
)
BUSY = (
    "the ledger changed each time it was read, so the counts cannot be compared; run the command "
    "again when fewer events come in"
)


@click.command()
@JSON
@CONFIG
@REDIS_URL
def audit(as_json: bool, config: Path, redis_url: str | None) -> None:
    """Compare what Redis counts, its streams, and the ledger, for every destination and day.

    Exits with status 1 if they do not balance, and says what differs. What Redis had counted before
    the ledger began is taken into account. Events count on the UTC day on which they came in; the
    last 35 days are compared.
    """
    from gateway.cli.audit_view import audit_data, print_audit
    from gateway.cli.ledger import with_ledger_of
    from gateway.event.text import json_text
    from gateway.ledger.balance import balances_of, daily_balances_of, dropped
    from gateway.queue.receipts import day_name, day_number

    settings = load_in_force(config).settings
    kept_since = time.time() - 86_400 * settings.ledger.counts_keep_days
    first = day_name(day_number(kept_since) + 1)

    def read(reader: LedgerReader, _: object) -> list[Compared]:
        return with_redis(settings, redis_url, lambda redis, _: _read(redis, settings, reader))

    compared = with_ledger_of(settings, read)
    balances = [balance for each in compared for balance in balances_of(*each)]
    balances.sort(key=lambda each: each.destination)
    days = [balance for each in compared for balance in daily_balances_of(*each, first)]
    days.sort(key=lambda each: each.destination)
    left_out = sum(dropped(snapshot, baseline) for snapshot, _, baseline in compared)
    waiting = sum(len(snapshot.records) for snapshot, _, _ in compared)
    if as_json:
        click.echo(json_text(audit_data(balances, days, left_out, waiting)))
    else:
        print_audit(balances, days, left_out, waiting)
    sys.exit(int(any(each.problems for each in (*balances, *days))))


async def _read(redis: Redis, settings: Settings, reader: LedgerReader) -> list[Compared]:
    """Returns, for each feed, what Redis and the ledger count, and the baseline."""
    from gateway.queue.feeds import Feeds
    from gateway.queue.keys import Keys

    feeds = await Feeds(redis, Keys.of(settings), settings.destinations).all()
    return [await compare(feed, settings.destinations, reader) for feed in feeds]


async def compare(feed: Feed, destinations: Collection[str], reader: LedgerReader) -> Compared:
    """Returns a snapshot of Redis, and the totals and baseline of the ledger at that moment. Takes
    the snapshot again if the ledger has counted later records by the time its totals are read.
    destinations: those in the configuration."""
    import asyncio  # here, since other commands do not need it

    from gateway.queue.counting import DAYS_KEPT
    from gateway.queue.snapshot import read_snapshot

    since = time.time() - 86_400 * (DAYS_KEPT + 1)
    snapshot = await read_snapshot(feed, destinations)
    if not (snapshot.feed and (baseline := reader.baseline(snapshot.feed))):
        fail(NOT_BEGUN, 1)

    def read_totals() -> Totals:
        return reader.totals(snapshot.feed, since).of(snapshot.counts)

    for _ in range(TRIES):
        before = read_totals()
        snapshot = await read_snapshot(feed, destinations)
        totals = read_totals()
        if totals == before or (totals.is_up_to(snapshot.newest) and totals == read_totals()):
            break
        await asyncio.sleep(REST_SECONDS)
    else:
        fail(BUSY, 1)
    return snapshot, totals, baseline
