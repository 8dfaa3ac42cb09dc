"""Stored events as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import click
from rich.table import Table

from gateway.cli.terminal import cell, console, table
from gateway.event.text import json_text, printable, utc
from gateway.event.words import counted
from gateway.operations.stored import K, Presentation, Sheet, Store

MAX_KINDS = 40

Kind = tuple[str, ...]


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def print_counts(noun: str, rest: str, kinds: Counter[Kind], *columns: str) -> bool:
    """Prints how many there are of each kind. Returns whether there are any. noun: what one of them
    is called. rest: the words after the noun, if any. columns: the parts of a kind."""
    if kinds:
        title = f"{counted(kinds.total(), noun)} {rest}".rstrip()
        console().print(_counts_table(title, kinds, *columns))
    else:
        click.echo(f"No {noun}s {rest}".rstrip() + ".")
    return bool(kinds)


def _counts_table(title: str, kinds: Counter[Kind], *columns: str) -> Table:
    """A table of kinds, the most frequent first."""
    counts = table(title, "events", *columns, numbers=["events"])
    frequent = kinds.most_common()
    for kind, count in frequent[:MAX_KINDS]:
        counts.add_row(str(count), *map(cell, kind))
    if others := frequent[MAX_KINDS:]:
        events = str(sum(count for _, count in others))
        counts.add_row(events, cell(f"{len(others)} other kinds"))
    return counts


def newest_table(shown: Presentation[K], newest: Sequence[tuple[Store[K], K]]) -> Table:
    """One row for each of `newest`, without its payload."""
    made = table(f"The newest {len(newest)}", *shown.row_columns)
    for store, stored in newest:
        made.add_row(utc(stored.stored_at), *map(cell, shown.row(store, stored)))
    return made


def sheet_in_words(sheet: Sheet) -> str:
    lines = [printable(sheet.title)]
    lines += [f"  {name:<14}{printable(fact)}" for name, fact in sheet.facts.items()]
    lines += [f"  {line}" for line in json_text(sheet.event).splitlines()]
    return "\n".join(lines)
