"""From records of the feed to rows of the ledger. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from gateway.configuration.ledger import Payload
from gateway.event import Event
from gateway.queue.counting import AGAIN
from gateway.queue.entry import Entry, decode
from gateway.queue.feed import Decided, Fate, FeedRecord
from gateway.queue.receipts import RECEIPT, day_of, received_at
from gateway.stages.anonymise import ANONYMISED

UNKNOWN = "(unknown)"
"""In place of what is not known of an event that the ledger does not have."""

TOO_MANY = "too many events of this page wait for an answer"
HAD_IT = "the destination took an event with this id before"

MAX_NAME = 100
"""Characters of a text that a stranger may have chosen."""

_PERSONAL = frozenset(
    {"user_data", "client_id", "user_id", "ip_override", "user_agent", "event_location"}
    | {"transaction_id", "event_id", "page_location", "page_referrer", "click_ids"}
    | {"ga_session_id", "x-ga-js_client_id", "fbp", "fbc"}
)
"""What a redacted event is without."""


class Traits(NamedTuple):
    """What an event's endings are counted by."""

    name: str
    source: str
    consent: str
    country: str
    browser: str


NOTHING_KNOWN = Traits(*(UNKNOWN,) * 5)

Origin = dict[str, dict[str, bool]]
"""What one needs to know of an event besides its content, each as the names in an object, which
SQLite can merge. See `origin_of`; on a cluster also ``decided``: the destinations about which was
decided, each with a record of its own."""

MinuteKey = tuple[int, str, str]
"""The minute (since 1970) in which events came in, the destination and the ending, or after
`AGAIN` how many of these events were in a later passage."""
HourKey = tuple[int, str, str, str, str]
"""The hour, a dimension and its value, the destination and the ending. The dimension ``""`` has no
value."""
Alike = tuple[int, Traits, str, str, str]
"""The minute in which events came in, their traits, the destination, the ending and its reason."""


@dataclass(slots=True)
class DayRows:
    """What a batch of records adds to one day."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    replayed: list[tuple[str, bytes]] = field(default_factory=list)
    lookups: list[tuple[bytes, bytes]] = field(default_factory=list)
    endings: list[tuple[Any, ...]] = field(default_factory=list)
    attempts: list[tuple[Any, ...]] = field(default_factory=list)
    minutes: Counter[MinuteKey] = field(default_factory=Counter)
    hours: Counter[HourKey] = field(default_factory=Counter)
    alike: Counter[Alike] = field(default_factory=Counter)

    def count(self) -> None:
        """Adds events that ended alike to `minutes` and `hours`, each kind once: many are alike."""
        for (minute, traits, destination, ending, reason), number in self.alike.items():
            hour, hours = minute // 60, self.hours
            self.minutes[minute, destination, ending] += number
            hours[hour, "", "", destination, ending] += number
            for dimension, value in zip(Traits._fields, traits, strict=True):
                hours[hour, dimension, value, destination, ending] += number
            if reason:
                hours[hour, "reason", reason, destination, ending] += number
        self.alike.clear()

    def receipts_of_known(self) -> set[bytes]:
        """Of the events of which earlier rows are continued."""
        ended = {row[0] for row in (*self.endings, *self.attempts)}
        return ended | {receipt for _, receipt in self.replayed}

    def continuing(self, known: Container[bytes]) -> DayRows:
        """Only what became of the events `known`."""
        return DayRows(
            replayed=[row for row in self.replayed if row[1] in known],
            endings=[row for row in self.endings if row[0] in known],
            attempts=[row for row in self.attempts if row[0] in known],
        )


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
        receipt, passage = _sound(read.receipt), int(read.passage)
        again = passage > 1
        rows = self._rows(receipt)
        traits = Traits(
            read.name[:MAX_NAME],
            read.source,
            consent_in_words(read.states),
            read.country[:MAX_NAME],
            read.browser[:MAX_NAME],
        )
        self.traits[receipt] = traits
        key, at = bytes.fromhex(receipt), read.at
        repeated = frozenset(fields.get("r", b"").decode().split())
        verdicts: dict[str, Sequence[str]] = read.verdicts
        origin, content = self._content(payloads)
        if "n" in fields:
            origin = {**(origin or {}), "decided": dict.fromkeys(verdicts, True)}
            name = fields["n"].decode()
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
                *(key, at, traits.name, traits.source, int(read.trusted), read.version),
                *(read.consent, orjson.dumps(read.states).decode()),
                *(traits.country, traits.browser, orjson.dumps(going_to).decode()),
                *(None if origin is None else orjson.dumps(origin).decode(), content),
            )
        )
        rows.lookups += [(bytes.fromhex(digest), key) for digest in dict.fromkeys(read.digests)]
        for name, (decision, stage, reason) in verdicts.items():
            if name in repeated:
                ended, stage, reason = "repeated", "queue", HAD_IT
            elif decision == "withheld":
                ended = decision
            else:
                ended = ""
            if ended:
                row = (key, name, passage, ended, stage, reason, at, 0, None, read.version)
                rows.endings.append(row)
                self._count(rows, receipt, traits, name, ended, reason, again=again)
            if ended == "repeated" and read.was_held:
                self._count(rows, receipt, traits, name, "accepted", amount=-1)
            elif ended != "repeated" and not read.was_held:
                self._count(rows, receipt, traits, name, "accepted", again=again)

    def _content(self, payloads: Sequence[bytes]) -> tuple[Origin | None, str | None]:
        """The origin of an event, and its content. payloads: its entries."""
        if self._payload == "none" or not payloads:
            return None, None
        entries = [decode(b"", 0, each) for each in payloads]
        whole = [entry.event for entry in entries if not entry.event.get(ANONYMISED)]
        event = union(whole or [entry.event for entry in entries])
        if self._payload == "redacted":
            event = {name: value for name, value in event.items() if name not in _PERSONAL}
            return None, orjson.dumps(event).decode()
        return origin_of(entries), orjson.dumps(event).decode()

    def _add_fates(self, read: dict[str, Any], ended: frozenset[str]) -> None:
        name, version = read["destination"], read["version"]
        later = frozenset(read.get("again", ()))
        for fate in (Fate(*each) for each in read["fates"]):
            receipt = _sound(fate.receipt)
            rows, key = self._rows(receipt), bytes.fromhex(fate.receipt)
            if fate.result == "retry":
                tried = (fate.at, fate.tries, fate.status, fate.words)
                rows.attempts.append((key, name, fate.passage, *tried))
                continue
            if fate.entry_id not in ended:
                continue  # another drain has settled it
            rows.endings.append(
                (
                    *(key, name, fate.passage, fate.result, "", fate.words, fate.at),
                    *(fate.tries, fate.status, version),
                )
            )
            traits = self._known(receipt)
            reason = fate.words if fate.result == "withheld" else _status(fate)
            again = fate.entry_id in later
            self._count(rows, receipt, traits, name, fate.result, reason, again=again)

    def _add_replay(self, read: dict[str, Any], passages: Sequence[str]) -> None:
        name = read["destination"]
        for passage in passages:
            receipt, _, number = passage.partition("/")
            _sound(receipt)
            rows, traits = self._rows(receipt), self._known(receipt)
            going_to = {name: _going("send", int(number))}
            rows.replayed.append((orjson.dumps(going_to).decode(), bytes.fromhex(receipt)))
            self._count(rows, receipt, traits, name, "accepted", again="again" in read)

    def _add_unanswered(self, read: dict[str, Any]) -> None:
        reason, at = read["reason"], read["at"]
        for receipt, names in read["ended"]:
            rows, traits = self._rows(_sound(receipt)), self._known(receipt)
            for name in names:
                key = bytes.fromhex(receipt)
                rows.endings.append((key, name, 1, "withheld", "hold", reason, at, 0, None, ""))
                self._count(rows, receipt, traits, name, "withheld", reason)

    def _count(
        self,
        rows: DayRows,
        receipt: str,
        traits: Traits,
        destination: str,
        ending: str,
        reason: str = "",
        amount: int = 1,
        again: bool = False,
    ) -> None:
        minute = int(received_at(receipt) // 60)
        rows.alike[minute, traits, destination, ending, reason] += amount
        if again:
            rows.minutes[minute, destination, AGAIN + ending] += amount
            rows.hours[minute // 60, "", "", destination, AGAIN + ending] += amount

    def _known(self, receipt: str) -> Traits:
        found = self.traits.get(receipt)
        if found is None:
            found = self.traits[receipt] = self._traits_of(receipt) or NOTHING_KNOWN
        return found

    def _rows(self, receipt: str) -> DayRows:
        day = day_of(receipt)
        if self._has(day, self._record_id):
            return DayRows()  # comes again, and is left out
        rows = self._days.get(day)
        if rows is None:
            rows = self._days[day] = DayRows()
        return rows


def origin_of(entries: Iterable[Entry]) -> Origin:
    """The names of the rules that were met, the visitors whose denial may stop the event, and the
    consent types that a trusted sender stated."""
    origin: Origin = {"applied": {}, "visitors": {}, "stated": {}}
    for entry in entries:
        for name, texts in origin.items():
            texts |= dict.fromkeys(getattr(entry, name), True)
    return origin


def union(events: Iterable[Event]) -> Event:
    """All that one of `events` has: forms of the same event, of which each destination got one."""
    merged: Event = {}
    for event in events:
        if not merged:
            merged = dict(event)
        elif event != merged:
            for name, value in event.items():
                known = merged.setdefault(name, value)
                if known is not value and isinstance(known, dict) and isinstance(value, dict):
                    merged[name] = union([known, value])
    return merged


def consent_in_words(states: Mapping[str, str]) -> str:
    """Such as ``ads granted, analytics denied``."""
    ads, analytics = (states.get(name, "unset") for name in ("ad_storage", "analytics_storage"))
    return f"ads {ads}, analytics {analytics}"


def _going(decision: str, passage: int) -> str:
    return decision if passage == 1 else f"{decision}/{passage}"


def _not_held(verdict: Sequence[str]) -> Sequence[str]:
    return ["withheld", "hold", TOO_MANY] if verdict[0] == "held" else verdict


def _status(fate: Fate) -> str:
    """What a destination's own endings are counted by: its words may be different each time."""
    return f"HTTP {fate.status}" if fate.status is not None and fate.result == "rejected" else ""


def _sound(receipt: object) -> str:
    """Raises ValueError for anything but a receipt."""
    if not isinstance(receipt, str) or not RECEIPT.fullmatch(receipt):
        raise ValueError("not a receipt")
    return receipt
