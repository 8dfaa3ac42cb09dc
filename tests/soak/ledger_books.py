"""The verdict on the ledger of one destination: its rows, compared with the gateway's counts and
with the events that the sink accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.ledger.answers import Wanted
from gateway.ledger.reading import LedgerReader, Readable
from gateway.ledger.recorded import MISSING, PENDING
from tests.soak.report import Report
from tests.soak.sink_process import Arrival, times_taken

COUNTED = ("withheld", "delivered", "rejected", "expired")


class Row(NamedTuple):
    """The ending of an event. event_id: "" if the content is not stored, as for a repetition.
    tries: how often the event was handed to a drain."""

    event_id: str
    ending: str
    tries: int


@dataclass(frozen=True)
class LedgerBooks:
    """name: that of the destination. rows: its endings. unended: ids of events that have no ending
    there in the ledger."""

    name: str
    rows: Sequence[Row]
    unended: Collection[str]

    @classmethod
    def read(cls, place: Readable, name: str) -> LedgerBooks:
        """Reads the ledger of a gateway that keeps the whole content of events."""
        reader = LedgerReader(place)
        rows = [
            Row(_event_id(each.payload), each.ending.ending, each.ending.tries)
            for each in reader.endings(Wanted(destination=name))
        ]
        unended = [
            _event_id(each.event)
            for each in reader.recorded(name, Wanted())
            if each.ending in (MISSING, PENDING)
        ]
        return cls(name, rows, unended)

    def enter(
        self,
        report: Report,
        accepted: Collection[str],
        outcomes: Mapping[str, int],
        taken: Sequence[Arrival],
    ) -> None:
        """Checks that each event has its ending, that there are as many rows as the gateway
        counted, and that the ledger has each time that an event was sent.

        accepted: ids of the events that were confirmed to senders. outcomes: the gateway's counts.
        taken: the events that the sink accepted.
        """
        name, known = self.name, {row.event_id for row in self.rows} - {""}
        endings = Counter(row.ending for row in self.rows)
        unknown = [each for each in accepted if each not in known]
        more = self.unexplained(taken)
        sent_again = sum(max(0, row.tries - 1) for row in self.rows)
        report.row(
            f"{name}: ledger",
            f"{len(self.rows)} endings of {len(known)} events; {sent_again} tries after the first",
        )
        report.check(not unknown, f"{name}: the ledger knows each event, but not {_some(unknown)}")
        report.check(not self.unended, f"{name}: each has its ending, not {_some(self.unended)}")
        for ending in COUNTED:
            report.check(
                endings[ending] == outcomes[ending],
                f"{name}: the ledger has {endings[ending]} {ending}, Redis {outcomes[ending]}",
            )
        report.check(not more, f"{name}: sent more often than the ledger knows: {_some(more)}")

    def unexplained(self, taken: Sequence[Arrival]) -> list[str]:
        """Ids of events that the sink accepted more often than the ledger has tries."""
        tries: Counter[str] = Counter()
        for row in self.rows:
            tries[row.event_id] += row.tries
        return [event_id for event_id, n in times_taken(taken).items() if n > tries[event_id]]


def _event_id(event: Mapping[str, object] | None) -> str:
    return str((event or {}).get("event_id", ""))


def _some(ids: Collection[str]) -> str:
    return f"{len(ids)}: {', '.join(sorted(ids)[:5])}"
