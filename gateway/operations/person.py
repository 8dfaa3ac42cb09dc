"""What is stored about the person behind an id: found in the ledger and in Redis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.event import Event
from gateway.ledger.answers import Story
from gateway.ledger.digests import EventDigests
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.place import ledger_of
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from gateway.ledger.sought import KINDS, Kind, Sought
from gateway.operations.catching_up import wait_until_stored
from gateway.queue.dead_letters import DeadLetter, dead_letters_of
from gateway.queue.entry import Entry
from gateway.queue.erasure import destinations_in_redis, pending_entries
from gateway.queue.keys import Keys
from gateway.queue.quarantine import quarantine_of
from gateway.queue.quarantined_event import Quarantined
from gateway.queue.submitted import submitted_of

NO_KEY = (
    "without a ledger, erased events are recognised by digests under a key that is made from "
    "server.hash_salt: set it, and start the gateway again"
)


@dataclass(slots=True)
class Found:
    """receipts: of the events in the ledger, by day. delivered: how many events each destination
    has, including those on which it gives its verdict later. pending, dead_letters: by destination.
    kinds: in how many records the id is that of a person, of an order or of an event. known: for
    how many records this is known. unknown: for how many records of the ledger it is not, because
    an earlier version stored them and their content is not kept."""

    receipts: dict[str, set[str]] = field(default_factory=dict)
    delivered: Counter[str] = field(default_factory=Counter)
    pending: dict[str, list[Entry]] = field(default_factory=dict)
    dead_letters: dict[str, list[DeadLetter]] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)
    kinds: Counter[Kind] = field(default_factory=Counter)
    known: int = 0
    unknown: int = 0

    @property
    def is_ambiguous(self) -> bool:
        """Whether the id is of different kinds in different records, such as that of a user and
        that of an order; these may be about two people."""
        return max(self.kinds.values(), default=0) < self.known

    @property
    def all_receipts(self) -> set[str]:
        return set().union(*self.receipts.values())

    def add_kinds(self, kinds: Collection[Kind]) -> None:
        """kinds: of the id in one record, empty if not known."""
        self.kinds.update(kinds)
        self.known += bool(kinds)

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
    """Finds what is stored about the person with the id that is sought.

    An event belongs to the person if it has the id itself, or if the ledger knows that it had the
    id when it came in, since the event for a destination often lacks it. If one kind of id is
    meant, an event that is known to have the id only as another kind does not belong to the person.
    """

    redis: Redis
    settings: Settings
    digests: EventDigests
    sought: Sought

    @property
    def keys(self) -> Keys:
        return Keys.of(self.settings)

    @property
    def ledger(self) -> LedgerFolder | LedgerDatabase | None:
        """The ledger, None if there is none."""
        return ledger_of(self.settings) if self.settings.has_ledger else None

    async def find(self) -> Found:
        """Raises `LedgerError`, sqlite3.Error, or what Redis raised."""
        found, known = Found(), dict[str, set[Kind]]()
        if self.ledger is not None:
            known = self._find_in_ledger(found, self.ledger)

        def is_theirs(event: Event, receipt: str) -> bool:
            kinds = self.sought.kinds_of(self.digests.of_event(event))
            if receipt not in known and kinds.isdisjoint(self.sought.kinds):
                return False
            found.add_kinds(kinds | known.get(receipt, set()))
            return True

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

    def _find_in_ledger(
        self, found: Found, ledger: LedgerFolder | LedgerDatabase
    ) -> dict[str, set[Kind]]:
        """Adds the events of the ledger to `found`. Returns their receipts, each with the kinds of
        the id in its event; an empty set where that is not known."""
        erasure, sought = ledger.to_erase(), self.sought
        known: dict[str, set[Kind]] = {}
        for kind in KINDS:
            if digests := sought.of(kind):
                for day, receipts in erasure.receipts_of(digests).items():
                    if kind in sought.kinds:
                        found.receipts.setdefault(day, set()).update(receipts)
                    for receipt in receipts:
                        known.setdefault(receipt, set()).add(kind)
        reader = LedgerReader(ledger)
        with reader.reading.held():
            for day, receipts in erasure.receipts_of(sought.earlier).items():
                for receipt in receipts - known.keys():
                    kinds = known[receipt] = self._kinds_in(reader.story(receipt))
                    if not kinds or not kinds.isdisjoint(sought.kinds):
                        found.receipts.setdefault(day, set()).add(receipt)
        for day, receipts in found.receipts.items():
            found.delivered += erasure.delivered_of(day, receipts)
        theirs = {receipt: known[receipt] for receipt in found.all_receipts}
        for kinds in theirs.values():
            found.add_kinds(kinds)
        found.unknown = sum(not kinds for kinds in theirs.values())
        return theirs

    def _kinds_in(self, story: Story | None) -> set[Kind]:
        if story is None or story.payload is None:
            return set()
        return self.sought.kinds_of(self.digests.of_event(story.payload))

    def stories(self, found: Found) -> list[Story]:
        """The events of the ledger that were found, newest first. Raises `LedgerError` or
        DBAPIError."""
        if self.ledger is None:
            return []
        reader = LedgerReader(self.ledger)
        with reader.reading.held():
            stories = map(reader.story, sorted(found.all_receipts, reverse=True))
            return [story for story in stories if story is not None]

    async def wait_for_ledger(self) -> None:
        """Returns once the ledger, if there is one, has stored all that has happened up to now.
        Raises `Stopped` when it does not."""
        if self.ledger is not None:
            await wait_until_stored(self.redis, self.settings)

    async def access(self, note: Callable[[Mapping[str, int]], None]) -> tuple[Found, list[Story]]:
        """Everything that is stored, in Redis and in the ledger. Before it is returned, `note` logs
        that someone reads it. Raises as `find`, `stories` and `wait_for_ledger` do."""
        await self.wait_for_ledger()
        found = await self.find()
        stories = self.stories(found)
        note(dict(found.counts()))
        return found, stories


def as_data(found: Found, stories: Sequence[Story]) -> dict[str, Any]:
    """What was found, as data for JSON."""
    return {
        "ledger": stories,
        "pending": {name: [*map(_pending, each)] for name, each in found.pending.items() if each},
        "dead_letters": {
            name: [asdict(letter) for letter in letters]
            for name, letters in found.dead_letters.items()
            if letters
        },
        "quarantine": [asdict(each) for each in found.quarantine],
    }


def _pending(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id.decode(),
        "event": entry.event,
        "source": entry.source,
        "received_at": entry.received_at,
        "receipt": entry.receipt,
    }
