"""The steps of an erasure.

    mark      tombstones: no drain sends these events any more, and the ledger stores none of them
    wait      until every drain knows, and the ledger has stored what came before
    remove    pending events, dead letters, quarantine; then the rows of the ledger
    rewrite   the files, because deleted data stays in them

Each step can be repeated, so an interrupted erasure can be run again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.delivery.erasures import BLIND_SECONDS
from gateway.delivery.planning import ERASED
from gateway.event.words import counted
from gateway.ledger.feeding import build_reporting
from gateway.ledger.sought import Sought
from gateway.operations.person import Found, Person
from gateway.operations.stopped import Stopped
from gateway.queue import dead_letters, quarantine
from gateway.queue.counting import BY_ERASURE
from gateway.queue.erasure import forget_recent, rewrite_files, withhold
from gateway.queue.tombstones import write_tombstones
from gateway.spool.appender import build_spool

MARGIN_SECONDS = 1.0
"""How much longer an erasure waits than a drain goes on that cannot look for tombstones."""

REWRITE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Erased:
    """records: how many were removed. beyond_reach: what may still hold some, in sentences without
    a full stop; they may repeat what others wrote."""

    records: int
    beyond_reach: list[str]


async def survey_erasure(person: Person) -> Found:
    """What an erasure would remove."""
    await person.wait_for_ledger()
    return await person.find()


async def erase(
    person: Person, found: Found, embedded: bool, note: Callable[[Mapping[str, int]], None]
) -> Erased:
    """Removes what `survey_erasure` found, and what has come since.

    embedded: whether Redis is the server of `gateway run`. note: writes to the operators' log what
    was found for removal, even if the removal is interrupted.
    """
    names = {*_tombstones(person.sought), *found.all_receipts}
    await write_tombstones(person.redis, person.keys, names, time.time())
    await asyncio.sleep(BLIND_SECONDS + MARGIN_SECONDS)
    await person.wait_for_ledger()
    removed = await person.find()
    counts = dict(removed.counts())
    try:
        await _remove(person, removed)
    finally:  # after an interruption, what was already removed cannot be found again
        note(counts)
    if embedded and not await rewrite_files(person.redis, REWRITE_SECONDS):
        raise Stopped(
            "the events are removed, but the append-only file of the embedded server was not "
            "written again; see valkey.log, and run the command again"
        )
    return Erased(sum(counts.values()), _beyond_reach(person, removed, embedded))


def _tombstones(sought: Sought) -> Sequence[str]:
    """The digests to mark. Those that an earlier version made are the same for all kinds of id, so
    they are left out when one kind is meant."""
    return sought.all if sought.only is None else sought.exact


async def _remove(person: Person, found: Found) -> None:
    redis, keys = person.redis, person.keys
    for name, entries in found.pending.items():
        if entries:
            reporting = build_reporting(person.settings, name)
            await withhold(redis, keys.destination(name), entries, BY_ERASURE, ERASED, reporting)
    for name, letters in found.dead_letters.items():
        if letters:
            of_name, ids = keys.destination(name), [letter.id for letter in letters]
            await dead_letters.drop(redis, of_name, ids)
    await quarantine.drop(redis, keys, [each.id for each in found.quarantine])
    await forget_recent(redis, keys)
    await person.wait_for_ledger()
    if person.ledger is not None:
        erasure = person.ledger.to_erase()
        for day, receipts in found.receipts.items():
            erasure.erase_day(day, receipts)


def _beyond_reach(person: Person, removed: Found, embedded: bool) -> list[str]:
    settings = person.settings
    lines = [
        f"{name} received {count} of these events; ask the vendor to erase them"
        for name, count in sorted(removed.delivered.items())
    ]
    if person.ledger is not None:
        days = settings.ledger.keep_days
        lines.append(f"deliveries more than {days} days ago are no longer recorded")
        if settings.ledger.successes != "all":
            lines.append(
                "what vendors got of events that no destination refused is not known: the ledger "
                f"does not keep them all (ledger.successes: {settings.ledger.successes})"
            )
    else:
        lines.append("what vendors got is not known, since there is no ledger")
    lines.append("a request that was under way may still have reached its vendor")
    if removed.unknown and person.sought.only is not None:
        lines.append(
            f"{counted(removed.unknown, 'event')} of the ledger had this id, but not recorded as "
            "the id of what: an earlier version stored them without content. They are erased, too"
        )
    if settings.consent.hold is not None:
        lines.append(
            "events that wait for consent are encrypted; they end within "
            f"{settings.consent.hold.seconds} s, or are withheld when they are released"
        )
    spool = build_spool(settings)
    if spool is not None and spool.has_files:
        lines.append(
            f"events wait in {spool.folder} for Redis; those of this person are withheld when they "
            "get there. Run this command again when the spool is empty"
        )
    if settings.ledger.url is not None:
        lines.append("the write-ahead log of PostgreSQL, its archive and its backups")
    if not embedded:
        lines.append(
            "the files of the Redis server: have it rewrite them, with aof-use-rdb-preamble no"
        )
    lines.append("backups and copies of the data folder, and logs of proxies and vendors")
    return lines
