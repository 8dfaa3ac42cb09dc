"""Replays dead letters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from gateway.ledger.feeding import build_reporting
from gateway.operations.bulk import Advance, Throttle, completed, noted, throttled
from gateway.operations.dead_letters import DeadLetters
from gateway.operations.stored import Store
from gateway.operations.survey import Survey, survey_of
from gateway.operations.targets import Target, dry_run_notes
from gateway.operations.wake import wake
from gateway.pipeline.mending import compile_later_rules, nameless_rules
from gateway.queue import dead_letters as queue
from gateway.queue.dead_letters import DeadLetter

Mend = Callable[[str, DeadLetter], DeadLetter | None]
"""Takes the name of a destination and a dead letter. Returns the letter after the rules that were
not applied to it yet; None if they drop its event."""


@dataclass(slots=True)
class ReplaySurvey:
    """What a replay would do.

    found: all selected letters. total: how many of these would be replayed. overdue: how many are
    past their deadline; they expire again, or are skipped without `include_overdue`. notes: what
    else to know beforehand, in sentences. mend, now: how a letter is changed, and the time by which
    deadlines are judged; the replay uses both.
    """

    found: Survey[DeadLetter]
    total: int
    overdue: int
    notes: list[str]
    include_overdue: bool
    mend: Mend
    now: float

    def is_skipped(self, target: Target, letter: DeadLetter) -> bool:
        return _is_skipped(target, letter, self.include_overdue, self.now)


async def survey_replay(
    chosen: DeadLetters, include_overdue: bool, apply_rules: bool
) -> ReplaySurvey:
    mend = _compile_mending(chosen) if apply_rules else _as_it_is
    targets = {target.name: target for target in chosen.targets}
    now, overdue, dropped = time.time(), 0, 0

    def note(store: Store[DeadLetter], letter: DeadLetter) -> None:
        nonlocal overdue, dropped
        target = targets[store.name]
        overdue += target.is_overdue(letter, now)
        is_skipped = _is_skipped(target, letter, include_overdue, now)
        dropped += not is_skipped and mend(target.name, letter) is None

    found = await survey_of(chosen, note=note)
    notes = [
        *(_rule_notes(chosen, dropped) if apply_rules else ()),
        *dry_run_notes(chosen.targets, found.counts),
    ]
    removed = sum(found.counts[target.name] for target in chosen.targets if target.removed)
    total = found.total - removed - (0 if include_overdue else overdue) - dropped
    return ReplaySurvey(found, total, overdue, notes, include_overdue, mend, now)


async def replay_dead_letters(
    chosen: DeadLetters, survey: ReplaySurvey, rate: int, advance: Advance
) -> None:
    """Replays what `survey` found, `rate` events a second."""
    throttle = Throttle(rate)
    with noted(chosen.note, advance) as count:
        for store, target in zip(chosen.stores, chosen.targets, strict=True):
            if target.removed:
                continue
            letters = (
                mended
                async for letter in chosen.find(store, survey.found.through[store.name])
                if not survey.is_skipped(target, letter)
                and (mended := survey.mend(target.name, letter))
            )
            keys = chosen.keys.destination(target.name)
            reporting = build_reporting(chosen.settings, target.name)
            async for batch in throttled(letters, throttle):
                replayed = await completed(queue.replay(chosen.redis, keys, batch, reporting))
                count(len(batch), replayed)
                await wake(chosen.redis, chosen.jobs_url, chosen.keys, target.name)


def _is_skipped(target: Target, letter: DeadLetter, include_overdue: bool, now: float) -> bool:
    return target.removed or (not include_overdue and target.is_overdue(letter, now))


def _as_it_is(_: str, letter: DeadLetter) -> DeadLetter | None:
    return letter


def _compile_mending(chosen: DeadLetters) -> Mend:
    configured = [target.name for target in chosen.targets if not target.removed]
    rules = {name: compile_later_rules(chosen.settings, name) for name in configured}

    def mend(name: str, letter: DeadLetter) -> DeadLetter | None:
        mended = rules[name](letter.event, letter.applied)
        if mended.dropped is not None:
            return None
        return replace(letter, event=mended.event, applied=[*letter.applied, *mended.applied])

    return mend


def _rule_notes(chosen: DeadLetters, dropped: int) -> Iterator[str]:
    if dropped:
        yield f"Events that a rule drops: {dropped}. They stay dead letters."
    names = [target.name for target in chosen.targets if not target.removed]
    if any(nameless_rules(chosen.settings, name) for name in names):
        yield (
            "Rules without a name are not applied, because the gateway cannot tell whether they "
            "were applied before. Name them to change this for later events."
        )
