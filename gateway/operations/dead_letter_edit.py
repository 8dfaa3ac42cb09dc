"""Edits one dead letter and sends it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.event import Event
from gateway.event.edit import edit_event, rewrite_event
from gateway.event.text import masked, printable
from gateway.ledger.feeding import build_reporting
from gateway.operations.bulk import completed
from gateway.operations.dead_letters import DeadLetters
from gateway.operations.stopped import Mistaken, Stopped
from gateway.operations.wake import wake
from gateway.pipeline.mending import compile_restriction
from gateway.queue import dead_letters as queue
from gateway.queue.dead_letters import DeadLetter
from gateway.stages.field_consent import removed_in_words


@dataclass(frozen=True, slots=True)
class Edited:
    """name: of the destination. letter: as it would be sent. shown: its event, without the secrets
    of the destination. notes: which fields the destination may not have, in sentences."""

    name: str
    letter: DeadLetter
    shown: Event
    notes: list[str]


async def survey_edit(
    chosen: DeadLetters, wanted_id: str, changes: Sequence[str], removals: Sequence[str]
) -> Edited:
    """The event as it would be sent. changes, removals: as `gateway.event.edit.edit_event` reads
    them."""
    return await _survey(chosen, wanted_id, lambda event: edit_event(event, changes, removals))


async def survey_rewrite(chosen: DeadLetters, wanted_id: str, wanted: object) -> Edited:
    """As `survey_edit`, with the whole event rewritten. wanted: a decoded JSON value."""
    return await _survey(chosen, wanted_id, lambda event: rewrite_event(event, wanted))


async def _survey(chosen: DeadLetters, wanted_id: str, change: Callable[[Event], Event]) -> Edited:
    found = await chosen.find_by_id(wanted_id)
    if len(found) > 1:
        ids = ", ".join(f"{store.name}: {letter.id}" for store, letter in found)
        raise Stopped(
            f"several dead letters have this event id; give the id of one of them ({ids})"
        )
    ((store, letter),) = found
    name = store.name
    if name not in chosen.settings.destinations:
        raise Stopped(f"{name} is no longer in the configuration; configure it first")
    try:
        edited = change(letter.event)
    except ValueError as error:
        raise Mistaken(str(error)) from None
    allowed, removed = compile_restriction(chosen.settings, name)(edited)
    notes = []
    if removed:
        words = removed_in_words(removed)
        notes.append(f"Some fields are not sent to {name}: {printable(words)}.")
    mended = dataclasses.replace(letter, event=allowed)
    return Edited(name, mended, masked(allowed, store.mask), notes)


async def edit_dead_letter(chosen: DeadLetters, edited: Edited) -> None:
    """Puts the event back into the stream as it was edited."""
    keys = chosen.keys.destination(edited.name)
    reporting = build_reporting(chosen.settings, edited.name)
    if not await completed(queue.replay(chosen.redis, keys, [edited.letter], reporting)):
        raise Stopped("another command has replayed or dropped it meanwhile; nothing was changed")
    chosen.note(1)
    await wake(chosen.redis, chosen.jobs_url, chosen.keys, edited.name)
