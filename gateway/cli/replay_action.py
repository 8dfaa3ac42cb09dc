"""Replaying events of the ledger, once the options are read."""

from __future__ import annotations

import click

from gateway.cli.stored.progress import confirmed, progress
from gateway.cli.stored.views import print_counts, print_lines
from gateway.event.text import printable
from gateway.event.words import counted
from gateway.operations.ledger_replay import LedgerReplay, replay_from_ledger, survey_replay

OTHERS = "sent, replayed or dropped"


async def replay(chosen: LedgerReplay, rate: int, yes: bool, dry_run: bool) -> None:
    survey = await survey_replay(chosen)
    name = printable(chosen.name)
    if survey.left:
        print_counts("event", f"to leave alone at {name}", survey.left, "ended", "because")
        click.echo()
    print_counts("event", f"to send to {name}", survey.kinds, "ended", "reason")
    print_lines(survey.notes)
    question = f"Replay {counted(survey.total, 'event')}?"
    if dry_run or not survey.total or not confirmed(question, yes):
        return
    with progress("Replayed", survey.total, OTHERS) as advance:
        await replay_from_ledger(chosen, survey, rate, advance)
