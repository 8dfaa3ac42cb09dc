"""Append batches: what requests add to the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import orjson

from gateway.event import Event
from gateway.event.forms import beyond
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.commits import Commit
from gateway.queue.counting import NO_REASON, reason_of
from gateway.queue.entry import encode, has_many_items, share_items
from gateway.queue.feed import Feeding
from gateway.queue.held_event import encode_held
from gateway.queue.marks import Marks, marks_of, read_marks
from gateway.queue.quarantined_event import encode_quarantined
from gateway.queue.receipts import day_number, new_receipt
from gateway.stages.anonymise import ANONYMISED
from gateway.stages.held_consent import HeldConsent, denial

Withheld = Counter[tuple[int, str]]
"""How many events were withheld, by the day on which they came in (`day_number`) and the reason
(`reason_of`)."""

Record = tuple[int, list[int], int, str, list[str], list[int]]
"""What the ledger gets for one event, by the numbers of payloads: its record; its entries; its held
event, 0 if it is not held; its receipt and passage; the destinations that the record is about; and
for each entry but the first the payload that the ledger gets instead if it also gets the first, 0
for nothing. Records spooled by earlier versions lack the last: the ledger gets each entry."""

_Form = tuple[Event, Verdict, int]
"""An event as some destinations get it, the verdict for one of them, and the number of its
entry."""

_MARK = {ANONYMISED}
"""The fields of a form that adds nothing to another."""

_IN_HEAD = ("waiting", "said", "quarantine", "records", "renewed")
"""Further parts of a head; those of earlier versions may lack them."""

UNKNOWN_DAY = 0
"""Used for events spooled by an earlier version, which are not counted for any day."""

Denials = dict[str, int]
"""What is denied, as `gateway.stages.held_consent.denial` says, each with the Unix millisecond
before which it stops events, or `UNTIL_NOW`."""

UNTIL_NOW = 0
"""Stands for the time of a denial that also stops what the same commit appends."""


class AppendBatch:
    """What one request adds to the queue. Its payloads are numbered from 1."""

    __slots__ = (
        "again",
        "awaited",
        "days",
        "denied",
        "held",
        "marks",
        "passages",
        "payloads",
        "quarantine",
        "records",
        "released",
        "renewed",
        "said",
        "sent",
        "size",
        "tried",
        "waiting",
        "weight",
        "withheld",
    )

    payloads: list[bytes]
    """Entries of streams, events that wait for consent, and events for the quarantine."""
    marks: list[Marks]
    """For each payload the marks by which its event is recognised when repeated (`marks_of`)."""
    days: list[int]
    """For each payload the day on which its event came in."""
    sent: dict[str, list[int]]
    """For each destination the numbers of the payloads that it gets."""
    withheld: dict[str, Withheld]
    """For each destination the events withheld from it."""
    held: dict[str, Counter[int]]
    """For each destination the change in the number of events that wait for consent, by the day."""
    waiting: list[tuple[str, int, list[str]]]
    """Events that wait for consent: page, number of the payload, destinations."""
    said: dict[str, dict[str, str]]
    """What each page states about consent, by type."""
    denied: dict[str, Denials]
    """What is denied for each page or visitor. A denial that a later event of the request takes
    back stops only what came in before the request."""
    quarantine: list[int]
    """Numbers of the payloads that enter the quarantine."""
    records: list[Record]
    """For the ledger, one for each event, unless all its destinations refused it."""
    passages: dict[int, str]
    """In the part of one destination: the receipt and passage of the event in each payload, by
    which a repeated append is recognised."""
    released: list[str]
    """Ids of the entries that leave the quarantine."""
    again: bool
    """Whether its events are counted as in a later passage: in a release from quarantine, which is
    a batch of its own."""
    tried: Commit | None
    """The commit that may already have appended it."""
    renewed: list[int]
    """Numbers of the payloads whose repetition is expected; a repetition renews their marks."""
    weight: int
    """What Redis adds for it: the number of entries of streams, records for the ledger, and events
    that are held or quarantined."""
    size: int
    """Bytes of the payloads."""
    awaited: bool
    """Whether a page that states something in this batch has held events; known once the batch is
    appended."""

    def __init__(
        self,
        decisions: Sequence[Decision] = (),
        marked: bool = False,
        feeding: Feeding | None = None,
    ) -> None:
        """marked: whether repeated events are recognised. feeding: how the ledger learns of the
        decisions, if there is one. Raises TypeError when an event cannot be represented in JSON."""
        self.payloads = []
        self.marks = []
        self.days = []
        self.sent = {}
        self.withheld = {}
        self.held = {}
        self.waiting = []
        self.said = {}
        self.denied = {}
        self.again = False
        self.awaited = False
        self.quarantine = []
        self.records = []
        self.passages = {}
        self.released = []
        self.renewed = []
        self.tried = None
        for decision in decisions:
            self._add(decision, marks_of(decision) if marked else (), feeding)
        self._measure()

    @classmethod
    def of(cls, head: dict[str, Any], payloads: list[bytes]) -> Self:
        """The batch with this `head` and these payloads. Raises LookupError or TypeError for
        another head."""
        batch = cls()
        batch.payloads = payloads
        batch.sent = head["sent"]
        batch.withheld = {name: _read_withheld(told) for name, told in head["withheld"].items()}
        batch.marks = read_marks(head.get("marks"), len(payloads))
        batch.days = head.get("days", [UNKNOWN_DAY] * len(payloads))
        for name in _IN_HEAD:
            setattr(batch, name, head.get(name, getattr(batch, name)))
        batch.denied = _read_denied(head)
        if tried := head.get("tried"):
            series, number = tried
            batch.tried = series, number
        batch._measure()
        return batch

    @property
    def head(self) -> dict[str, Any]:
        """Everything but the payloads, for JSON."""
        withheld = {
            name: [(*by, amount) for by, amount in told.items()]
            for name, told in self.withheld.items()
        }
        rest = {
            name: getattr(self, name) for name in ("sent", "marks", "days", "denied", *_IN_HEAD)
        }
        return {"withheld": withheld, "tried": self.tried, **rest}

    @property
    def events(self) -> int:
        """The number of its events for the destination that has most of them."""
        waiting = [name for _, _, names in self.waiting for name in names]
        return max(
            (
                len(self.sent.get(name, ()))
                + sum(self.withheld.get(name, {}).values())
                + waiting.count(name)
                for name in {*self.sent, *self.withheld, *waiting}
            ),
            default=0,
        )

    def part_of(self, destination: str) -> AppendBatch:
        """What it adds for `destination` alone."""
        part, sent = AppendBatch(), self.sent.get(destination, ())
        part.again = self.again
        part.payloads = [self.payloads[number - 1] for number in sent]
        part.marks = [self.marks[number - 1] for number in sent]
        part.days = [self.days[number - 1] for number in sent]
        part.sent = {destination: list(range(1, len(sent) + 1))}
        part.renewed = part.sent[destination] if self.renewed else []
        part.withheld = {destination: self.withheld.get(destination, Counter())}
        part.held = {destination: self.held.get(destination, Counter())}
        places = {number: place for place, number in enumerate(sent, 1)}
        for record in self.records:
            _, entries, _, passage, names, *_ = record
            if destination in names:
                taken = [places[number] for number in entries if number in places]
                part.passages |= dict.fromkeys(taken, passage)
                part._add_record(self, record, taken)
        return part

    def own_part(self) -> AppendBatch:
        """What it adds to the gateway's own keys."""
        part = AppendBatch()
        part.payloads = [self.payloads[number - 1] for number in self.quarantine]
        part.marks = [()] * len(part.payloads)
        part.days = [self.days[number - 1] for number in self.quarantine]
        part.quarantine = list(range(1, len(part.payloads) + 1))
        part.said, part.denied, part.released = self.said, self.denied, self.released
        for record in self.records:
            if not record[4]:
                part._add_record(self, record, [])
        return part

    def _add_record(self, whole: AppendBatch, record: Record, entries: list[int]) -> None:
        """Adds `record` of `whole`, of which this is a part. entries: the numbers of its entries in
        this part."""
        number, _, _, passage, names, *_ = record
        payload = self._payload(whole.payloads[number - 1], whole.days[number - 1])
        self.records.append((payload, entries, 0, passage, names, []))

    def _measure(self) -> None:
        others = len(self.records) + len(self.waiting) + len(self.quarantine)
        self.weight = others + sum(map(len, self.sent.values()))
        self.size = sum(map(len, self.payloads))

    def _add(self, decision: Decision, known_by: Marks, feeding: Feeding | None) -> None:
        receipt = (decision.receipt or new_receipt(decision.received_at)) if feeding else ""
        day = day_number(decision.received_at)
        # an event that many destinations get unchanged is written once
        numbers: dict[tuple[int, tuple[str, ...]], int] = {}
        forms: list[_Form] = []
        items: dict[int, orjson.Fragment] | None = {} if has_many_items(decision.event) else None
        waiting: list[str] = []
        for name, verdict in decision.verdicts.items():
            if verdict.event is None:
                if verdict.stage == "hold":
                    waiting.append(name)
                else:
                    reason = reason_of(verdict.stage, verdict.label)
                    told = self.withheld.get(name)
                    if told is None:
                        told = self.withheld[name] = Counter()
                    told[day, reason] += 1
                continue
            content = id(verdict.event), verdict.applied
            number = numbers.get(content)
            if number is None:
                form = verdict.event if items is None else share_items(verdict.event, items)
                entry = encode(decision, form, verdict.applied, receipt)
                numbers[content] = number = self._payload(entry, day, known_by)
                forms.append((verdict.event, verdict, number))
            self.sent.setdefault(name, []).append(number)
        held, held_number = decision.held_consent, 0
        if held is not None:
            if waiting:
                kept = encode_held(held, waiting, decision.version, receipt)
                held_number = self._payload(kept, day)
                self.waiting.append((held.page, held_number, waiting))
            if held.page and held.stated:
                self.said.setdefault(held.page, {}).update(held.stated)
            self._take_back(held, decision)
            for each in held.speaks_for:
                self.denied.setdefault(each, {}).update(dict.fromkeys(held.denied, UNTIL_NOW))
        if decision.quarantine:
            self.quarantine.append(self._payload(encode_quarantined(decision, receipt), day))
        if feeding is not None and (decision.verdicts or not decision.refused):
            record = self._payload(feeding.encode(decision, receipt, decision.passage), day)
            passage = f"{receipt}/{decision.passage}"
            names = [*decision.verdicts]
            self.again = decision.passage > 1
            added = self._additions(decision, forms, receipt, day) if len(forms) > 1 else []
            entries = [number for _, _, number in forms]
            self.records.append((record, entries, held_number, passage, names, added))

    def _take_back(self, held: HeldConsent, decision: Decision) -> None:
        """Limits denials by earlier events of the request to what came in before it, if this event
        grants the same: otherwise they would stop this event too."""
        granted = {
            denial(name, decision.trusted)
            for name, state in held.stated.items()
            if state == "granted"
        }
        for each in granted and held.visitors:
            denied = self.denied.get(each, {})
            taken_back = granted.intersection(denied)
            denied.update(dict.fromkeys(taken_back, int(1000 * decision.received_at)))

    def _additions(
        self, decision: Decision, forms: list[_Form], receipt: str, day: int
    ) -> list[int]:
        """Puts the most complete form first, and returns for each of the others the number of an
        entry with what it adds, 0 for nothing."""
        forms.sort(key=_lack)
        (first, known, _), *others = forms
        numbers = []
        for event, verdict, _ in others:
            number = 0
            if not (verdict.only_address and known.only_address):
                more, applied = beyond(first, event), verdict.applied
                if event.get(ANONYMISED):  # it adds nothing to a form that is not anonymised
                    more = {ANONYMISED: True} | (more if first.get(ANONYMISED) else {})
                if more.keys() - _MARK or {*applied} - {*known.applied}:
                    number = self._payload(encode(decision, more, applied, receipt), day)
            numbers.append(number)
        return numbers

    def _payload(self, payload: bytes, day: int, known_by: Marks = ()) -> int:
        self.payloads.append(payload)
        self.marks.append(known_by)
        self.days.append(day)
        return len(self.payloads)


def _lack(form: _Form) -> tuple[bool, int]:
    """The sort key of forms: the one that leaves the others least to add comes first."""
    event, _, _ = form
    return bool(event.get(ANONYMISED)), -len(event)


def _read_withheld(told: int | list[tuple[int, str, int]]) -> Withheld:
    """Reads the withheld events of one destination. Earlier versions wrote only their number."""
    if isinstance(told, int):
        return Counter({(UNKNOWN_DAY, NO_REASON): told})
    return Counter({(day, reason): amount for day, reason, amount in told})


def add_denials(known: Denials, more: Denials) -> None:
    """Adds `more` to `known`. Of two that deny the same, the one that stops more events stays."""
    for kind, end in more.items():
        other = known.get(kind, end)
        known[kind] = max(end, other) if end and other else UNTIL_NOW


def _read_denied(head: dict[str, Any]) -> dict[str, Denials]:
    """Reads what is denied. Earlier versions listed what is denied until now, and kept denials that
    are taken back apart."""
    denied: dict[str, Denials] = {}
    for each, kinds in head.get("denied", {}).items():
        denied[each] = kinds if isinstance(kinds, dict) else dict.fromkeys(kinds, UNTIL_NOW)
    for each, denials in head.get("denied_before", {}).items():
        add_denials(denied.setdefault(each, {}), denials)
    return denied
