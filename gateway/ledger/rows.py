"""Turns records of the feed into rows of the ledger. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from itertools import compress, repeat
from operator import attrgetter, sub
from typing import Any

import orjson

from gateway.configuration.ledger import Payload
from gateway.event.endings import DELIVERIES
from gateway.ledger.content import content_of, with_changed, with_decided, with_refused
from gateway.ledger.counted_reasons import counted_reason
from gateway.ledger.day_rows import (
    NONE,
    NOTHING_KNOWN,
    RECEIVED,
    DayRows,
    DecidedAlike,
    EndedAlike,
    Traits,
)
from gateway.ledger.decided_kinds import DecidedKind, going, going_to, kind_of
from gateway.ledger.delays import bucket_of
from gateway.ledger.known_events import Known, known_event
from gateway.ledger.sought import DIGEST_BYTES
from gateway.queue.counting import AGAIN
from gateway.queue.fates import Alike, read_fates
from gateway.queue.feed import FeedRecord, read_parts
from gateway.queue.receipts import day_name

TOO_MANY = "too many events of this page wait for an answer"
HAD_IT = "the destination took an event with this id before"

_CHANGING = frozenset("nru")
"""Record fields that modify a decision's verdicts."""
_UNKNOWN = DecidedAlike(NOTHING_KNOWN, ())
_DIGEST_DIGITS = {2 * DIGEST_BYTES}
_KEY, _AT, _DAY = attrgetter("key"), attrgetter("at"), attrgetter("day")
_COUNTED_BY = attrgetter("minute", "kind")


class RowMaker:
    """Makes the rows of a batch of records.

    traits_of: returns the traits of a stored event by its receipt, None if it is not known. has:
    whether a day has stored a record, by the day and the record's id. known: events of earlier
    batches, by receipt; the events of this batch are added.
    """

    def __init__(
        self,
        payload: Payload,
        traits_of: Callable[[str], Traits | None],
        has: Callable[[str, str], bool],
        known: MutableMapping[str, Known] | None = None,
    ) -> None:
        self._payload = payload
        self._traits_of = traits_of
        self._has = has
        self._known: MutableMapping[str, Known] = {} if known is None else known
        self._record_id = ""
        self._days: dict[int, DayRows] = {}

    @property
    def days(self) -> dict[str, DayRows]:
        """The rows made so far, by day."""
        for rows in self._days.values():
            rows.count()
        return {day_name(number): rows for number, rows in self._days.items()}

    def add(self, record: FeedRecord) -> None:
        """Adds the rows of `record`. Records must be added in the order of their ids. Raises
        KeyError, TypeError or ValueError for what the gateway has not written."""
        fields, self._record_id = record.fields, record.id
        if "d" in fields:
            self._add_decision(fields, record.payloads)
        elif "s" in fields:
            self._add_fates(fields)
        elif "p" in fields:
            self._add_replay(orjson.loads(fields["p"]), fields["a"].decode().split())
        else:
            self._add_unanswered(orjson.loads(fields["w"]))

    def _add_decision(self, fields: Mapping[str, bytes], payloads: Sequence[bytes]) -> None:
        (receipt, passage, was_held, at, digests), shared = read_parts(fields["d"])
        kind = kind_of(shared)
        event = known_event(receipt, kind.alike)
        self._known[receipt] = event
        rows, key = self._rows_of(event), event.key
        if passage == 1 and not was_held and _CHANGING.isdisjoint(fields):
            rows.decided[event.minute, kind.alike] += 1
            for name, verdict in kind.withheld:
                rows.endings.append(_decided_ending(event, kind, name, 1, verdict, at))
            goes_to = kind.going_to
        else:
            goes_to = _add_verdicts(rows, event, kind, passage, was_held, at, fields)
        origin, content = content_of(payloads, self._payload)
        if origin is not None and kind.changed:
            origin = with_changed(origin, kind.changed)
        if "n" in fields:
            origin = with_decided(origin, kind.verdicts)
        if kind.refused:
            origin = with_refused(origin, kind.refused)
        name, source, _, country, browser = kind.traits
        rows.events.append(
            (
                *(key, at, name, source, kind.trusted, kind.version, kind.consent, kind.states),
                *(country, browser, goes_to, origin, content),
            )
        )
        if found := digests.split():
            if not bytes.fromhex(digests) or {*map(len, found)} != _DIGEST_DIGITS:
                raise ValueError("not the digests of an event")
            rows.lookups.append((event.minute // 60 % 24, found, receipt))

    def _add_fates(self, fields: Mapping[str, bytes]) -> None:
        name, version, later, told = read_fates(fields)
        known = self._known
        for alike in told:
            events = [known.get(receipt) or self._event(receipt) for receipt in alike.receipts]
            days = {*map(_DAY, events)}
            for day in days:
                of_day = [True] * len(events)
                if len(days) > 1:
                    of_day = [event.day == day for event in events]
                chosen = [*compress(events, of_day)]
                _add_alike(self._rows(day), name, version, alike.chosen(of_day), chosen)
            for entry_id, event in zip(alike.ids, events, strict=True) if later else ():
                if entry_id in later:
                    _count_again(self._rows(event.day), event, name, alike.result)

    def _add_replay(self, read: dict[str, Any], passages: Sequence[str]) -> None:
        name = read["destination"]
        for passage in passages:
            receipt, _, number = passage.partition("/")
            event = self._event(receipt)
            rows = self._rows_of(event)
            goes_to = {name: going("send", int(number))}
            rows.replayed.append((orjson.dumps(goes_to).decode(), event.key))
            _count(rows, event, name, "accepted", again="again" in read)

    def _add_unanswered(self, read: dict[str, Any]) -> None:
        reason, at = read["reason"], read["at"]
        for receipt, names in read["ended"]:
            event = self._event(receipt)
            rows = self._rows_of(event)
            for name in names:
                row = (event.key, name, 1, "withheld", "hold", reason, at, 0, None, "")
                rows.endings.append(row)
                _count(rows, event, name, "withheld", reason)

    def _event(self, receipt: str) -> Known:
        found = self._known.get(receipt)
        if found is None:
            event = known_event(receipt, _UNKNOWN)  # checks the receipt before the look-up
            traits = self._traits_of(receipt)
            found = event if traits is None else event._replace(kind=DecidedAlike(traits, ()))
            self._known[receipt] = found
        return found

    def _rows_of(self, event: Known) -> DayRows:
        return self._days.get(event.day) or self._rows(event.day)

    def _rows(self, number: int) -> DayRows:
        """The rows of a day, by its number since 1970. Rows of a day that has stored the record
        already are not kept."""
        rows = self._days.get(number)
        if rows is None:
            rows = DayRows()
            if not self._has(day_name(number), self._record_id):
                self._days[number] = rows  # all following records are new too
        return rows


def _add_alike(
    rows: DayRows, name: str, version: str, alike: Alike, events: Sequence[Known]
) -> None:
    """Adds the endings or attempts `alike`. events: in the order of `alike`, all of the day of
    `rows`. There may be many, so no Python code runs for each of them."""
    passage, result, tries, status, words, _, _, times = alike
    keys = map(_KEY, events)
    if not alike.has_ended:
        told: Sequence[object] = tries, status, words
        ends = map(repeat, told)
        rows.attempts += zip(keys, repeat(name), repeat(passage), times, *ends, strict=False)
        return
    ended = EndedAlike(name, passage, result, "", words, tries, status, version)
    receipts, ends_at = rows.ended.setdefault(ended, ([], []))
    receipts += keys
    ends_at += times
    reasons: Iterable[str] = repeat(words if result == "withheld" else _status(alike))
    if result in DELIVERIES and passage == 1:
        reasons = map(bucket_of, map(sub, times, map(_AT, events)))
    counted = Counter(zip(map(_COUNTED_BY, events), reasons, strict=False))
    for ((minute, kind), why), number in counted.items():
        rows.alike[minute, kind.traits, name, result, why] += number


def _add_verdicts(
    rows: DayRows,
    event: Known,
    kind: DecidedKind,
    passage: int,
    was_held: bool,
    at: float,
    fields: Mapping[str, bytes],
) -> str:
    """Adds the counts and endings that a decision means for an event. Returns the destinations to
    which the event goes, as they are stored."""
    verdicts = kind.verdicts
    repeated = frozenset(fields["r"].decode().split()) if "r" in fields else frozenset()
    is_first = True
    if "n" in fields:
        name = fields["n"].decode()
        is_first = name == next(iter(verdicts), "")  # of its records on a cluster
        verdicts = {name: verdicts[name]}
    if "u" in fields:
        verdicts = {name: _not_held(verdict) for name, verdict in verdicts.items()}
    if is_first and passage == 1 and not was_held and not kind.refused:
        rows.alike[event.minute, event.traits, NONE, RECEIVED, ""] += 1
    again = passage > 1
    for name, verdict in verdicts.items():
        decision, stage, reason = verdict
        if name in repeated:
            told = "repeated", "queue", HAD_IT
            rows.endings.append(_decided_ending(event, kind, name, passage, told, at))
            _count(rows, event, name, "repeated", HAD_IT, again=again)
            if was_held:
                _count(rows, event, name, "accepted", amount=-1)
            continue
        if decision == "withheld":
            rows.endings.append(_decided_ending(event, kind, name, passage, verdict, at))
            counted = counted_reason(stage, reason)
            _count(rows, event, name, decision, counted, again=again)
        if not was_held:
            _count(rows, event, name, "accepted", again=again)
    return going_to({n: each for n, each in verdicts.items() if n not in repeated}, passage)


def _decided_ending(
    event: Known, kind: DecidedKind, name: str, passage: int, told: Sequence[str], at: float
) -> tuple[Any, ...]:
    """The row of an ending that a decision means. told: the ending, the stage, the reason."""
    return (event.key, name, passage, *told, at, 0, None, kind.version)


def _count(
    rows: DayRows,
    event: Known,
    destination: str,
    ending: str,
    why: str = "",
    amount: int = 1,
    again: bool = False,
) -> None:
    """Counts an event. why: as in `gateway.ledger.day_rows.Alike`. again: whether it also counts as
    in a later passage."""
    rows.alike[event.minute, event.traits, destination, ending, why] += amount
    if again:
        _count_again(rows, event, destination, ending, amount)


def _count_again(
    rows: DayRows, event: Known, destination: str, ending: str, amount: int = 1
) -> None:
    rows.minutes[event.minute, destination, AGAIN + ending] += amount
    rows.hours[event.minute // 60, "", "", destination, AGAIN + ending] += amount


def _not_held(verdict: Sequence[str]) -> Sequence[str]:
    return ["withheld", "hold", TOO_MANY] if verdict[0] == "held" else verdict


def _status(alike: Alike) -> str:
    """The reason by which an ending after an attempt is counted: its words may differ each time."""
    is_known = alike.status is not None and alike.result == "rejected"
    return f"HTTP {alike.status}" if is_known else ""
