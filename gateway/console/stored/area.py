"""What differs between dead letters and the quarantine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic
from urllib.parse import quote

from redis.asyncio import Redis

from gateway.console.context import Console
from gateway.console.personal import QUOTES_PERSON, text_without_personal
from gateway.console.stored.selected import Selected
from gateway.event.reasons import common
from gateway.operations.dead_letter_targets import find_targets
from gateway.operations.dead_letters import DeadLetters
from gateway.operations.quarantine import InQuarantine
from gateway.operations.stored import K, Presentation, Selection, Store
from gateway.queue.stored_events import StoredEvent

Note = Callable[[int], None]

CHECKS = 20
MAX_KNOWN = 10_000


def unnoted(_: int) -> None:
    """The `Note` of operations that only read."""


@dataclass(frozen=True, slots=True)
class Area(Generic[K]):
    """What the pages need to know.

    command: the first word of its commands in the log of operators' actions. what: a noun for its
    events. others: what someone else may do to them. columns, kind: the values that events of one
    group have in common, besides their reason. filter: the parameters of a URL for the events of a
    group. url: of the page of one event. select: returns the selected events.
    """

    path: str
    command: str
    title: str
    what: str
    others: str
    can_edit: bool
    columns: Sequence[str]
    kind: Callable[[Store[K], K], tuple[str, ...]]
    filter: Callable[[Sequence[str]], dict[str, str]]
    url: Callable[[Store[K], K], str]
    select: Callable[[Console, Redis, Selected, Note], Coroutine[Any, Any, Selection[K]]]


def reason_for_all(store: Store[Any], stored: StoredEvent, shorten: Callable[[str], str]) -> str:
    """Why it is stored, without secrets, and without what identifies its visitor."""
    return shorten(text_without_personal(store.mask(stored.reason), stored.event))


@dataclass(slots=True)
class KindsForAll(Generic[K]):
    """The group of each of many events, as everybody may see it. Whether a reason identifies a
    visitor is checked for `CHECKS` of its events: the check costs more than all the rest."""

    area: Area[K]
    known: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def __call__(self, store: Store[K], stored: K) -> tuple[str, ...]:
        place = store.name, stored.reason
        checks, reason = self.known.get(place, (0, ""))
        if checks < CHECKS and reason != QUOTES_PERSON:
            reason = reason_for_all(store, stored, common)
            if len(self.known) < MAX_KNOWN or place in self.known:
                self.known[place] = checks + 1, reason
        return *self.area.kind(store, stored), reason


def _for_all(shown: Presentation[K], area: Area[K]) -> Presentation[K]:
    return replace(shown, kind=KindsForAll(area))


async def select_dead_letters(
    console: Console, redis: Redis, selected: Selected, note: Note
) -> DeadLetters:
    """Raises `gateway.operations.stopped.Mistaken` for a destination that does not exist."""
    targets = await find_targets(redis, console.settings, selected.destinations)
    wanted = selected.wanted
    chosen = DeadLetters.of(redis, console.settings, console.jobs_url, targets, wanted, note)
    return replace(chosen, shown=_for_all(chosen.shown, DEAD_LETTERS))


async def select_in_quarantine(
    console: Console, redis: Redis, selected: Selected, note: Note
) -> InQuarantine:
    chosen = InQuarantine.of(redis, console.jobs_url, console.settings, selected.wanted, note)
    return replace(chosen, shown=_for_all(chosen.shown, QUARANTINE))


DEAD_LETTERS: Area[Any] = Area(
    path="/dead-letters",
    command="dead-letters",
    title="Dead letters",
    what="dead letters",
    others="replayed or dropped",
    can_edit=True,
    columns=("Destination", "Ended", "Event"),
    kind=lambda store, letter: (store.name, letter.result, letter.event_name),
    filter=lambda kind: {"destination": kind[0], "event_name": kind[2]},
    url=lambda store, letter: f"/dead-letters/{quote(store.name, safe='')}/{letter.id}",
    select=select_dead_letters,
)

QUARANTINE: Area[Any] = Area(
    path="/quarantine",
    command="quarantine",
    title="Quarantine",
    what="events in quarantine",
    others="released or dropped",
    can_edit=False,
    columns=("Source", "Event"),
    kind=lambda _, stored: (stored.source, stored.event_name),
    filter=lambda kind: {"event_name": kind[1]},
    url=lambda _, stored: f"/quarantine/{stored.id}",
    select=select_in_quarantine,
)
