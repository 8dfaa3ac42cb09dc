"""The feed of the ledger: a stream of what was decided about events and how they ended.

`append.lua` and `settle.lua` add to it in the same step in which they change streams and counts, so
that it cannot disagree with them. `gateway.ledger` stores its records and takes them off.
`gateway.queue.feeds` says how many feeds there are.

A record has one of these fields, and others that belong to it:

    d   a decision, as `Decided.encode` writes it. With it `e` and a number, for each form in which
        destinations got the event: the stream entry of the first form, and entries with what
        further forms add to it; `r`, the names of destinations that had the event already; `u`
        when the event could not be held, since too many were; `n`, in the feed of a destination,
        its name: the record is only about this destination, since the others have their own.
    s   what became of entries of one destination, as `gateway.queue.fates.encode_fates` writes it.
        With it `o`, the ids of the entries that another step had ended before, if there are any.
        An earlier version wrote `a` instead, the ids of the entries that ended in this step.
    w   held events that ended without an answer, as `encode_unanswered` writes it.
    p   events that were put into the stream of a destination again, as `encode_replay` writes it.
        With it `a`, the receipt and passage of each, such as ``<receipt>/2``.

In `s` and `p`, ``again`` marks events that the same step counted as in a later passage; an earlier
version did not count these. For a decision, the passage says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import orjson
from redis.asyncio import Redis

from gateway.event import Event
from gateway.pipeline.changed import Changed, changed_fields
from gateway.pipeline.decision import Decision
from gateway.queue.keys import Keys
from gateway.queue.scripts import script
from gateway.queue.tombstones import Tombstones, read_tombstones

READ = 2000
"""Maximum number of records that are read at once."""

MAX_PAGE = 500
"""Maximum number of records in a page of `Feed.pages`: Redis does nothing else while it sends
one."""

PAGE_BYTES = 1_000_000

MAX_REASON = 500
"""Maximum length of a stored reason of a verdict: it may name fields that a stranger chose, and
PostgreSQL indexes at most 2,700 bytes."""

MAX_TEXT = 100
"""Maximum length of a country and of a browser: a stranger may have chosen these too."""

Digests = Callable[[Event], Sequence[str]]
"""Computes the lookup digests of an event: keyed digests of its ids."""


_BETWEEN = b"\t"
"""Separates the parts of a decision. It occurs in no JSON, and a line of the spool may have it."""


class Decided(NamedTuple):
    """The content of a decision's record. Of the event it has only the name, the digests, the
    country, the browser, the consent that was decided, and names of changed fields.

    passage: 1 for an event that comes in, one more each time that it is sent again. was_held:
    whether it was held, and so accepted before. at: Unix seconds. states: by consent type. consent:
    each type's state, and who decided it. verdicts: for each destination the decision, the stage
    and the reason, as in `gateway.pipeline.decision.Verdict`. changed: the names of the fields that
    were changed, if a destination gets the event; None if they are not known. refused: further
    destinations, which get the event only when its sender repeats it.
    """

    receipt: str
    passage: int
    was_held: bool
    at: float
    source: str
    trusted: bool
    version: str
    name: str
    digests: list[str]
    states: dict[str, str]
    consent: str
    country: str
    browser: str
    verdicts: dict[str, Sequence[str]]
    changed: Changed | None = None
    refused: Sequence[str] = ()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Reads what `encode` wrote. Raises TypeError or ValueError for anything else."""
        (*own, digests), shared = read_parts(data)
        read = orjson.loads(shared)
        parts = [*own, *read[:4], digests.split(), *read[4:]]
        return cls(*parts)

    def encode(self) -> bytes:
        """Encodes it without names, since there are many records and they are kept in memory; in
        two parts: what is particular to this event, and what many events share. The shared part
        need not be parsed each time. Without `refused` an earlier version can read it."""
        told = self if self.refused else self[:-1]
        receipt, passage, was_held, at, source, trusted, version, name, digests, *rest = told
        own = receipt, passage, was_held, at, " ".join(digests)
        return orjson.dumps(own) + _BETWEEN + orjson.dumps((source, trusted, version, name, *rest))


def read_parts(data: bytes) -> tuple[list[Any], bytes]:
    """Divides what `Decided.encode` wrote into what is particular to the event (the receipt, the
    passage, `was_held`, the time, and the digests in one text), parsed, and what many events share,
    unparsed. Raises TypeError or ValueError for what the gateway has not written."""
    own, _, shared = data.partition(_BETWEEN)
    if shared:
        return orjson.loads(own), shared
    # an earlier version wrote a single part
    earlier = Decided(*orjson.loads(data))
    own, _, shared = earlier.encode().partition(_BETWEEN)
    return orjson.loads(own), shared


@dataclass(frozen=True, slots=True)
class Feeding:
    """How a process writes to the feed. most: bytes that the feed may hold before records lose
    their detail. digests: computes the lookup digests of an event and of the forms that
    destinations may have. has_content: whether the ledger stores the whole content of events."""

    most: int
    digests: Callable[[Event, Iterable[Event]], list[str]]
    has_content: bool = True

    def encode(self, decision: Decision, receipt: str, passage: int) -> bytes:
        """The record of `decision`."""
        event = decision.event
        forms: dict[int, Event] = {}
        verdicts: dict[str, Sequence[str]] = {}
        for name, verdict in decision.verdicts.items():
            if (form := verdict.event) is None:
                verdicts[name] = verdict.decision, verdict.stage, verdict.reason[:MAX_REASON]
            else:
                forms[id(form)] = form
                verdicts[name] = "send", verdict.stage, verdict.reason[:MAX_REASON]
        return Decided(
            receipt,
            passage,
            bool(decision.receipt) and passage == 1,
            decision.received_at,
            decision.source,
            decision.trusted,
            decision.version,
            event["event_name"],
            self.digests(event, forms.values()),
            event.get("consent", {}),
            decision.consent_words,
            _text(event.get("event_location"), "country"),
            _text(event.get("device"), "browser"),
            verdicts,
            changed_fields(decision) if forms and self.has_content else None,
            decision.refused,
        ).encode()


def encode_unanswered(ended: Iterable[tuple[str, Sequence[str]]], reason: str, at: float) -> bytes:
    """The record of held events that ended without an answer; empty if there is nothing to report.
    ended: the receipt of each event, with the destinations for which it was held. An event that an
    earlier version held has no receipt, and is left out."""
    known = [(receipt, names) for receipt, names in ended if receipt]
    return orjson.dumps({"ended": known, "reason": reason, "at": at}) if known else b""


def encode_replay(destination: str) -> bytes:
    return orjson.dumps({"destination": destination, "again": True})


class FeedRecord(NamedTuple):
    """A record as stored in Redis. size: bytes, as the scripts count them."""

    id: str
    fields: Mapping[str, bytes]
    payloads: Sequence[bytes]
    size: int


def id_key(record_id: str) -> tuple[int, int]:
    """The sort key of record ids."""
    milliseconds, _, number = record_id.partition("-")
    return int(milliseconds), int(number)


class Feed:
    """A feed, as the process that stores it uses it.

    destination: the one that it belongs to, "" for the gateway's own feed.
    """

    def __init__(self, redis: Redis, keys: Keys, destination: str = "") -> None:
        self.redis = redis
        self.keys = keys
        self.destination = destination
        self._of = keys.feed_of(destination)
        self._take_off = redis.register_script(script("take_off_feed"))

    async def name(self, proposed: str) -> str:
        """The name of this feed, which its record ids belong to: another Redis, or one that lost
        its data, has another name. proposed: becomes the name if there is none."""
        await self.redis.set(self._of.name, proposed, nx=True)
        name: Any = await self.redis.get(self._of.name)
        return str(name.decode())

    async def has_name(self, name: str) -> bool:
        """Whether this feed still has this name."""
        return bool(await self.redis.get(self._of.name) == name.encode())

    async def read(self, after: str, block_ms: int | None) -> list[FeedRecord]:
        """Up to `READ` records after the id `after`, waiting up to `block_ms` for one. Records of
        erased persons are returned without content and digests."""
        read: Any = await self.redis.xread({self._of.stream: after}, READ, block_ms)
        if not read:
            return []
        tombstones = await read_tombstones(self.redis, self.keys)
        records = [record_of(entry_id, flat) for entry_id, flat in read[0][1]]
        return [_without_erased(each, tombstones) for each in records] if tombstones else records

    async def pages(self, last: str) -> AsyncIterator[list[FeedRecord]]:
        """The records up to the id `last`, oldest first; none if `last` is empty. A page has up to
        `MAX_PAGE` records, fewer if records as large as in the previous page would exceed
        `PAGE_BYTES`."""
        first, count = "-", 1
        while last:
            rows: Any = await self.redis.xrange(self._of.stream, first, last, count)
            if not rows:
                return
            page = [record_of(*row) for row in rows]
            yield page
            first = f"({page[-1].id}"
            mean = max(1, sum(record.size for record in page) // len(page))
            count = max(1, min(MAX_PAGE, PAGE_BYTES // mean))

    async def newest_id(self) -> str | None:
        """The id of the newest record, None if there is none."""
        rows: Any = await self.redis.xrevrange(self._of.stream, count=1)
        return rows[0][0].decode() if rows else None

    async def has_before(self, record_id: str) -> bool:
        """Whether the feed has this record or an older one."""
        return bool(await self.redis.xrange(self._of.stream, "-", record_id, 1))

    async def take_off(self, records: Sequence[FeedRecord], left_out: int = 0) -> None:
        """Removes `records`, the oldest of the feed. left_out: how many of them the ledger could
        not store; they are counted as dropped."""
        milliseconds, _, number = records[-1].id.partition("-")
        first_left = f"{milliseconds}-{int(number) + 1}"
        sizes = [record.size for record in records]
        await self._take_off([self._of.stream, self._of.counts], [first_left, left_out, *sizes])

    async def forget(self, until: float) -> int:
        """Removes all records that were added up to `until` (Unix seconds) without storing them,
        and counts them as dropped. Returns how many there were."""
        count, last = 0, str(int(1000 * until))
        while True:
            rows: Any = await self.redis.xrange(self._of.stream, "-", last, READ)
            if not rows:
                return count
            await self.take_off([record_of(*row) for row in rows], len(rows))
            count += len(rows)


def record_of(entry_id: bytes, fields: Mapping[bytes, bytes]) -> FeedRecord:
    """A record as Redis gives it."""
    named: dict[str, bytes] = {}
    payloads: list[bytes] = []
    size = 0
    for name, value in fields.items():
        size += len(name) + len(value)
        if name.startswith(b"e"):
            payloads.append(value)
        else:
            named[name.decode()] = value
    return FeedRecord(entry_id.decode(), named, payloads, size)


def _without_erased(record: FeedRecord, tombstones: Tombstones) -> FeedRecord:
    """`record`; if its event belongs to an erased person, without content and digests: it is still
    counted, but cannot be found by an id."""
    if "d" not in record.fields:
        return record
    try:
        read = Decided.read(record.fields["d"])
        if not tombstones.cover((read.receipt, *read.digests), read.at):
            return record
    except (TypeError, ValueError):  # the writer logs that it cannot be read
        return record
    fields = {**record.fields, "d": read._replace(digests=[], changed=None).encode()}
    return record._replace(fields=fields, payloads=())


def _text(value: object, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found[:MAX_TEXT] if isinstance(found, str) else ""
