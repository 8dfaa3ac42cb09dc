"""Listing, showing and dropping stored events, once the options are read."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

import click

from gateway.cli.options import fail
from gateway.cli.stored.bulk import batches, completed, confirmed, progress
from gateway.cli.stored.selection import K, Selection, Store
from gateway.cli.stored.views import newest_table, print_counts
from gateway.cli.terminal import console
from gateway.event.text import json_text, printable
from gateway.queue.stored_events import PAGE


@dataclass(slots=True)
class Survey(Generic[K]):
    """What a first look finds. kinds: counts of events. counts, through: by the
    name of the store, how many events there are, and the id of the newest entry of that moment.
    newest: up to a number of each store."""

    kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    through: dict[str, str] = field(default_factory=dict)
    newest: list[tuple[Store[K], K]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.kinds.total()


def _ignore(*_: Any) -> None:
    return None


async def survey_of(
    chosen: Selection[K], keep: int = 0, note: Callable[[Store[K], K], None] = _ignore
) -> Survey[K]:
    """A first look at what `chosen` means. keep: so many of the newest of each store. note: called
    with every event."""
    survey: Survey[K] = Survey()
    for store in chosen.stores:
        through = survey.through[store.name] = await store.events.newest_id(chosen.redis)
        newest: deque[K] = deque(maxlen=keep)
        async for stored in chosen.find(store, through):
            survey.kinds[chosen.shown.kind(store, stored)] += 1
            survey.counts[store.name] += 1
            newest.append(stored)
            note(store, stored)
        survey.newest += [(store, stored) for stored in reversed(newest)]
    return survey


def print_kinds(chosen: Selection[K], survey: Survey[K]) -> bool:
    """Prints how many events there are of each kind. Returns whether there are any."""
    return print_counts(chosen.shown.what, survey.kinds, *chosen.shown.kind_columns)


def print_notices(chosen: Selection[K], survey: Survey[K]) -> None:
    for store in chosen.stores:
        if store.notice and survey.counts[store.name]:
            click.echo(store.notice(survey.counts[store.name]))


async def list_newest(chosen: Selection[K], limit: int) -> None:
    """Prints counts, and up to `limit` of the newest events."""
    survey = await survey_of(chosen, limit)
    if not print_kinds(chosen, survey):
        return
    print_notices(chosen, survey)
    if limit:
        newest = sorted(survey.newest, key=lambda found: found[1].stored_at, reverse=True)
        console().print("", newest_table(chosen.shown, newest[:limit]), sep="\n")


async def show(chosen: Selection[K], wanted_id: str, as_json: bool) -> None:
    found = [
        (store, stored)
        for store in chosen.stores
        for stored in await store.events.find_by_id(chosen.redis, wanted_id)
    ]
    if not found:
        fail(f"{chosen.shown.lacking} {printable(wanted_id)!r}", 1)
    if as_json:
        click.echo(json_text([chosen.shown.data(*each) for each in found]))
    else:
        click.echo("\n\n".join(chosen.shown.words(*each) for each in found))


async def drop(chosen: Selection[K], yes: bool, dry_run: bool) -> None:
    survey = await survey_of(chosen)
    if not print_kinds(chosen, survey) or dry_run:
        return
    if not confirmed(f"Permanently drop {survey.total} events?", yes):
        return
    with progress("Dropped", survey.total, chosen.shown.others, chosen.note) as advance:
        for store in chosen.stores:
            events = chosen.find(store, survey.through[store.name])
            async for batch in batches(events, PAGE):
                ids = [stored.id for stored in batch]
                advance(len(batch), await completed(store.drop(chosen.redis, ids)))
