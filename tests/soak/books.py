"""The verdict on one destination, by set arithmetic over the data of senders, gateway and sink."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tests.soak.report import Report
from tests.soak.sending import Sent
from tests.soak.sink_process import Arrival, ids_with_several_keys, times_taken
from tests.support.gateway_process import adds_up

MAX_DUPLICATES = 0.015


@dataclass(frozen=True)
class Accounting:
    """name: that of the destination. meant: the ids that it should get if they are accepted; others
    are withheld. outcomes: the gateway's counts. taken: the events that the sink accepted."""

    name: str
    sent: Sent
    meant: Collection[str]
    outcomes: dict[str, int]
    taken: Sequence[Arrival]

    @property
    def wanted(self) -> set[str]:
        return {event_id for event_id in self.meant if event_id in self.sent.accepted}

    @property
    def lost(self) -> set[str]:
        return self.wanted - times_taken(self.taken).keys()

    @property
    def distinct(self) -> int:
        return len(times_taken(self.taken))

    @property
    def duplicates(self) -> int:
        return len(self.taken) - self.distinct

    def enter(self, report: Report, most_duplicates: float = MAX_DUPLICATES) -> None:
        """Checks what must hold once everything is delivered, and reports the results.

        most_duplicates: share of the events that may reach the sink twice.
        """
        name, outcomes = self.name, self.outcomes
        twice_sent = len(self.taken) - outcomes["delivered"]
        twice_accepted = outcomes["delivered"] - self.distinct
        share = self.duplicates / max(1, self.distinct)
        report.row(f"{name}: lost", f"{len(self.lost)} of {len(self.wanted)}")
        report.row(
            f"{name}: duplicates",
            f"{self.duplicates} ({share:.2%}): {twice_sent} sent twice, {twice_accepted} accepted "
            f"twice ({self.sent.uncertain} tries had an uncertain answer)",
        )
        report.row(f"{name}: books", ", ".join(f"{v} {k}" for k, v in outcomes.items() if v))
        report.check(not self.lost, f"{name}: 0 lost, not {len(self.lost)}: {_some(self.lost)}")
        report.check(share <= most_duplicates, f"{name}: duplicates {share:.2%}")
        several = ids_with_several_keys(self.taken)
        report.check(not several, f"{name}: one dedupe key for each event, not {_some(several)}")
        self._check_counts(report)

    def _check_counts(self, report: Report) -> None:
        """Compares the gateway's counts with the data of senders and sink. An event is accepted at
        least once, and at most as often as it was sent, or twice that if Redis died while the spool
        was fed; it is delivered as often as accepted; and the sink gets it at least that often."""
        name, sent, outcomes = self.name, self.sent, self.outcomes
        withheld = {event_id for event_id in sent.accepted if event_id not in self.meant}
        withheld_tries = sum(n for event_id, n in sent.tries.items() if event_id not in self.meant)
        report.check(adds_up(outcomes), f"{name}: the books add up: {outcomes}")
        for outcome, least, most in (
            ("accepted", len(sent.accepted), 2 * sent.tries.total()),
            ("withheld", len(withheld), 2 * withheld_tries),
            ("delivered", self.distinct, len(self.taken)),
            ("rejected", 0, 0),
            ("expired", 0, 0),
            ("pending", 0, 0),
        ):
            report.check(
                least <= outcomes[outcome] <= most,
                f"{name}: {outcome} from {least} to {most}, not {outcomes[outcome]}",
            )


def enter_answers(report: Report, sent: Sent, events: int) -> None:
    """Reports the answers to the senders, and checks that every event was accepted in the end."""
    answers = ", ".join(f"{count} x {answer}" for answer, count in sent.answers.most_common())
    report.row("answers", answers)
    report.check(len(sent.accepted) == events, f"accepted {len(sent.accepted)} of {events}")


def _some(ids: Collection[str]) -> str:
    return ", ".join(sorted(ids)[:5])
