"""Edits one dead letter and sends it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import click

from gateway.cli.dead_letter_replay import DeadLetters
from gateway.cli.options import fail
from gateway.cli.stored.bulk import completed, confirmed
from gateway.cli.stored.wake import wake
from gateway.cli.terminal import masked
from gateway.event.edit import edit_event
from gateway.event.text import json_text, printable
from gateway.ledger.feeding import build_reporting
from gateway.pipeline.mending import compile_restriction
from gateway.queue import dead_letters as queue
from gateway.stages.field_consent import removed_in_words


async def edit(
    chosen: DeadLetters,
    wanted_id: str,
    changes: Sequence[str],
    removals: Sequence[str],
    yes: bool,
    dry_run: bool,
) -> None:
    """Shows the event as it would be sent, asks, and puts it back into the stream."""
    found = [
        (target, store, letter)
        for target, store in zip(chosen.targets, chosen.stores, strict=True)
        for letter in await store.events.find_by_id(chosen.redis, wanted_id)
    ]
    if not found:
        fail(f"{chosen.shown.lacking} {printable(wanted_id)!r}", 1)
    if len(found) > 1:
        ids = ", ".join(f"{store.name}: {letter.id}" for _, store, letter in found)
        fail(f"several dead letters have this event id; give the id of one of them ({ids})", 1)
    ((target, store, letter),) = found
    if target.removed:
        fail(f"{printable(target.name)} is no longer in the configuration; configure it first", 1)
    try:
        edited = edit_event(letter.event, changes, removals)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None
    allowed, removed = compile_restriction(chosen.settings, target.name)(edited)
    click.echo(json_text(masked(allowed, store.mask)))
    if removed:
        words = removed_in_words(removed)
        click.echo(f"Some fields are not sent to {target.name}: {printable(words)}.")
    if dry_run or not confirmed("Send the event again like this?", yes):
        return
    keys = chosen.keys.destination(target.name)
    mended = dataclasses.replace(letter, event=allowed)
    reporting = build_reporting(chosen.settings, target.name)
    if await completed(queue.replay(chosen.redis, keys, [mended], reporting)):
        await wake(chosen.redis, chosen.jobs_url, chosen.keys, target.name)
        click.echo("Edited the event and put it back into the queue.")
        chosen.note(1)
    else:
        fail("another command has replayed or dropped it meanwhile; nothing was changed", 1)
