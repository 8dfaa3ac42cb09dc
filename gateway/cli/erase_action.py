"""Erasing a person, once the options are read."""

from __future__ import annotations

import click

from gateway.cli.operator_action import operator_action
from gateway.cli.options import fail
from gateway.cli.person_views import print_counts
from gateway.cli.stored.progress import confirmed, stopped_as_by_ctrl_c
from gateway.event.text import printable
from gateway.event.words import counted
from gateway.operations.erasing import erase, survey_erasure
from gateway.operations.person import Person

AMBIGUOUS = (
    "nothing was erased, because these records may belong to different people. Choose with --kind "
    "person, --kind order or --kind event, or leave out --yes to see the records and decide"
)


async def erase_person(person: Person, yes: bool, dry_run: bool, embedded: bool) -> None:
    """embedded: whether Redis is the server of `gateway run`."""
    found = await survey_erasure(person)
    print_counts(found)
    if found.is_ambiguous and yes and not dry_run:
        fail(AMBIGUOUS)
    if dry_run or not confirmed("Erase these events permanently?", yes):
        return
    with stopped_as_by_ctrl_c():
        erased = await erase(person, found, embedded, operator_action(person.settings).note)
    click.echo(f"Erased {counted(erased.records, 'record')}. The counts of events stay.")
    click.echo("Beyond the reach of this command:")
    for line in erased.beyond_reach:
        click.echo(f"- {printable(line)}")
