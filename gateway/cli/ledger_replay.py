"""Which events of the ledger a replay is about, and their replay."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field, replace

import click
from redis.asyncio import Redis

from gateway.cli.actions_log import note_events
from gateway.cli.ledger import wait_until_stored
from gateway.cli.ledger_review import Review, compile_review, replay_of
from gateway.cli.options import fail
from gateway.cli.stored.bulk import Throttle, completed, confirmed, progress, throttled
from gateway.cli.stored.views import common, print_counts
from gateway.cli.stored.wake import wake
from gateway.cli.targets import Target, warn_about_dry_runs
from gateway.configuration.destination import build_destination
from gateway.configuration.settings import Settings
from gateway.event.text import printable
from gateway.ledger.answers import Wanted
from gateway.ledger.feeding import build_reporting
from gateway.ledger.reading import LedgerReader
from gateway.ledger.recorded import PENDING, Recorded
from gateway.queue import dead_letters
from gateway.queue.bounds import ALL_MEMORY, Closed, Limits
from gateway.queue.capacity import read_bounds
from gateway.queue.feed import WITH_WARNINGS
from gateway.queue.keys import Keys
from gateway.queue.replay import Replay, put_back

DELIVERED = ("delivered", WITH_WARNINGS)


@dataclass(frozen=True, slots=True)
class LedgerReplay:
    """endings: which are meant. wanted: which events, and a part of the reason of their ending."""

    redis: Redis
    jobs_url: str
    settings: Settings
    reader: LedgerReader
    name: str
    endings: Collection[str]
    wanted: Wanted

    @property
    def keys(self) -> Keys:
        return Keys.of(self.settings)

    def find(self, now: float) -> Iterator[Recorded]:
        """What is meant of the events that came in before `now`, oldest first. Those that have not
        ended are among them, since it is not known how they will."""
        until = now if self.wanted.until is None else min(now, self.wanted.until)
        reason = (self.wanted.reason or "").lower()
        wanted = replace(self.wanted, reason=None, until=until)
        for recorded in self.reader.recorded(self.name, wanted):
            if recorded.ending == PENDING or (
                recorded.ending in self.endings and reason in recorded.reason.lower()
            ):
                yield recorded


@dataclass(slots=True)
class Survey:
    """What a replay would do.

    kinds: of the events that are sent. left: why others are not. overdue: how many of these are
    past the deadline. taken: how many of those that are sent were delivered before. twice: how many
    of these the destination does not recognise. applied: the rules that were applied when the
    events were recorded. passages: the last one of each event that is sent, by its receipt.
    """

    kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    left: Counter[tuple[str, ...]] = field(default_factory=Counter)
    overdue: int = 0
    taken: int = 0
    twice: int = 0
    applied: Counter[str] = field(default_factory=Counter)
    passages: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.passages)


async def replay(chosen: LedgerReplay, rate: int, yes: bool, dry_run: bool) -> None:
    await wait_until_stored(chosen.redis, chosen.settings)
    review = compile_review(chosen.settings, chosen.name)
    now = time.time()
    survey = _survey(chosen, review, now)
    target = Target.of(chosen.name, chosen.settings.destinations[chosen.name])
    _print(chosen, target, survey)
    if dry_run or not survey.total or not confirmed(f"Replay {survey.total} events?", yes):
        return
    # read after the survey: whatever it found rejected or expired has its dead letter by now
    letters = await _letters(chosen, survey)
    found = _replays(chosen, review, now, survey, letters)
    of_name = chosen.keys.destination(chosen.name)
    reporting = build_reporting(chosen.settings, chosen.name)
    limits = Limits.of(chosen.settings)
    note = note_events(chosen.settings)
    with progress("Replayed", survey.total, "sent, replayed or dropped", note) as advance:
        try:
            async for batch in throttled(found, Throttle(rate)):
                await _refuse_if_full(chosen, limits)
                work = put_back(chosen.redis, of_name, batch, reporting)
                advance(len(batch), await completed(work))
                await wake(chosen.redis, chosen.jobs_url, chosen.keys, chosen.name)
        except TypeError:
            fail("replay stopped: a rule made an event that cannot be represented in JSON", 1)


def _survey(chosen: LedgerReplay, review: Review, now: float) -> Survey:
    destination = build_destination(chosen.settings.destinations[chosen.name])
    survey = Survey()
    for recorded in chosen.find(now):
        reviewed = review(recorded, now)
        if reviewed.event is None:
            survey.left[recorded.ending, common(reviewed.reason)] += 1
            survey.overdue += reviewed.overdue
            continue
        survey.kinds[recorded.ending, common(recorded.reason)] += 1
        survey.passages[recorded.receipt] = recorded.passage
        survey.applied.update(recorded.applied)
        if recorded.ending in DELIVERED:
            age = now - recorded.happened_at
            survey.taken += 1
            survey.twice += not destination.recognises(reviewed.event, age)
    return survey


def _print(chosen: LedgerReplay, target: Target, survey: Survey) -> None:
    name = printable(chosen.name)
    if survey.left:
        print_counts(f"events stay as they are at {name}", survey.left, "ended", "because")
        click.echo()
    print_counts(f"events to send to {name}", survey.kinds, "ended", "reason")
    if survey.overdue:
        click.echo(
            f"Events past their deadline: {survey.overdue}. They are not sent, since "
            "they would only expire."
        )
    if survey.taken:
        click.echo(
            f"Events that {name} has taken before: {survey.taken}, of which it may count "
            f"{survey.twice} twice: it does not recognise a repetition of these."
        )
    if survey.applied:
        _tell_about_rules(chosen, name, survey.applied)
    warn_about_dry_runs([target], [chosen.name] if survey.total else [])


def _tell_about_rules(chosen: LedgerReplay, name: str, applied: Counter[str]) -> None:
    own = {each.name for each in chosen.settings.destinations[chosen.name].rules}
    for names, words in (
        ([each for each in applied if each not in own], "They are not applied again"),
        ([each for each in applied if each in own], f"{name} has them, so they run again"),
    ):
        if names:
            shown = ", ".join(f"{printable(each)} ({applied[each]})" for each in names)
            click.echo(f"Rules that were applied before events were recorded: {shown}. {words}.")


async def _letters(chosen: LedgerReplay, survey: Survey) -> dict[str, str]:
    """The ids of the dead letters of the events that are sent, by receipt."""
    found = dead_letters.find(chosen.redis, chosen.keys.destination(chosen.name))
    return {each.receipt: each.id async for each in found if each.receipt in survey.passages}


async def _replays(
    chosen: LedgerReplay, review: Review, now: float, survey: Survey, letters: dict[str, str]
) -> AsyncIterator[Replay]:
    """What the survey has found to be sent, unless it was sent again since."""
    for recorded in chosen.find(now):
        if survey.passages.get(recorded.receipt) != recorded.passage:
            continue
        reviewed = review(recorded, now)
        if recorded.ending != PENDING and reviewed.event is not None:
            letter = letters.get(recorded.receipt, "")
            yield replay_of(recorded, reviewed, chosen.settings.version, letter)


async def _refuse_if_full(chosen: LedgerReplay, limits: Limits) -> None:
    closed = Closed.by(await read_bounds(chosen.redis, chosen.keys, limits)).trusted
    for concerned in (ALL_MEMORY, chosen.name):
        if concerned in closed:
            fail(f"replay stopped: {closed[concerned]}", 1)
