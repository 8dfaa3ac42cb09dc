"""Listing, showing and dropping stored events, once the options are read."""

from __future__ import annotations

import click

from gateway.cli.stored.progress import confirmed, progress
from gateway.cli.stored.views import newest_table, print_counts, print_lines, sheet_in_words
from gateway.cli.terminal import console
from gateway.event.text import json_text
from gateway.event.words import counted
from gateway.operations.drop import drop_stored
from gateway.operations.stored import K, Selection
from gateway.operations.survey import Survey, survey_of


def print_kinds(chosen: Selection[K], survey: Survey[K]) -> bool:
    """Prints how many events there are of each kind. Returns whether there are any."""
    shown = chosen.shown
    return print_counts(shown.noun, shown.where, survey.kinds, *shown.kind_columns)


async def list_newest(chosen: Selection[K], limit: int) -> None:
    """Prints counts, and up to `limit` of the newest events."""
    survey = await survey_of(chosen, limit)
    if not print_kinds(chosen, survey):
        return
    print_lines(survey.notices)
    if limit:
        newest = survey.newest_of_all(limit)
        console().print("", newest_table(chosen.shown, newest), sep="\n")


async def show(chosen: Selection[K], wanted_id: str, as_json: bool) -> None:
    found = await chosen.find_by_id(wanted_id)
    if as_json:
        click.echo(json_text([chosen.shown.data(*each) for each in found]))
    else:
        click.echo("\n\n".join(sheet_in_words(chosen.shown.sheet(*each)) for each in found))


async def drop(chosen: Selection[K], yes: bool, dry_run: bool) -> None:
    survey = await survey_of(chosen)
    if not print_kinds(chosen, survey) or dry_run:
        return
    if not confirmed(f"Permanently drop {counted(survey.total, 'event')}?", yes):
        return
    with progress("Dropped", survey.total, chosen.shown.others) as advance:
        await drop_stored(chosen, survey, advance)
