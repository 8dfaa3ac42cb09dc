"""From records of the feed to rows of the ledger. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from gateway.configuration.ledger import Payload
from gateway.ledger.content import content_of
from gateway.ledger.day_rows import NONE, NOTHING_KNOWN, RECEIVED, DayRows, Traits
from gateway.ledger.delays import bucket_of
from gateway.ledger.tables import DELIVERIES
from gateway.queue.counting import AGAIN
from gateway.queue.feed import SUBMITTED, Decided, FeedRecord
from gateway.queue.receipts import MINUTES_OF_DAY, RECEIPT, day_name, received_at

TOO_MANY = "too many events of this page wait for an answer"
HAD_IT = "the destination took an event with this id before"

ADS, ANALYTICS = "ads", "analytics"

MAX_NAME = 100
"""Characters of a text that a stranger may have chosen."""


class _Place(NamedTuple):
    """Where the rows of an event go. key: its receipt as it is stored. at, minute: at which it came
    in, Unix seconds and since 1970."""

    rows: DayRows
    key: bytes
    at: float
    minute: int

    def add_count(
        self,
        traits: Traits,
        destination: str,
        ending: str,
        why: str = "",
        amount: int = 1,
        again: bool = False,
    ) -> None:
        """why: as in `gateway.ledger.day_rows.Alike`. again: whether it is counted as in a later
        passage too."""
        rows, minute = self.rows, self.minute
        rows.alike[minute, traits, destination, ending, why] += amount
        if again:
            rows.minutes[minute, destination, AGAIN + ending] += amount
            rows.hours[minute // 60, "", "", destination, AGAIN + ending] += amount


class RowMaker:
    """Makes the rows of a batch of records.

    traits_of: of an event that an earlier batch brought; None for one that is not known. has:
    whether a day has stored a record, by the day and the record's id.
    """

    def __init__(
        self,
        payload: Payload,
        traits_of: Callable[[str], Traits | None],
        has: Callable[[str, str], bool],
    ) -> None:
        self._payload = payload
        self._traits_of = traits_of
        self._has = has
        self._record_id = ""
        self._of_record: dict[int, DayRows] = {}
        self._days: dict[str, DayRows] = {}
        self.traits: dict[str, Traits] = {}

    @property
    def days(self) -> dict[str, DayRows]:
        """What was made so far."""
        for rows in self._days.values():
            rows.count()
        return self._days

    def add(self, record: FeedRecord) -> None:
        """Raises KeyError, TypeError or ValueError for what the gateway has not written."""
        fields, self._record_id = record.fields, record.id
        self._of_record = {}
        if "d" in fields:
            self._add_decision(Decided.read(fields["d"]), fields, record.payloads)
        elif "s" in fields:
            self._add_fates(orjson.loads(fields["s"]), frozenset(fields["a"].decode().split()))
        elif "p" in fields:
            self._add_replay(orjson.loads(fields["p"]), fields["a"].decode().split())
        else:
            self._add_unanswered(orjson.loads(fields["w"]))

    def _add_decision(
        self, read: Decided, fields: Mapping[str, bytes], payloads: Sequence[bytes]
    ) -> None:
        states, consent = _states(tuple(read.states.items()))
        place, passage = self._place(read.receipt), int(read.passage)
        rows, key, _, minute = place
        traits = self.traits[read.receipt] = Traits(
            read.name[:MAX_NAME],
            read.source,
            consent,
            read.country[:MAX_NAME],
            read.browser[:MAX_NAME],
        )
        repeated = frozenset(fields["r"].decode().split()) if "r" in fields else frozenset()
        verdicts: Mapping[str, Sequence[str]] = read.verdicts
        origin, content = content_of(payloads, self._payload)
        is_first = True
        if "n" in fields:
            origin = {**(origin or {}), "decided": dict.fromkeys(verdicts, True)}
            name = fields["n"].decode()
            is_first = name == next(iter(verdicts), "")  # of its records on a cluster
            verdicts = {name: verdicts[name]}
        if "u" in fields:
            verdicts = {name: _not_held(verdict) for name, verdict in verdicts.items()}
        going_to = {
            name: _going(verdict[0], passage)
            for name, verdict in verdicts.items()
            if verdict[0] != "withheld" and name not in repeated
        }
        rows.events.append(
            (
                *(key, read.at, traits.name, traits.source, int(read.trusted), read.version),
                *(read.consent, states),
                *(traits.country, traits.browser, orjson.dumps(going_to).decode()),
                *(None if origin is None else orjson.dumps(origin).decode(), content),
            )
        )
        if is_first and passage == 1 and not read.was_held:
            rows.alike[minute, traits, NONE, RECEIVED, ""] += 1
        hour = minute // 60 % 24
        rows.lookups += [(hour, bytes.fromhex(digest), key) for digest in {*read.digests}]
        for name, (decision, stage, reason) in verdicts.items():
            if name in repeated:
                self._end(place, read, name, "repeated", "queue", HAD_IT)
                if read.was_held:
                    place.add_count(traits, name, "accepted", amount=-1)
                continue
            if decision == "withheld":
                self._end(place, read, name, decision, stage, reason)
            if not read.was_held:
                place.add_count(traits, name, "accepted", again=passage > 1)

    def _end(
        self, place: _Place, read: Decided, name: str, ending: str, stage: str, reason: str
    ) -> None:
        """An event that ended as it was decided about."""
        row = (place.key, name, int(read.passage), ending, stage, reason, read.at, 0, None)
        place.rows.endings.append((*row, read.version))
        again = read.passage > 1
        place.add_count(self.traits[read.receipt], name, ending, reason, again=again)

    def _add_fates(self, read: dict[str, Any], ended: frozenset[str]) -> None:
        name, version = read["destination"], read["version"]
        later = frozenset(read.get("again", ()))
        for entry_id, receipt, passage, result, at, tries, status, words in read["fates"]:
            place = self._place(receipt)
            if result in ("retry", SUBMITTED):
                row = (place.key, name, passage, at, tries, status, words)
                place.rows.attempts.append(row)
                continue
            if entry_id not in ended:
                continue  # another drain has settled it
            ending = (place.key, name, passage, result, "", words, at, tries, status, version)
            place.rows.endings.append(ending)
            if result in DELIVERIES:
                why = bucket_of(at - place.at) if passage == 1 else ""
            else:
                why = words if result == "withheld" else _status(result, status)
            again = entry_id in later
            place.add_count(self._known(receipt), name, result, why, again=again)

    def _add_replay(self, read: dict[str, Any], passages: Sequence[str]) -> None:
        name = read["destination"]
        for passage in passages:
            receipt, _, number = passage.partition("/")
            place = self._place(receipt)
            going_to = {name: _going("send", int(number))}
            place.rows.replayed.append((orjson.dumps(going_to).decode(), place.key))
            place.add_count(self._known(receipt), name, "accepted", again="again" in read)

    def _add_unanswered(self, read: dict[str, Any]) -> None:
        reason, at = read["reason"], read["at"]
        for receipt, names in read["ended"]:
            place, traits = self._place(receipt), self._known(receipt)
            for name in names:
                row = (place.key, name, 1, "withheld", "hold", reason, at, 0, None, "")
                place.rows.endings.append(row)
                place.add_count(traits, name, "withheld", reason)

    def _known(self, receipt: str) -> Traits:
        found = self.traits.get(receipt)
        if found is None:
            found = self.traits[receipt] = self._traits_of(receipt) or NOTHING_KNOWN
        return found

    def _place(self, receipt: object) -> _Place:
        """Raises ValueError for anything but a receipt."""
        if not isinstance(receipt, str) or not RECEIPT.fullmatch(receipt):
            raise ValueError("not a receipt")
        at = received_at(receipt)
        minute = int(at // 60)
        number = minute // MINUTES_OF_DAY
        rows = self._of_record.get(number)
        if rows is None:
            rows = self._of_record[number] = self._rows(day_name(number))
        return _Place(rows, bytes.fromhex(receipt), at, minute)

    def _rows(self, day: str) -> DayRows:
        if self._has(day, self._record_id):
            return DayRows()  # comes again, and is left out
        if day not in self._days:
            self._days[day] = DayRows()
        return self._days[day]


@lru_cache(maxsize=1000)
def _states(states: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """The states of an event as JSON, and in words: many events have the same."""
    named = dict(states)
    return orjson.dumps(named).decode(), consent_in_words(named)


def consent_in_words(states: Mapping[str, str]) -> str:
    """Such as ``ads granted, analytics denied``."""
    ads, analytics = (states.get(name, "unset") for name in ("ad_storage", "analytics_storage"))
    return f"{ADS} {ads}, {ANALYTICS} {analytics}"


def granted_in_words(consent: str) -> set[str]:
    """Which of `ADS` and `ANALYTICS` is granted, of what `consent_in_words` gave."""
    parts = (part.partition(" ") for part in consent.split(", "))
    return {kind for kind, _, state in parts if state == "granted"}


def _going(decision: str, passage: int) -> str:
    return decision if passage == 1 else f"{decision}/{passage}"


def _not_held(verdict: Sequence[str]) -> Sequence[str]:
    return ["withheld", "hold", TOO_MANY] if verdict[0] == "held" else verdict


def _status(result: str, status: int | None) -> str:
    """What a destination's own endings are counted by: its words may be different each time."""
    return f"HTTP {status}" if status is not None and result == "rejected" else ""
