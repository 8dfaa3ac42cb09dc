"""Selects dead letters and replays them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import click
from redis.asyncio import Redis

from gateway.cli.actions_log import note_events
from gateway.cli.dead_letter_views import DEAD_LETTERS
from gateway.cli.stored.actions import print_kinds, print_notices, survey_of
from gateway.cli.stored.bulk import Throttle, completed, confirmed, progress, throttled
from gateway.cli.stored.selection import Selection, Store
from gateway.cli.stored.wake import wake
from gateway.cli.targets import Target, warn_about_dry_runs
from gateway.configuration.settings import Settings
from gateway.event.text import printable
from gateway.ledger.feeding import build_reporting
from gateway.pipeline.mending import compile_later_rules, nameless_rules
from gateway.queue import dead_letters as queue
from gateway.queue.dead_letters import DeadLetter, dead_letters_of
from gateway.queue.keys import DestinationKeys, Keys
from gateway.queue.stored_events import Filter


@dataclass(frozen=True, slots=True)
class DeadLetters(Selection[DeadLetter]):
    """targets: the destinations of the stores, in their order."""

    settings: Settings
    keys: Keys
    targets: list[Target]

    @classmethod
    def of(
        cls,
        redis: Redis,
        settings: Settings,
        jobs_url: str,
        targets: list[Target],
        wanted: Filter,
    ) -> DeadLetters:
        keys = Keys.of(settings)
        stores = [_store(keys.destination(target.name), target) for target in targets]
        note = note_events(settings)
        return cls(redis, jobs_url, stores, wanted, DEAD_LETTERS, note, settings, keys, targets)


def _store(keys: DestinationKeys, target: Target) -> Store[DeadLetter]:
    return Store(
        dead_letters_of(keys),
        lambda redis, ids: queue.drop(redis, keys, ids),
        target.name,
        target.mask,
        partial(_removed, target.name) if target.removed else None,
    )


def _removed(name: str, count: int) -> str:
    return (
        f"{printable(name)} is no longer in the configuration: its {count} events can be shown and "
        "dropped, but not replayed. To replay them, configure a destination with this name first."
    )


async def replay(
    chosen: DeadLetters,
    rate: int,
    include_overdue: bool,
    apply_rules: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    mend = _compile_mending(chosen) if apply_rules else _as_it_is
    targets = {target.name: target for target in chosen.targets}
    now, overdue, dropped = time.time(), 0, 0

    def is_skipped(target: Target, letter: DeadLetter) -> bool:
        return target.removed or (not include_overdue and target.is_overdue(letter, now))

    def note(store: Store[DeadLetter], letter: DeadLetter) -> None:
        nonlocal overdue, dropped
        target = targets[store.name]
        overdue += target.is_overdue(letter, now)
        dropped += not is_skipped(target, letter) and mend(target.name, letter) is None

    survey = await survey_of(chosen, note=note)
    print_kinds(chosen, survey)
    print_notices(chosen, survey)
    _warn_about_overdue(overdue, include_overdue)
    _tell_about_rules(chosen, apply_rules, dropped)
    warn_about_dry_runs(chosen.targets, survey.counts)
    removed = sum(survey.counts[target.name] for target in chosen.targets if target.removed)
    total = survey.total - removed - (0 if include_overdue else overdue) - dropped
    if dry_run or not total or not confirmed(f"Replay {total} events?", yes):
        return

    throttle = Throttle(rate)
    with progress("Replayed", total, chosen.shown.others, chosen.note) as advance:
        for store, target in zip(chosen.stores, chosen.targets, strict=True):
            if target.removed:
                continue
            letters = (
                mended
                async for letter in chosen.find(store, survey.through[store.name])
                if not is_skipped(target, letter) and (mended := mend(target.name, letter))
            )
            keys = chosen.keys.destination(target.name)
            reporting = build_reporting(chosen.settings, target.name)
            async for batch in throttled(letters, throttle):
                replayed = await completed(queue.replay(chosen.redis, keys, batch, reporting))
                advance(len(batch), replayed)
                await wake(chosen.redis, chosen.jobs_url, chosen.keys, target.name)


def _as_it_is(_: str, letter: DeadLetter) -> DeadLetter | None:
    return letter


def _compile_mending(chosen: DeadLetters) -> Callable[[str, DeadLetter], DeadLetter | None]:
    """A function from the name of a destination and a dead letter to the letter after the rules
    that were not applied to it; None if they drop its event."""
    configured = [target.name for target in chosen.targets if not target.removed]
    rules = {name: compile_later_rules(chosen.settings, name) for name in configured}

    def mend(name: str, letter: DeadLetter) -> DeadLetter | None:
        mended = rules[name](letter.event, letter.applied)
        if mended.dropped is not None:
            return None
        return replace(letter, event=mended.event, applied=[*letter.applied, *mended.applied])

    return mend


def _tell_about_rules(chosen: DeadLetters, apply_rules: bool, dropped: int) -> None:
    if not apply_rules:
        return
    if dropped:
        click.echo(f"Events that a rule drops: {dropped}. They stay dead letters.")
    names = [target.name for target in chosen.targets if not target.removed]
    if any(nameless_rules(chosen.settings, name) for name in names):
        click.echo(
            "Rules without a name are not applied, because the gateway cannot tell whether they "
            "were applied before. Name them to change this for later events."
        )


def _warn_about_overdue(overdue: int, include_overdue: bool) -> None:
    if overdue and include_overdue:
        click.echo(f"Events past their deadline: {overdue}. They will expire again.")
    elif overdue:
        click.echo(
            f"Events past their deadline: {overdue}. They are skipped because they would expire "
            "again; use --include-expired to replay them too."
        )
