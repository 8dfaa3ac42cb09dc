"""Releases events in quarantine."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from gateway.ledger.feeding import build_feeding
from gateway.operations.bulk import Advance, Throttle, completed, noted, throttled
from gateway.operations.quarantine import InQuarantine, kind
from gateway.operations.quarantine_review import Review, compile_review, misfit
from gateway.operations.stopped import Stopped
from gateway.operations.stored import Store
from gateway.operations.survey import Survey, survey_of
from gateway.operations.targets import Target, dry_run_notes
from gateway.pipeline.decision import Decision
from gateway.queue.admission import Full
from gateway.queue.append import Appender, Retention
from gateway.queue.bounds import Closed, Limits
from gateway.queue.capacity import read_bounds
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import Releaser
from gateway.queue.quarantined_event import Quarantined
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_jobs

Fate = Literal["to send", "will expire", "withheld"]
"""What becomes of a released event at a destination. It expires when it is past the deadline."""

FATES: tuple[Fate, ...] = ("to send", "will expire", "withheld")


@dataclass(slots=True)
class Preview:
    """What a release would do. survey: of all selected events. misfits: kinds of the events that
    stay, with today's reasons. fates: of the others, at each destination. notes: what to know
    beforehand, in sentences. review: decides about an event, in the release too."""

    survey: Survey[Quarantined]
    misfits: Counter[tuple[str, ...]]
    fates: Counter[tuple[str, Fate]]
    notes: list[str]
    review: Review

    @property
    def total(self) -> int:
        """How many would be released."""
        return self.survey.total - self.misfits.total()


async def survey_release(chosen: InQuarantine, anyway: bool) -> Preview:
    """anyway: whether to release events that do not match the current schemas, too."""
    review = compile_review(chosen.settings, checked=not anyway)
    targets = [Target.of(name, each) for name, each in chosen.settings.destinations.items()]
    now = time.time()
    misfits: Counter[tuple[str, ...]] = Counter()
    fates: Counter[tuple[str, Fate]] = Counter()

    def note(_: Store[Quarantined], stored: Quarantined) -> None:
        decision = review(stored)
        if reason := misfit(decision):
            misfits[kind(stored, reason)] += 1
        else:
            fates.update((each.name, _fate(stored, decision, each, now)) for each in targets)

    survey = await survey_of(chosen, note=note)
    concerned = {name for name, fate in fates if fate != "withheld"}
    return Preview(survey, misfits, fates, [*dry_run_notes(targets, concerned)], review)


def _fate(stored: Quarantined, decision: Decision, target: Target, now: float) -> Fate:
    if decision.verdicts[target.name].event is None:
        return "withheld"
    return "will expire" if target.is_overdue(stored, now) else "to send"


async def release_quarantined(
    chosen: InQuarantine, preview: Preview, rate: int, advance: Advance
) -> None:
    """Releases the events that `preview` found and that still fit, `rate` events a second."""
    try:
        await _release(chosen, preview, Throttle(rate), advance)
    except Full as error:
        raise Stopped(f"release stopped: {error}") from None
    except TypeError:
        raise Stopped(
            "release stopped: the rules changed an event so that it cannot be represented in JSON"
        ) from None


async def _release(
    chosen: InQuarantine, preview: Preview, throttle: Throttle, advance: Advance
) -> None:
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
        if not misfit(decision := preview.review(stored))
    )
    with noted(chosen.note, advance) as count:
        async for batch in throttled(decided, throttle):
            appender.closed = Closed.by(await read_bounds(chosen.redis, keys, limits))
            count(len(batch), await completed(releaser.release(dict(batch))))
