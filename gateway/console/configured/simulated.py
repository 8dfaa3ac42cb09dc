"""How many of the recorded events would go differently with another configuration."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from gateway.configuration.settings import Settings
from gateway.console.configured.before_record import Apply, compile_before_record
from gateway.ledger.answers import Wanted
from gateway.ledger.reading import LedgerReader
from gateway.ledger.recorded import Recorded
from gateway.pipeline.decision import Verdict
from gateway.pipeline.replaying import Redecide, compile_redecision

MAX_EVENTS = 1_000
MAX_SECONDS = 10.0

Kind = Literal["same", "sent now", "withheld now", "sent otherwise", "unknown"]

KINDS: tuple[Kind, ...] = ("same", "sent now", "withheld now", "sent otherwise", "unknown")


@dataclass(slots=True)
class Simulated:
    """What would become of the newest events.

    events: how many were looked at. since: when the oldest of them came in, Unix seconds; None
    without one. is_cut: whether older ones in the time were not looked at. notes: which changes
    were tried and which were not, in sentences. counts: by destination and kind. samples: the
    receipt of one event for each count.
    """

    events: int = 0
    since: float | None = None
    is_cut: bool = False
    notes: list[str] = field(default_factory=list)
    counts: dict[str, Counter[Kind]] = field(default_factory=dict)
    samples: dict[str, dict[Kind, str]] = field(default_factory=dict)


def simulate(reader: LedgerReader, now: Settings, trial: Settings, hours: float) -> Simulated:
    """Decides again, with both configurations, about the events of the last `hours`, the newest
    first, `MAX_EVENTS` and `MAX_SECONDS` at most: for a thread.

    What the trial changes for every event is applied to what was recorded, as
    `compile_before_record` says.
    """
    names = [name for name in now.destinations if name in trial.destinations]
    both = {
        name: (compile_redecision(now, name), compile_redecision(trial, name)) for name in names
    }
    before = compile_before_record(now, trial)
    simulated = Simulated(notes=before.notes)
    for name in names:
        simulated.counts[name], simulated.samples[name] = Counter(), {}
    ends = time.monotonic() + MAX_SECONDS
    for receipt in _receipts(reader, time.time() - 3600 * hours):
        if simulated.events >= MAX_EVENTS or time.monotonic() > ends:
            simulated.is_cut = True
            break
        recorded = reader.recorded_event(receipt, names)
        if not recorded:
            continue
        simulated.events += 1
        for name, each in recorded.items():
            simulated.since = each.received_at
            kind: Kind = "unknown"
            if not each.lack:
                kind = _try(each, *both[name], before.apply)
            simulated.counts[name][kind] += 1
            simulated.samples[name].setdefault(kind, receipt)
    return simulated


def _receipts(reader: LedgerReader, since: float) -> Iterator[str]:
    """Of the events that came in since then and have ended somewhere, the newest first."""
    last = ""
    for listed in reader.endings(Wanted(since=since)):
        if listed.receipt != last:
            last = listed.receipt
            yield last


def _try(recorded: Recorded, now: Redecide, trial: Redecide, before: Apply) -> Kind:
    event, received = recorded.as_received()
    decided = now(event, received, recorded.consent, recorded.received_at)
    changed, dropped = before(event, received)
    if dropped is not None:
        return "same" if decided.event is None else "withheld now"
    tried = trial(changed, received, recorded.consent, recorded.received_at)
    return _kind(decided, tried)


def _kind(now: Verdict, trial: Verdict) -> Kind:
    if now.event is None:
        return "same" if trial.event is None else "sent now"
    if trial.event is None:
        return "withheld now"
    return "same" if now.event == trial.event else "sent otherwise"
