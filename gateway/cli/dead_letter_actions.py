"""Replaying and editing dead letters, once the options are read."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gateway.cli.stored.actions import print_kinds
from gateway.cli.stored.progress import confirmed, progress
from gateway.cli.stored.views import print_lines
from gateway.event.text import json_text
from gateway.event.words import counted
from gateway.operations.dead_letter_edit import edit_dead_letter, survey_edit
from gateway.operations.dead_letter_replay import ReplaySurvey, replay_dead_letters, survey_replay
from gateway.operations.dead_letters import DeadLetters


async def replay(
    chosen: DeadLetters,
    rate: int,
    include_overdue: bool,
    apply_rules: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    survey = await survey_replay(chosen, include_overdue, apply_rules)
    print_kinds(chosen, survey.found)
    print_lines(survey.found.notices)
    _warn_about_overdue(survey)
    print_lines(survey.notes)
    total = survey.total
    if dry_run or not total or not confirmed(f"Replay {counted(total, 'event')}?", yes):
        return
    with progress("Replayed", total, chosen.shown.others) as advance:
        await replay_dead_letters(chosen, survey, rate, advance)


def _warn_about_overdue(survey: ReplaySurvey) -> None:
    if survey.overdue and survey.include_overdue:
        click.echo(f"Events past their deadline: {survey.overdue}. They will expire again.")
    elif survey.overdue:
        click.echo(
            f"Events past their deadline: {survey.overdue}. They are skipped because they would "
            "expire again; use --include-expired to replay them too."
        )


async def edit(
    chosen: DeadLetters,
    wanted_id: str,
    changes: Sequence[str],
    removals: Sequence[str],
    yes: bool,
    dry_run: bool,
) -> None:
    """Shows the event as it would be sent, asks, and puts it back into the stream."""
    edited = await survey_edit(chosen, wanted_id, changes, removals)
    click.echo(json_text(edited.shown))
    print_lines(edited.notes)
    if dry_run or not confirmed("Send the event again like this?", yes):
        return
    await edit_dead_letter(chosen, edited)
    click.echo("Edited the event and put it back into the queue.")
