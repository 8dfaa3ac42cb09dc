"""Releasing events in quarantine, once the options are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import click
from rich.table import Table

from gateway.cli.stored.actions import print_kinds
from gateway.cli.stored.progress import confirmed, progress
from gateway.cli.stored.views import print_counts, print_lines
from gateway.cli.terminal import cell, console, table
from gateway.event.words import counted
from gateway.operations.quarantine import InQuarantine
from gateway.operations.quarantine_release import FATES, Fate, release_quarantined, survey_release

MISFITS = "that failed the current schemas and will stay (--anyway releases such events too)"


async def release(chosen: InQuarantine, rate: int, anyway: bool, yes: bool, dry_run: bool) -> None:
    preview = await survey_release(chosen, anyway)
    print_kinds(chosen, preview.survey)
    if preview.misfits:
        click.echo()
        print_counts("event", MISFITS, preview.misfits, *chosen.shown.kind_columns)
    if not preview.total:
        return
    console().print("", _fates_table(preview.fates, chosen.settings.destinations), sep="\n")
    print_lines(preview.notes)
    if dry_run or not confirmed(f"Release {counted(preview.total, 'event')}?", yes):
        return
    with progress("Released", preview.total, chosen.shown.others) as advance:
        await release_quarantined(chosen, preview, rate, advance)


def _fates_table(fates: Counter[tuple[str, Fate]], destinations: Collection[str]) -> Table:
    """What becomes of the events at each of `destinations`."""
    shown = table("After release", "destination", *FATES, numbers=FATES)
    for name in destinations:
        shown.add_row(cell(name), *(str(fates[name, fate]) for fate in FATES))
    return shown
