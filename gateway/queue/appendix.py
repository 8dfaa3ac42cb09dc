"""What requests add to the queue, and the plan by which `append.lua` writes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Self

from gateway.event import Event
from gateway.pipeline import Decision
from gateway.queue.entry import encode, encode_quarantined, encode_waiting


class Appendix:
    """What one request adds. Payloads are numbered from 1.

    payloads: entries of streams, and what waits or is kept aside. marks: what the event of each is
    known by when it comes again, "" if it cannot. sent: for each destination the payloads that it
    gets. withheld, held: for each destination how many events are withheld, and by how many more
    wait for late consent. waiting: of each visitor that waits the payload and the destinations.
    said: what visitors state about consent. quarantine: payloads that are kept aside. released: ids
    of entries that leave the quarantine. weight: entries of streams. size: bytes of the payloads.
    """

    __slots__ = (
        *("held", "marks", "payloads", "quarantine", "released", "said"),
        *("sent", "size", "waiting", "weight", "withheld"),
    )

    def __init__(self, decisions: Sequence[Decision] = (), marked: bool = False) -> None:
        """marked: whether events may be known again."""
        self.payloads: list[bytes] = []
        self.marks: list[str] = []
        self.sent: dict[str, list[int]] = {}
        self.withheld: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.waiting: list[tuple[str, int, list[str]]] = []
        self.said: dict[str, dict[str, str]] = {}
        self.quarantine: list[int] = []
        self.released: list[str] = []
        for decision in decisions:
            self._add(decision, mark(decision.event) if marked else "")
        self._measure()

    @classmethod
    def of(cls, head: dict[str, Any], payloads: list[bytes]) -> Self:
        """The appendix whose `head` and payloads were written down. Raises LookupError or TypeError
        for another head."""
        appendix = cls()
        appendix.payloads = payloads
        appendix.sent, appendix.withheld = head["sent"], head["withheld"]
        appendix.marks = head.get("marks", [""] * len(payloads))  # earlier versions wrote none
        for name in ("waiting", "said", "quarantine"):
            setattr(appendix, name, head.get(name, getattr(appendix, name)))
        appendix._measure()
        return appendix

    @property
    def head(self) -> dict[str, Any]:
        """All but the payloads, as JSON can say it."""
        names = ("sent", "withheld", "marks", "waiting", "said", "quarantine")
        return {name: getattr(self, name) for name in names}

    @property
    def events(self) -> int:
        """How many it brought to the destination that was concerned most."""
        waiting = [name for _, _, names in self.waiting for name in names]
        return max(
            (
                len(self.sent.get(name, ())) + self.withheld.get(name, 0) + waiting.count(name)
                for name in {*self.sent, *self.withheld, *waiting}
            ),
            default=0,
        )

    def part_of(self, destination: str) -> Appendix:
        """What it adds for `destination` alone."""
        part, sent = Appendix(), self.sent.get(destination, ())
        part.payloads = [self.payloads[number - 1] for number in sent]
        part.marks = [self.marks[number - 1] for number in sent]
        part.sent = {destination: list(range(1, len(sent) + 1))}
        part.withheld = {destination: self.withheld.get(destination, 0)}
        part.held = {destination: self.held.get(destination, 0)}
        return part

    def own_part(self) -> Appendix:
        """What it adds for no destination."""
        part = Appendix()
        part.payloads = [self.payloads[number - 1] for number in self.quarantine]
        part.marks = [""] * len(part.payloads)
        part.quarantine = list(range(1, len(part.payloads) + 1))
        part.said, part.released = self.said, self.released
        return part

    def _measure(self) -> None:
        self.weight = sum(map(len, self.sent.values()))
        self.size = sum(map(len, self.payloads))

    def _add(self, decision: Decision, known_by: str) -> None:
        # many destinations get the very same event: written once
        numbers: dict[tuple[int, tuple[str, ...]], int] = {}
        waiting: list[str] = []
        for name, verdict in decision.verdicts.items():
            if verdict.event is None:
                if verdict.stage == "hold":
                    waiting.append(name)
                else:
                    self.withheld[name] = self.withheld.get(name, 0) + 1
                continue
            content = id(verdict.event), verdict.applied
            number = numbers.get(content)
            if number is None:
                number = self._payload(encode(decision, verdict.event, verdict.applied), known_by)
                numbers[content] = number
            self.sent.setdefault(name, []).append(number)
        late = decision.late
        if late is not None:
            if waiting:
                number = self._payload(encode_waiting(late, waiting))
                self.waiting.append((late.visitor, number, waiting))
            if late.stated:
                self.said.setdefault(late.visitor, {}).update(late.stated)
        if decision.quarantine:
            self.quarantine.append(self._payload(encode_quarantined(decision)))

    def _payload(self, payload: bytes, known_by: str = "") -> int:
        self.payloads.append(payload)
        self.marks.append(known_by)
        return len(self.payloads)


def mark(event: Event) -> str:
    """What an event is known by when it comes again: a digest of its name and its `event_id`.

    The name is part of it since a page may well give what belongs together one id.
    """
    text = f"{event['event_name']}\0{event['event_id']}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def parts_of(group: Sequence[Appendix]) -> tuple[list[list[Appendix]], list[Appendix]]:
    """`group` as what each destination gets, and what is the gateway's own.

    The own part is empty unless it holds something, or a request that concerns no destination.
    """
    parts: dict[str, list[Appendix]] = {}
    own: list[Appendix] = []
    for appendix in group:
        concerned = {*appendix.sent, *appendix.withheld, *appendix.held}
        for name in concerned:
            parts.setdefault(name, []).append(appendix.part_of(name))
        if not concerned or appendix.quarantine or appendix.said or appendix.released:
            own.append(appendix.own_part())
    return list(parts.values()), own


def plan_of(group: Sequence[Appendix]) -> tuple[list[str], list[bytes], dict[str, Any]]:
    """The destinations that a group concerns, its payloads, and its part of the script's plan.

    A row of the plan says how many events were withheld, which payloads the destination gets, and
    by how many more wait.
    """
    rows: defaultdict[str, list[Any]] = defaultdict(lambda: [0, [], 0])
    said: defaultdict[str, dict[str, str]] = defaultdict(dict)
    waiting: list[tuple[str, int, list[str]]] = []
    payloads: list[bytes] = []
    marks: list[str] = []
    quarantine: list[int] = []
    released: list[str] = []
    for appendix in group:
        before = len(payloads)
        payloads += appendix.payloads
        marks += appendix.marks
        released += appendix.released
        for name in appendix.withheld:
            rows[name][0] += appendix.withheld[name]
        for name, numbers in appendix.sent.items():
            of_name = rows[name][1]
            for number in numbers:
                of_name.append(before + number)
        for name in appendix.held:
            rows[name][2] += appendix.held[name]
        for visitor in appendix.said:
            said[visitor].update(appendix.said[visitor])
        for visitor, number, names in appendix.waiting:
            waiting.append((visitor, before + number, names))
            for name in names:
                rows[name][2] += 0  # whether there is room for it, the script finds out
        for number in appendix.quarantine:
            quarantine.append(before + number)
    places = {name: place for place, name in enumerate(rows, 1)}
    plan = {
        "marks": marks,
        "quarantine": quarantine,
        "released": released,
        "said": said,
        "waiting": [(who, number, [places[n] for n in names]) for who, number, names in waiting],
        "destinations": list(rows.values()),
    }
    return list(rows), payloads, plan
