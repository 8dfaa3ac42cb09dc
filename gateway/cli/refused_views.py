"""Refused requests and events as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gateway.cli.terminal import cell, number, table
from gateway.event.text import json_text, utc
from gateway.event.words import counted
from gateway.explain.refused_hints import Sources, hint_for
from gateway.explain.refused_words import request_in_words
from gateway.queue.refused import RefusedEvent
from gateway.queue.refused_requests import SampledRequest


def requests_view(requests: Sequence[SampledRequest], sources: Sources) -> Group:
    """A table of refused requests, and below it the hints that it refers to."""
    columns = ("last seen", "times", "went to", "reason", "request", "hint")
    shown = table(counted(len(requests), "refused request"), *columns, numbers=("times",))
    hints: dict[str, int] = {}
    for each in requests:
        request = each.request
        hint = hint_for(request, sources)
        place = str(hints.setdefault(hint, len(hints) + 1)) if hint else ""
        shown.add_row(
            cell(utc(each.last)),
            number(each.count),
            cell(request.source or f"no source ({request.looks_like})"),
            cell(request.reason),
            cell(request_in_words(request)),
            cell(place),
        )
    lines = [cell(f"{place}  {hint}") for hint, place in hints.items()]
    return Group(shown, "", *_titled(lines))


def _titled(lines: Sequence[Text]) -> Iterator[Text]:
    if lines:
        yield Text("Hints", "bold")
        yield from lines
        yield Text("")


def events_view(events: Sequence[RefusedEvent]) -> Table:
    shown = table(counted(len(events), "refused event"), "refused", "source", "reason", "event")
    for each in events:
        event = " ".join(json_text(each.shape).split())
        shown.add_row(cell(utc(each.at)), cell(each.source), cell(each.reason), cell(event))
    return shown
