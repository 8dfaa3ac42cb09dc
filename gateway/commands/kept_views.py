"""Kept events as a person reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

import click
from rich.table import Table

from gateway.commands.terminal import cell, console, json_text, printable, table
from gateway.event import Event

LONGEST_REASON = 100
MOST_KINDS = 40
_VARYING = re.compile(r"\d+\.\d+|\d{5,}|(?<=\.)\d+(?=[.:])")
"""Ages, times, ids and places in a list, which would make each reason a kind of its own. Codes are
shorter."""

Kind = TypeVar("Kind", bound=tuple[str, ...])


def short(reason: str) -> str:
    """`reason` on one line of at most `LONGEST_REASON` characters."""
    line = printable(" ".join(reason.split()))
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def common(reason: str) -> str:
    """`reason` without what differs from event to event, in short."""
    return short(_VARYING.sub("#", reason))


def print_counts(what: str, kinds: Counter[Kind], *columns: str) -> bool:
    """Prints how many there are of each kind; whether there are any. what: they are, in the plural.
    columns: what a kind consists of."""
    if kinds:
        console().print(_counts_table(f"{kinds.total()} {what}", kinds, *columns))
    else:
        click.echo(f"No {what}.")
    return bool(kinds)


def _counts_table(title: str, kinds: Counter[Kind], *columns: str) -> Table:
    """The most frequent first."""
    counts = table(title, "events", *columns, numbers=["events"])
    frequent = kinds.most_common()
    for kind, count in frequent[:MOST_KINDS]:
        counts.add_row(str(count), *map(cell, kind))
    if others := frequent[MOST_KINDS:]:
        events = str(sum(count for _, count in others))
        counts.add_row(events, cell(f"{len(others)} other kinds"))
    return counts


def sheet(title: str, facts: Mapping[str, str], event: Event) -> str:
    """All that there is to say about one event."""
    lines = [printable(title)]
    lines += [f"  {name:<14}{printable(fact)}" for name, fact in facts.items()]
    lines += [f"  {line}" for line in json_text(event).splitlines()]
    return "\n".join(lines)
