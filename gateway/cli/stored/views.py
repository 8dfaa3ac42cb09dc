"""Stored events as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import click
from rich.table import Table

from gateway.cli.stored.selection import K, Presentation, Store
from gateway.cli.terminal import cell, console, table, utc
from gateway.event import Event
from gateway.event.text import json_text, printable

MAX_REASON = 100
MAX_KINDS = 40
_VARYING = re.compile(r"\d+\.\d+|\d{5,}|(?<=\.)\d+(?=[.:])")
"""Ages, times, ids and places in a list, which would make each reason a kind of its own. Codes are
shorter."""

Kind = tuple[str, ...]


def short(reason: str) -> str:
    """`reason` on one line of at most `MAX_REASON` characters."""
    line = printable(" ".join(reason.split()))
    return line if len(line) <= MAX_REASON else f"{line[: MAX_REASON - 1]}…"


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
    for kind, count in frequent[:MAX_KINDS]:
        counts.add_row(str(count), *map(cell, kind))
    if others := frequent[MAX_KINDS:]:
        events = str(sum(count for _, count in others))
        counts.add_row(events, cell(f"{len(others)} other kinds"))
    return counts


def newest_table(shown: Presentation[K], newest: Sequence[tuple[Store[K], K]]) -> Table:
    """One row for each of `newest`; nothing of their payload."""
    made = table(f"The newest {len(newest)}", *shown.row_columns)
    for store, stored in newest:
        made.add_row(utc(stored.stored_at), *map(cell, shown.row(store, stored)))
    return made


def sheet(title: str, facts: Mapping[str, str], event: Event) -> str:
    """All that there is to say about one event."""
    lines = [printable(title)]
    lines += [f"  {name:<14}{printable(fact)}" for name, fact in facts.items()]
    lines += [f"  {line}" for line in json_text(event).splitlines()]
    return "\n".join(lines)
