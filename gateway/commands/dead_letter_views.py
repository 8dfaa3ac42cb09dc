"""Dead letters as a person reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.table import Table

from gateway.commands.terminal import cell, json_text, masked, printable, table, utc
from gateway.queue.dead_letters import DeadLetter

LONGEST_REASON = 100
MOST_KINDS = 40
_VARYING = re.compile(r"\d+\.\d+|\d{5,}")
"""Ages, times and ids, which would make each reason a kind of its own. Codes are shorter."""

Mask = Callable[[str], str]


class Kind(NamedTuple):
    """What dead letters that are counted together have in common."""

    destination: str
    result: str
    event_name: str
    reason: str

    @classmethod
    def of(cls, destination: str, letter: DeadLetter, mask: Mask) -> Kind:
        reason = short(_VARYING.sub("#", mask(letter.reason)))
        return cls(destination, letter.result, letter.event_name, reason)


def short(reason: str) -> str:
    """`reason` on one line of at most `LONGEST_REASON` characters."""
    line = printable(" ".join(reason.split()))
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def counts_table(kinds: Counter[Kind]) -> Table:
    """How many there are of each kind, the most frequent first."""
    columns = ("events", "destination", "result", "event name", "reason")
    counts = table(f"{kinds.total()} dead letters", *columns, numbers=["events"])
    for kind, count in kinds.most_common(MOST_KINDS):
        counts.add_row(str(count), *map(cell, kind))
    if others := kinds.most_common()[MOST_KINDS:]:
        events = str(sum(count for _, count in others))
        counts.add_row(events, cell(f"{len(others)} other kinds"))
    return counts


def newest_table(letters: Sequence[tuple[str, DeadLetter, Mask]]) -> Table:
    """One row for each of `letters`, given with its destination; nothing of their payload."""
    columns = ("ended", "destination", "event name", "event id", "result", "reason")
    newest = table(f"The newest {len(letters)}", *columns)
    for destination, letter, mask in letters:
        words = (letter.event_name, letter.event_id, letter.result, short(mask(letter.reason)))
        newest.add_row(utc(letter.ended_at), cell(destination), *map(cell, words))
    return newest


def in_words(destination: str, letter: DeadLetter, mask: Mask) -> str:
    """Everything of `letter`, without the secrets of its destination."""
    response = letter.response
    facts = {
        "event": f"{letter.event_name} ({letter.event_id})",
        "reason": letter.reason,
        "answer": f"HTTP {response['status']}: {response['body']}" if response else "none",
        "ended": utc(letter.ended_at),
        "last attempt": f"{utc(letter.at)}, delivery no. {letter.deliveries}",
        "received": f"{utc(letter.received_at)} from {letter.source}",
        "rules": ", ".join(letter.applied) or "none",
        "version": letter.version,
    }
    lines = [printable(f"{destination}: {letter.result} ({letter.id})")]
    lines += [f"  {name:<14}{printable(mask(fact))}" for name, fact in facts.items()]
    lines += [f"  {line}" for line in json_text(masked(letter.event, mask)).splitlines()]
    return "\n".join(lines)
