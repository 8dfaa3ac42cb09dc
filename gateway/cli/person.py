"""What is stored about the person behind an id: found in the ledger and in Redis."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError

from gateway.cli.options import fail, load_in_force, with_redis
from gateway.configuration.settings import Settings
from gateway.event import Event
from gateway.ledger.answers import Story
from gateway.ledger.digests import EventDigests
from gateway.ledger.errors import LedgerError
from gateway.ledger.feeding import build_digests
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.place import ledger_of
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from gateway.queue.dead_letters import DeadLetter, dead_letters_of
from gateway.queue.entry import Entry
from gateway.queue.erasure import destinations_in_redis, pending_entries
from gateway.queue.keys import Keys
from gateway.queue.quarantine import Quarantined, quarantine_of
from gateway.queue.submitted import submitted_of

NO_KEY = (
    "without a ledger, erased events are recognised by digests under a key that is made from "
    "server.hash_salt: set it, and start the gateway again"
)


@dataclass(slots=True)
class Found:
    """receipts: of the events in the ledger, by day. delivered: how many events each destination
    has got, also those on which it gives its verdict later. pending, dead_letters: by
    destination."""

    receipts: dict[str, set[str]] = field(default_factory=dict)
    delivered: Counter[str] = field(default_factory=Counter)
    pending: dict[str, list[Entry]] = field(default_factory=dict)
    dead_letters: dict[str, list[DeadLetter]] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)

    @property
    def all_receipts(self) -> set[str]:
        return set().union(*self.receipts.values())

    def counts(self) -> Iterator[tuple[str, int]]:
        """Where there are events, and how many."""
        yield "ledger", len(self.all_receipts)
        for name, entries in self.pending.items():
            yield f"pending, {name}", len(entries)
        for name, letters in self.dead_letters.items():
            yield f"dead letters, {name}", len(letters)
        yield "quarantine", len(self.quarantine)


@dataclass(frozen=True, slots=True)
class Person:
    """Finds what is stored about the person with the id `digest`.

    An event belongs to the person if it has the id itself, or if the ledger knows that it had the
    id when it came in: what a destination may have of it is often less.
    """

    redis: Redis
    settings: Settings
    digests: EventDigests
    digest: str

    @property
    def keys(self) -> Keys:
        return Keys.of(self.settings)

    @property
    def ledger(self) -> LedgerFolder | LedgerDatabase | None:
        """If there is one."""
        return ledger_of(self.settings) if self.settings.has_ledger else None

    async def find(self) -> Found:
        """Raises `LedgerError`, sqlite3.Error, or what Redis raised."""
        found, ledger = Found(), self.ledger
        if ledger is not None:
            erasure = ledger.to_erase()
            found.receipts = erasure.receipts_of(self.digest)
            for day, receipts in found.receipts.items():
                found.delivered += erasure.delivered_of(day, receipts)
        known = found.all_receipts

        def is_theirs(event: Event, receipt: str) -> bool:
            return receipt in known or self.digest in self.digests.of_event(event)

        for name in sorted(await destinations_in_redis(self.redis, self.keys)):
            of_name = self.keys.destination(name)
            found.pending[name] = [
                entry
                async for entry in pending_entries(self.redis, of_name)
                if is_theirs(entry.event, entry.receipt)
            ]
            ids = [entry.id for entry in found.pending[name]]
            if submitted := await submitted_of(self.redis, of_name, ids):
                found.delivered[name] += len(submitted)
            found.dead_letters[name] = [
                letter
                async for letter in dead_letters_of(of_name).find(self.redis)
                if is_theirs(letter.event, letter.receipt)
            ]
        found.quarantine = [
            each
            async for each in quarantine_of(self.keys).find(self.redis)
            if is_theirs(each.event, each.receipt)
        ]
        return found

    def stories(self) -> list[Story]:
        """All events of the ledger, newest first. Raises `LedgerError` or DBAPIError."""
        ledger = self.ledger
        return list(LedgerReader(ledger).stories(self.digest, sys.maxsize)) if ledger else []


def with_person(
    wanted: str,
    config: Path,
    redis_url: str | None,
    work: Callable[[Person], Coroutine[Any, Any, None]],
) -> None:
    """Does `work` on what the gateway that runs with the file `config` stores about the person with
    the id `wanted`. Ends the command where it cannot be read or written."""
    settings = load_in_force(config).settings
    try:
        digests = build_digests(settings) or fail(NO_KEY)

        async def act(redis: Redis, _: str) -> None:
            await work(Person(redis, settings, digests, digests.of_text(wanted)))

        with_redis(settings, redis_url, act)
    except (LedgerError, OSError) as error:
        fail(str(error), 1)
    except (sqlite3.Error, DBAPIError) as error:
        fail(f"the ledger cannot be read or written: {error}", 1)
