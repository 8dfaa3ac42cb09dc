"""Selects events in quarantine and releases them."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import click
from redis.asyncio import Redis

from gateway.cli.actions_log import note_events
from gateway.cli.options import fail
from gateway.cli.quarantine_review import Review, compile_review, misfit
from gateway.cli.quarantine_views import QUARANTINED, Fate, fates_table, kind
from gateway.cli.stored.actions import Survey, print_kinds, survey_of
from gateway.cli.stored.bulk import Throttle, completed, confirmed, progress, throttled
from gateway.cli.stored.selection import Selection, Store
from gateway.cli.stored.views import print_counts
from gateway.cli.targets import Target, warn_about_dry_runs
from gateway.cli.terminal import console
from gateway.configuration.settings import Settings
from gateway.ledger.feeding import build_feeding
from gateway.pipeline.decision import Decision
from gateway.queue import quarantine as queue
from gateway.queue.admission import Full
from gateway.queue.append import Appender, Retention
from gateway.queue.bounds import Closed, Limits
from gateway.queue.capacity import read_bounds
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import Quarantined, Releaser, quarantine_of
from gateway.queue.stored_events import Filter
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_jobs

MISFITS = "of them do not match the current schemas and stay (use --anyway to release them too)"


@dataclass(frozen=True, slots=True)
class InQuarantine(Selection[Quarantined]):
    """settings: those under which events are released."""

    settings: Settings

    @classmethod
    def of(cls, redis: Redis, jobs_url: str, settings: Settings, wanted: Filter) -> InQuarantine:
        keys = Keys.of(settings)
        store = Store(quarantine_of(keys), lambda redis, ids: queue.drop(redis, keys, ids))
        note = note_events(settings)
        return cls(redis, jobs_url, [store], wanted, QUARANTINED, note, settings)


@dataclass(slots=True)
class Preview:
    """What a release would do. survey: of all that are meant. misfits: kinds of those that stay,
    with the reasons of today. fates: of the others, at each destination."""

    survey: Survey[Quarantined]
    misfits: Counter[tuple[str, ...]] = field(default_factory=Counter)
    fates: Counter[tuple[str, Fate]] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many would be released."""
        return self.survey.total - self.misfits.total()


async def release(chosen: InQuarantine, rate: int, anyway: bool, yes: bool, dry_run: bool) -> None:
    review = compile_review(chosen.settings, checked=not anyway)
    targets = [Target.of(name, each) for name, each in chosen.settings.destinations.items()]
    preview = await _preview(chosen, review, targets)
    print_kinds(chosen, preview.survey)
    if preview.misfits:
        click.echo()
        print_counts(MISFITS, preview.misfits, *chosen.shown.kind_columns)
    if not preview.total:
        return
    console().print("", fates_table(preview.fates, chosen.settings.destinations), sep="\n")
    warn_about_dry_runs(targets, {name for name, fate in preview.fates if fate != "withheld"})
    if dry_run or not confirmed(f"Release {preview.total} events?", yes):
        return
    try:
        await _release(chosen, review, preview, Throttle(rate))
    except Full as error:
        fail(f"release stopped: {error}", 1)
    except TypeError:
        fail(
            "release stopped: the rules changed an event so that it cannot be represented in JSON",
            1,
        )


async def _preview(chosen: InQuarantine, review: Review, targets: list[Target]) -> Preview:
    now = time.time()
    misfits: Counter[tuple[str, ...]] = Counter()
    fates: Counter[tuple[str, Fate]] = Counter()

    def note(_: Store[Quarantined], stored: Quarantined) -> None:
        decision = review(stored)
        if reason := misfit(decision):
            misfits[kind(stored, reason)] += 1
        else:
            fates.update((each.name, _fate(stored, decision, each, now)) for each in targets)

    return Preview(await survey_of(chosen, note=note), misfits, fates)


def _fate(stored: Quarantined, decision: Decision, target: Target, now: float) -> Fate:
    if decision.verdicts[target.name].event is None:
        return "withheld"
    return "will expire" if target.is_overdue(stored, now) else "to send"


async def _release(
    chosen: InQuarantine, review: Review, preview: Preview, throttle: Throttle
) -> None:
    """Releases what still fits, as many events at once as `throttle` lets through."""
    keys = Keys.of(chosen.settings)
    wake = WakeQueue(connect_for_jobs(chosen.jobs_url), keys).wake
    retention, feeding = Retention.of(chosen.settings), build_feeding(chosen.settings)
    appender = Appender(chosen.redis, keys, PendingCounts(), wake, retention, feeding)
    releaser = Releaser(appender)
    limits = Limits.of(chosen.settings)
    (store,) = chosen.stores
    decided = (
        (stored.id, decision)
        async for stored in chosen.find(store, preview.survey.through[store.name])
        if not misfit(decision := review(stored))
    )
    with progress("Released", preview.total, chosen.shown.others, chosen.note) as advance:
        async for batch in throttled(decided, throttle):
            appender.closed = Closed.by(await read_bounds(chosen.redis, keys, limits))
            advance(len(batch), await completed(releaser.release(dict(batch))))
