"""Dead letters as a person reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table

from gateway.commands.kept_views import common, print_counts, sheet, short
from gateway.commands.targets import Mask
from gateway.commands.terminal import cell, masked, table, utc
from gateway.queue.dead_letters import DeadLetter


class Kind(NamedTuple):
    """What dead letters that are counted together have in common."""

    destination: str
    result: str
    event_name: str
    reason: str

    @classmethod
    def of(cls, destination: str, letter: DeadLetter, mask: Mask) -> Kind:
        return cls(destination, letter.result, letter.event_name, common(mask(letter.reason)))


def print_kinds(kinds: Counter[Kind]) -> bool:
    """Prints how many there are of each kind; whether there are any."""
    columns = ("destination", "result", "event name", "reason")
    return print_counts("dead letters", kinds, *columns)


def newest_table(letters: Sequence[tuple[str, DeadLetter, Mask]]) -> Table:
    """One row for each of `letters`, given with its destination; nothing of their payload."""
    columns = ("ended", "destination", "event name", "event id", "result", "reason")
    newest = table(f"The newest {len(letters)}", *columns)
    for destination, letter, mask in letters:
        words = (letter.event_name, letter.event_id, letter.result, short(mask(letter.reason)))
        newest.add_row(utc(letter.kept_since), cell(destination), *map(cell, words))
    return newest


def in_words(destination: str, letter: DeadLetter, mask: Mask) -> str:
    """Everything of `letter`, without the secrets of its destination."""
    response = letter.response
    facts = {
        "event": f"{letter.event_name} ({letter.event_id})",
        "reason": letter.reason,
        "answer": f"HTTP {response['status']}: {response['body']}" if response else "none",
        "ended": utc(letter.kept_since),
        "last attempt": f"{utc(letter.at)}, delivery no. {letter.deliveries}",
        "received": f"{utc(letter.received_at)} from {letter.source}",
        "rules": ", ".join(letter.applied) or "none",
        "version": letter.version,
    }
    return sheet(
        f"{destination}: {letter.result} ({letter.id})",
        {name: mask(fact) for name, fact in facts.items()},
        masked(letter.event, mask),
    )
