"""What the commands of `gateway dead-letters` do, once their options are read."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field

import click
from redis.asyncio import Redis

from gateway.commands.bulk import Pace, batches, confirmed, progress
from gateway.commands.dead_letter_views import Kind, in_words, newest_table, print_kinds
from gateway.commands.options import fail
from gateway.commands.targets import Target, warn_about_dry_runs
from gateway.commands.terminal import console, json_text, masked, printable
from gateway.delivery.lease import is_left_alone
from gateway.delivery.wake import Alarm
from gateway.queue import dead_letters as queue
from gateway.queue.connect import connect_for_jobs
from gateway.queue.dead_letters import DeadLetter, dead_letters_of
from gateway.queue.kept import PAGE, Filter
from gateway.queue.keys import DestinationKeys

OTHERS = "replayed or dropped"


@dataclass(frozen=True, slots=True)
class Selection:
    """The dead letters that a command is about, the connection that it has for them, and where
    RQ keeps its jobs."""

    redis: Redis
    jobs_url: str
    targets: list[Target]
    wanted: Filter

    def find(self, target: Target, through: str | None = None) -> AsyncIterator[DeadLetter]:
        return queue.find(self.redis, target.name, self.wanted, through)


@dataclass(slots=True)
class Survey:
    """What a first look finds. through: by destination, the newest dead letter that was there.
    late: how many are past the deadline. removed: how many each destination has that is not
    configured any more. newest: up to a number of each destination."""

    at: float
    kinds: Counter[Kind] = field(default_factory=Counter)
    through: dict[str, str] = field(default_factory=dict)
    late: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    newest: list[tuple[Target, DeadLetter]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.kinds.total()


async def list_newest(chosen: Selection, limit: int) -> None:
    survey = await _survey(chosen, limit)
    if not print_kinds(survey.kinds):
        return
    _tell_about_removed(survey.removed)
    if not limit:
        return
    newest = sorted(survey.newest, key=lambda found: found[1].kept_since, reverse=True)[:limit]
    rows = [(target.name, letter, target.mask) for target, letter in newest]
    console().print("", newest_table(rows), sep="\n")


async def show(chosen: Selection, wanted_id: str, as_json: bool) -> None:
    found = [
        (target, letter)
        for target in chosen.targets
        for letter in await dead_letters_of(target.name).called(chosen.redis, wanted_id)
    ]
    if not found:
        fail(f"no dead letter has the event id or the id {printable(wanted_id)!r}", 1)
    if as_json:
        letters = [
            {"destination": target.name, **masked(asdict(letter), target.mask)}
            for target, letter in found
        ]
        click.echo(json_text(letters))
    else:
        words = [in_words(target.name, letter, target.mask) for target, letter in found]
        click.echo("\n\n".join(words))


async def replay(
    chosen: Selection, rate: int, include_late: bool, yes: bool, dry_run: bool
) -> None:
    survey = await _survey(chosen)
    print_kinds(survey.kinds)
    skipped = survey.removed.total() + (0 if include_late else survey.late)
    _tell_about_removed(survey.removed)
    _warn_about_late(survey.late, include_late)
    warn_about_dry_runs(chosen.targets, {kind.destination for kind in survey.kinds})
    total = survey.total - skipped
    if dry_run or not total or not confirmed(f"Replay {total} events?", yes):
        return

    alarm, pace = Alarm(connect_for_jobs(chosen.jobs_url)), Pace(rate)
    with progress("Replayed", total, OTHERS) as advance:
        for target in chosen.targets:
            if target.removed:
                continue
            letters = (
                letter
                async for letter in chosen.find(target, survey.through[target.name])
                if include_late or not target.is_late(letter, survey.at)
            )
            async for batch in batches(letters, pace.batch):
                await pace.wait(len(batch))
                advance(len(batch), await queue.replay(chosen.redis, target.name, batch))
                await _wake(chosen.redis, alarm, target.name)


async def drop(chosen: Selection, yes: bool, dry_run: bool) -> None:
    survey = await _survey(chosen)
    print_kinds(survey.kinds)
    total = survey.total
    if dry_run or not total or not confirmed(f"Drop {total} events for good?", yes):
        return
    with progress("Dropped", total, OTHERS) as advance:
        for target in chosen.targets:
            letters = chosen.find(target, survey.through[target.name])
            async for batch in batches(letters, PAGE):
                ids = [letter.id for letter in batch]
                advance(len(batch), await queue.drop(chosen.redis, target.name, ids))


async def _survey(chosen: Selection, keep: int = 0) -> Survey:
    """A first look at what `chosen` means. keep: so many of the newest of each destination."""
    survey = Survey(time.time())
    for target in chosen.targets:
        through = survey.through[target.name] = await dead_letters_of(target.name).newest_id(
            chosen.redis
        )
        newest: deque[DeadLetter] = deque(maxlen=keep)
        async for letter in chosen.find(target, through):
            survey.kinds[Kind.of(target.name, letter, target.mask)] += 1
            survey.late += target.is_late(letter, survey.at)
            survey.removed[target.name] += target.removed
            newest.append(letter)
        survey.newest += [(target, letter) for letter in reversed(newest)]
    return survey


async def _wake(redis: Redis, alarm: Alarm, name: str) -> None:
    """Unless it is paused or somebody is at work; if that ends just now, the sweep wakes it."""
    if await is_left_alone(redis, DestinationKeys.of(name)):
        await alarm.wake_unmarked(redis, name)


def _tell_about_removed(removed: Counter[str]) -> None:
    for name, count in (+removed).items():
        click.echo(
            f"{printable(name)} is not in the configuration any more: its {count} events can be "
            "shown and dropped, not replayed, since nobody would send them. To replay them, "
            "configure a destination of this name first."
        )


def _warn_about_late(late: int, include_late: bool) -> None:
    if late and include_late:
        click.echo(f"Past the deadline of their destination, will expire again: {late}.")
    elif late:
        click.echo(
            f"Past the deadline of their destination, would expire again and are skipped: {late} "
            "(--include-expired replays them too)."
        )
