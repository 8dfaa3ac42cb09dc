"""What happened to an event at one destination, step by step. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.event.words import duration
from gateway.ledger.answers import Ending, Story

_TYPE = re.compile(r"(\w+) (granted|denied|unset)(?: \((.*)\))?")

WAITING = {
    "pending": "It waits to be sent, or to be sent again.",
    "submitted": "The vendor has it, and gives its verdict later.",
    "held": "It waits for the visitor's consent.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """at: Unix seconds, None for what has not happened yet. after: how long after the event came
    in, in words. what: such as ``try 2``, or an ending. status: of the response. words: the
    reason."""

    at: float | None
    after: str
    what: str
    status: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Passage:
    """An event's way to one destination. number: 1, and one more each time that it was sent again.
    version: of the configuration that decided or sent it."""

    number: int
    ending: str
    stage: str
    version: str
    steps: Sequence[Step]


def passages(story: Story) -> dict[str, list[Passage]]:
    """The passages of an event, by destination."""
    found: dict[str, list[Passage]] = {}
    for each in story.endings:
        steps = [*_steps(story.at, each)]
        passage = Passage(each.passage, each.ending, each.stage, each.version, steps)
        found.setdefault(each.destination, []).append(passage)
    return found


def _steps(received_at: float, ending: Ending) -> list[Step]:
    tries = [
        Step(
            attempt.at,
            _after(attempt.at, received_at),
            f"try {attempt.tries}",
            attempt.status,
            attempt.reason,
        )
        for attempt in sorted(ending.attempts, key=lambda each: each.at)
    ]
    words = ending.reason or WAITING.get(ending.ending, "")
    after = "" if ending.at is None else _after(ending.at, received_at)
    return [*tries, Step(ending.at, after, ending.ending, ending.status, words)]


def _after(at: float, received_at: float) -> str:
    seconds = max(0.0, at - received_at)
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms later"
    return f"{seconds:.1f} s later" if seconds < 10 else f"{duration(seconds)} later"


@dataclass(frozen=True, slots=True)
class Decided:
    """The state of a consent type, and who decided it."""

    type: str
    state: str
    by: str


def consent_of(line: str) -> tuple[list[Decided], list[str]]:
    """The decided types and notes in `line`, the consent of an event as the ledger has it."""
    decided, notes = [], []
    for part in line.split("; ") if line else ():
        found = _TYPE.fullmatch(part)
        if found is None:
            notes.append(part)
        else:
            decided.append(Decided(found[1], found[2], found[3] or ""))
    return decided, notes
