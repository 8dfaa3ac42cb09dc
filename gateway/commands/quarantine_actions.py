"""What the commands of `gateway quarantine` do, once their options are read."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field

import click
from redis.asyncio import Redis

from gateway.commands.bulk import Pace, batches, confirmed, progress
from gateway.commands.options import fail
from gateway.commands.quarantine_review import Review, compile_review, misfit
from gateway.commands.quarantine_views import (
    Fate,
    Kind,
    fates_table,
    in_words,
    newest_table,
    print_kinds,
)
from gateway.commands.targets import Target, warn_about_dry_runs
from gateway.commands.terminal import console, json_text, printable
from gateway.delivery.wake import Alarm
from gateway.metrics import limits_of
from gateway.pipeline import Decision
from gateway.queue import quarantine as queue
from gateway.queue.append import Remembered
from gateway.queue.connect import connect_for_jobs
from gateway.queue.kept import PAGE, Filter
from gateway.queue.quarantine import IN_QUARANTINE, Quarantined, Releaser
from gateway.queue.room import Full, what_is_full
from gateway.settings import Settings

MISFITS = "of them do not fit today's schemas and stay (--anyway releases them too)"
OTHERS = "released or dropped"


@dataclass(frozen=True, slots=True)
class Selection:
    """The events that a command is about, the connection that it has for them, and where RQ keeps
    its jobs."""

    redis: Redis
    jobs_url: str
    settings: Settings
    wanted: Filter

    def find(self, through: str) -> AsyncIterator[Quarantined]:
        return IN_QUARANTINE.find(self.redis, self.wanted, through)


@dataclass(slots=True)
class Survey:
    """What a first look finds. through: the newest entry that was there. newest: some of them."""

    through: str
    newest: deque[Quarantined]
    kinds: Counter[Kind] = field(default_factory=Counter)


@dataclass(slots=True)
class Preview:
    """What a release would do. through: the newest entry that was there. kinds: of all that are
    meant. misfits: of those that stay, with the reasons of today. fates: of the others, at each
    destination."""

    through: str
    kinds: Counter[Kind] = field(default_factory=Counter)
    misfits: Counter[Kind] = field(default_factory=Counter)
    fates: Counter[tuple[str, Fate]] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many would be released."""
        return self.kinds.total() - self.misfits.total()


async def list_newest(chosen: Selection, limit: int) -> None:
    survey = await _survey(chosen, limit)
    if print_kinds(survey.kinds) and limit:
        console().print("", newest_table(list(reversed(survey.newest))), sep="\n")


async def show(redis: Redis, wanted_id: str, as_json: bool) -> None:
    found = await IN_QUARANTINE.called(redis, wanted_id)
    if not found:
        fail(f"no event in quarantine has the id {printable(wanted_id)!r}", 1)
    if as_json:
        click.echo(json_text([asdict(kept) for kept in found]))
    else:
        click.echo("\n\n".join(map(in_words, found)))


async def release(chosen: Selection, rate: int, anyway: bool, yes: bool, dry_run: bool) -> None:
    review = compile_review(chosen.settings, checked=not anyway)
    targets = [Target.of(name, each) for name, each in chosen.settings.destinations.items()]
    preview = await _preview(chosen, review, targets)
    print_kinds(preview.kinds)
    if preview.misfits:
        click.echo()
        print_kinds(preview.misfits, MISFITS)
    total = preview.total
    if not total:
        return
    console().print("", fates_table(preview.fates, chosen.settings.destinations), sep="\n")
    warn_about_dry_runs(targets, {name for name, fate in preview.fates if fate != "withheld"})
    if dry_run or not confirmed(f"Release {total} events?", yes):
        return
    try:
        await _release(chosen, review, preview.through, total, Pace(rate))
    except Full as error:
        fail(f"no more events are released now: {error}", 1)
    except TypeError:
        fail("an event cannot be written as JSON once the rules have changed it", 1)


async def drop(chosen: Selection, yes: bool, dry_run: bool) -> None:
    survey = await _survey(chosen)
    total = survey.kinds.total()
    if not print_kinds(survey.kinds) or dry_run:
        return
    if not confirmed(f"Drop {total} events for good?", yes):
        return
    with progress("Dropped", total, OTHERS) as advance:
        async for batch in batches(chosen.find(survey.through), PAGE):
            advance(len(batch), await queue.drop(chosen.redis, [kept.id for kept in batch]))


async def _survey(chosen: Selection, keep: int = 0) -> Survey:
    """A first look at what `chosen` means. keep: so many of the newest."""
    survey = Survey(await IN_QUARANTINE.newest_id(chosen.redis), deque(maxlen=keep))
    async for kept in chosen.find(survey.through):
        survey.kinds[Kind.of(kept, kept.reason)] += 1
        survey.newest.append(kept)
    return survey


async def _preview(chosen: Selection, review: Review, targets: list[Target]) -> Preview:
    now = time.time()
    preview = Preview(await IN_QUARANTINE.newest_id(chosen.redis))
    async for kept in chosen.find(preview.through):
        preview.kinds[Kind.of(kept, kept.reason)] += 1
        decision = review(kept)
        if reason := misfit(decision):
            preview.misfits[Kind.of(kept, reason)] += 1
        else:
            preview.fates.update((each.name, _fate(kept, decision, each, now)) for each in targets)
    return preview


def _fate(kept: Quarantined, decision: Decision, target: Target, now: float) -> Fate:
    if decision.verdicts[target.name].event is None:
        return "withheld"
    return "will expire" if target.is_late(kept, now) else "to send"


async def _release(chosen: Selection, review: Review, through: str, total: int, pace: Pace) -> None:
    """Releases what still fits, as many events at once as `pace` lets through."""
    wake = Alarm(connect_for_jobs(chosen.jobs_url)).wake
    releaser = Releaser(chosen.redis, wake, Remembered.of(chosen.settings))
    limits = limits_of(chosen.settings)
    decided = (
        (kept.id, decision)
        async for kept in chosen.find(through)
        if not misfit(decision := review(kept))
    )
    with progress("Released", total, OTHERS) as advance:
        async for batch in batches(decided, pace.batch):
            await pace.wait(len(batch))
            releaser.full = await what_is_full(chosen.redis, limits)
            advance(len(batch), await releaser.let_out(dict(batch)))
