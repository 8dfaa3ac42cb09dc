"""Selects events of the ledger and replays them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from redis.asyncio import Redis

from gateway.configuration.destination import build_destination
from gateway.configuration.settings import Settings
from gateway.event.endings import ARRIVED
from gateway.event.reasons import common
from gateway.event.text import printable
from gateway.ledger.answers import Wanted
from gateway.ledger.feeding import build_reporting
from gateway.ledger.recorded import PENDING, Recorded
from gateway.operations.bulk import Advance, Throttle, completed, noted, throttled
from gateway.operations.catching_up import wait_until_stored
from gateway.operations.ledger_review import Review, compile_review, replay_of
from gateway.operations.stopped import Stopped
from gateway.operations.targets import Target, dry_run_notes
from gateway.operations.wake import wake
from gateway.queue import dead_letters
from gateway.queue.bounds import ALL_MEMORY, Closed, Limits
from gateway.queue.capacity import read_bounds
from gateway.queue.keys import Keys
from gateway.queue.replay import Replay, put_back


class Recording(Protocol):
    """Reads recorded events, as `LedgerReader` does."""

    def recorded(self, destination: str, wanted: Wanted) -> Iterator[Recorded]: ...


@dataclass(frozen=True, slots=True)
class OneEvent:
    """A `Recording` of one event that was read before."""

    event: Recorded

    def recorded(self, destination: str, wanted: Wanted) -> Iterator[Recorded]:
        """destination: the one for which it was read."""
        yield self.event


@dataclass(frozen=True, slots=True)
class LedgerReplay:
    """endings: those to replay. wanted: which events, and a part of the reason of their ending.
    note: writes to the log of operators' actions how many were sent."""

    redis: Redis
    jobs_url: str
    settings: Settings
    reader: Recording
    name: str
    endings: Collection[str]
    wanted: Wanted
    note: Callable[[int], None]

    @property
    def keys(self) -> Keys:
        return Keys.of(self.settings)

    def find(self, now: float) -> Iterator[Recorded]:
        """The selected events that came in before `now`, oldest first. Events that have not ended
        are included, since it is not known how they will end."""
        until = now if self.wanted.until is None else min(now, self.wanted.until)
        reason = (self.wanted.reason or "").lower()
        wanted = replace(self.wanted, reason=None, until=until)
        for recorded in self.reader.recorded(self.name, wanted):
            if recorded.ending == PENDING or (
                recorded.ending in self.endings and reason in recorded.reason.lower()
            ):
                yield recorded


@dataclass(slots=True)
class LedgerSurvey:
    """What a replay would do.

    kinds: counts of the events to send. left: counts of the others, with the reasons. overdue: how
    many of the others are past the deadline. taken: how many events to send the destination already
    has. twice: how many of those it does not recognise as repeated. applied: the rules that were
    applied before the events to send were recorded. passages: the last passage of each event to
    send, by its receipt. notes: what to know beforehand, in sentences. review, now: the replay uses
    both.
    """

    review: Review
    now: float
    kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    left: Counter[tuple[str, ...]] = field(default_factory=Counter)
    overdue: int = 0
    taken: int = 0
    twice: int = 0
    applied: Counter[str] = field(default_factory=Counter)
    passages: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.passages)


async def survey_replay(chosen: LedgerReplay) -> LedgerSurvey:
    """Waits until the ledger has stored all that has happened, then surveys it."""
    await wait_until_stored(chosen.redis, chosen.settings)
    survey = _survey(
        chosen, LedgerSurvey(compile_review(chosen.settings, chosen.name), time.time())
    )
    survey.notes = [*_notes(chosen, survey)]
    return survey


async def replay_from_ledger(
    chosen: LedgerReplay, survey: LedgerSurvey, rate: int, advance: Advance
) -> None:
    """Sends what `survey` found, `rate` events a second."""
    # read after the survey: whatever it found rejected or expired has its dead letter by now
    letters = await _letters(chosen, survey)
    found = _replays(chosen, survey, letters)
    of_name = chosen.keys.destination(chosen.name)
    reporting = build_reporting(chosen.settings, chosen.name)
    limits = Limits.of(chosen.settings)
    with noted(chosen.note, advance) as count:
        try:
            async for batch in throttled(found, Throttle(rate)):
                await _stop_if_full(chosen, limits)
                work = put_back(chosen.redis, of_name, batch, reporting)
                count(len(batch), await completed(work))
                await wake(chosen.redis, chosen.jobs_url, chosen.keys, chosen.name)
        except TypeError:
            raise Stopped(
                "replay stopped: a rule made an event that cannot be represented in JSON"
            ) from None


def _survey(chosen: LedgerReplay, survey: LedgerSurvey) -> LedgerSurvey:
    """Fills `survey` and returns it."""
    destination = build_destination(chosen.settings.destinations[chosen.name])
    now = survey.now
    for recorded in chosen.find(now):
        reviewed = survey.review(recorded, now)
        if reviewed.event is None:
            survey.left[recorded.ending, common(reviewed.reason)] += 1
            survey.overdue += reviewed.overdue
            continue
        survey.kinds[recorded.ending, common(recorded.reason)] += 1
        survey.passages[recorded.receipt] = recorded.passage
        survey.applied.update(recorded.applied)
        if recorded.ending in ARRIVED:
            age = now - recorded.happened_at
            survey.taken += 1
            survey.twice += not destination.recognises(reviewed.event, age)
    return survey


def _notes(chosen: LedgerReplay, survey: LedgerSurvey) -> Iterator[str]:
    name, configured = printable(chosen.name), chosen.settings.destinations[chosen.name]
    if survey.overdue:
        yield (
            f"Events past their deadline: {survey.overdue}. They are not sent, since "
            "they would only expire."
        )
    if survey.taken:
        yield (
            f"Events that {name} has taken before: {survey.taken}, of which it may count "
            f"{survey.twice} twice: it does not recognise a repetition of these."
        )
    own = {each.name for each in configured.rules}
    yield from _rule_notes(name, survey.applied, own)
    target = Target.of(chosen.name, configured)
    yield from dry_run_notes([target], [chosen.name] if survey.total else [])


def _rule_notes(name: str, applied: Counter[str], own: Collection[str | None]) -> Iterator[str]:
    for names, words in (
        ([each for each in applied if each not in own], "They are not applied again"),
        ([each for each in applied if each in own], f"{name} has them, so they run again"),
    ):
        if names:
            shown = ", ".join(f"{printable(each)} ({applied[each]})" for each in names)
            yield f"Rules that were applied before events were recorded: {shown}. {words}."


async def _letters(chosen: LedgerReplay, survey: LedgerSurvey) -> dict[str, str]:
    """The ids of the dead letters of the events that are sent, by receipt."""
    found = dead_letters.find(chosen.redis, chosen.keys.destination(chosen.name))
    return {each.receipt: each.id async for each in found if each.receipt in survey.passages}


async def _replays(
    chosen: LedgerReplay, survey: LedgerSurvey, letters: dict[str, str]
) -> AsyncIterator[Replay]:
    """The events that the survey found to send, except those that were sent again since."""
    for recorded in chosen.find(survey.now):
        if survey.passages.get(recorded.receipt) != recorded.passage:
            continue
        reviewed = survey.review(recorded, survey.now)
        if recorded.ending != PENDING and reviewed.event is not None:
            letter = letters.get(recorded.receipt, "")
            yield replay_of(recorded, reviewed, chosen.settings.version, letter)


async def _stop_if_full(chosen: LedgerReplay, limits: Limits) -> None:
    closed = Closed.by(await read_bounds(chosen.redis, chosen.keys, limits)).trusted
    for concerned in (ALL_MEMORY, chosen.name):
        if concerned in closed:
            raise Stopped(f"replay stopped: {closed[concerned]}")
