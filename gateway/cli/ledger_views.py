"""Shows what the ledger knows as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from gateway.cli.terminal import cell, number, table
from gateway.event.endings import ENDINGS
from gateway.event.text import utc

if TYPE_CHECKING:
    from rich.table import Table

    from gateway.ledger.answers import Ending, Listed, Story
    from gateway.ledger.reading import Counts

STYLES = {
    "delivered": "green",
    "delivered with warnings": "yellow",
    "dry run": "cyan",
    "rejected": "red",
    "expired": "red",
    "pending": "yellow",
    "submitted": "yellow",
    "held": "yellow",
}
OTHERS = "(others)"


def story_view(story: Story) -> Group:
    """An event, its consent, and a row for each destination with its attempts."""
    sender = "a trusted sender" if story.trusted else "a sender without a key"
    rows = table("", "destination", "ending", "when", "tries", "answer", "reason")
    for ending in story.endings:
        for row in _rows(ending):
            rows.add_row(*row)
    head = f"{story.name}, received {utc(story.at)} at {story.source} from {sender}"
    return Group(
        cell(head, "bold"),
        cell(f"receipt {story.receipt}, decided by configuration {story.version}"),
        cell(f"consent: {story.consent}"),
        rows,
        "",
    )


def listing(endings: Iterable[Listed]) -> Table:
    """A row for each ending."""
    shown = table("", "received", "event", "destination", "ending", "answer", "reason", "receipt")
    for each in endings:
        ending = each.ending
        shown.add_row(
            cell(utc(each.received_at)),
            cell(each.name),
            cell(ending.destination),
            cell(ending.ending, STYLES.get(ending.ending, "")),
            _status(ending.status),
            cell(ending.reason),
            cell(each.receipt),
        )
    return shown


def counts_view(counts: Counts, dimension: str, top: int) -> Table:
    """A row for each destination and value of the dimension, the most frequent values first. top:
    how many values of each destination get a row of their own; the others share one."""
    found = {ending for _, _, ending in counts}
    known = [name for name in ("accepted", *ENDINGS) if name in found]
    columns = ["destination", *([dimension] if dimension else [])]
    shown = table("", *columns, *known, numbers=known)
    for destination in sorted({destination for _, destination, _ in counts}):
        for value, numbers in _top(counts, destination, top):
            texts = [number(numbers.get(name, 0)) for name in known]
            shown.add_row(cell(destination), *([cell(value)] if dimension else []), *texts)
    return shown


def _top(counts: Counts, destination: str, top: int) -> Iterator[tuple[str, dict[str, int]]]:
    values: dict[str, dict[str, int]] = {}
    for (value, name, ending), count in counts.items():
        if name == destination:
            values.setdefault(value, {})[ending] = count
    ranked = sorted(values.items(), key=lambda each: (-max(each[1].values()), each[0]))
    yield from ranked[:top]
    rest: dict[str, int] = {}
    for _, numbers in ranked[top:]:
        for ending, count in numbers.items():
            rest[ending] = rest.get(ending, 0) + count
    if rest:
        yield OTHERS, rest


def _rows(ending: Ending) -> Iterator[tuple[Text, ...]]:
    name = ending.destination
    if ending.passage > 1:
        name += f" (sent again, {ending.passage - 1})"
    for attempt in ending.attempts:
        yield (
            cell(name),
            cell("tried", "yellow"),
            cell(utc(attempt.at)),
            cell(str(attempt.tries)),
            _status(attempt.status),
            cell(attempt.reason),
        )
    yield (
        cell(name),
        cell(ending.ending, STYLES.get(ending.ending, "")),
        cell("" if ending.at is None else utc(ending.at)),
        cell(str(ending.tries or "")),
        _status(ending.status),
        cell(ending.reason),
    )


def _status(status: int | None) -> Text:
    return cell("" if status is None else str(status))
