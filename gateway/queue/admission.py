"""Admission: decides which events of a request are accepted when a limit is reached.

A request that is refused in part is answered 503, and its sender repeats it. So only events that a
repetition cannot add twice are taken: those with an `event_id` of their own, by which destinations
recognise them. Nothing else is appended, held or quarantined before the repetition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.bounds import ALL_MEMORY, WITHDRAWALS

HOLD_FULL = "hold_full"
"""The counter of events that were withheld since too many were held."""


NO_ROOM = "no room to hold it"
"""The label of the verdicts of events that `HOLD_FULL` counts."""


class RefusedEvent(NamedTuple):
    """An event that was refused, at least in part. place: among the request's events, from 0.
    taken: the destinations that took it. full: its destinations that are full."""

    place: int
    taken: Sequence[str]
    full: Sequence[str]


class Full(Exception):
    """A limit was reached and events are refused; the text says which limit.

    events: the refused ones, if others of their request were taken. awaited: whether events are
    held for which the request states consent.
    """

    def __init__(self, reason: str, events: Sequence[RefusedEvent] = ()) -> None:
        super().__init__(reason)
        self.events = events
        self.awaited = False


@dataclass(frozen=True, slots=True)
class Admission:
    """decisions: what is appended. refused: why the request is refused all the same, or None."""

    decisions: Sequence[Decision]
    refused: Full | None = None


def are_trusted(decisions: Sequence[Decision]) -> bool:
    """Whether the sender has shown a key. decisions: of one request."""
    return bool(decisions) and decisions[0].trusted


def admit(decisions: Sequence[Decision], closed: Mapping[str, str]) -> Admission:
    """What can be appended of `decisions`, which belong to one request. closed: as in
    `gateway.queue.bounds.Closed`. Raises `Full` when nothing can."""
    if ALL_MEMORY in closed:
        raise Full(closed[ALL_MEMORY])
    if WITHDRAWALS in closed and any(map(_denies, decisions)):
        raise Full(closed[WITHDRAWALS])
    full = {name for decision in decisions for name in _sent(decision) if name in closed}
    if not full:
        return Admission(decisions)
    refused: list[RefusedEvent] = []
    taken: list[Decision] = []
    for place, decision in enumerate(decisions):
        part = _repeatable_part(decision, closed)
        missing = [name for name in _sent(decision) if name in closed]
        if missing or _loses(decision, part):
            refused.append(RefusedEvent(place, [*part], missing))
        left_out = tuple(name for name in decision.verdicts if name not in part)
        taken.append(replace(decision, verdicts=part, quarantine="", refused=left_out))
    reason = "; ".join(closed[name] for name in sorted(full))
    if not any(decision.verdicts for decision in taken):
        raise Full(reason)
    return Admission(taken, Full(reason, refused))


def withhold_held(decisions: Sequence[Decision], reason: str) -> int:
    """Changes `decisions`: withholds what would be held. Returns how many events that concerns."""
    changed = 0
    for decision in decisions:
        if any(verdict.stage == "hold" for verdict in decision.verdicts.values()):
            changed += 1
            decision.verdicts = {
                name: _withheld(verdict, reason) if verdict.stage == "hold" else verdict
                for name, verdict in decision.verdicts.items()
            }
    return changed


def _withheld(verdict: Verdict, reason: str) -> Verdict:
    return replace(verdict, stage="consent", reason=f"not held: {reason}", label=NO_ROOM)


def _denies(decision: Decision) -> bool:
    held = decision.held_consent
    return held is not None and bool(held.denied) and bool(held.speaks_for)


def _sent(decision: Decision) -> Sequence[str]:
    return [name for name, verdict in decision.verdicts.items() if verdict.event is not None]


def _repeatable_part(decision: Decision, closed: Mapping[str, str]) -> dict[str, Verdict]:
    """The verdicts that can be carried out now, and once more when the event is repeated."""
    if not decision.has_own_id:
        return {}
    return {name: decision.verdicts[name] for name in _sent(decision) if name not in closed}


def _loses(decision: Decision, part: Mapping[str, Verdict]) -> bool:
    """Whether `part` leaves out something that must still happen to the event."""
    is_held = any(verdict.stage == "hold" for verdict in decision.verdicts.values())
    return is_held or bool(decision.quarantine) or len(part) < len(_sent(decision))
