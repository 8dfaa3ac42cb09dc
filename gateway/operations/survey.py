"""Counting and listing stored events."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from gateway.operations.stored import K, Selection, Store


@dataclass(slots=True)
class Survey(Generic[K]):
    """What a survey finds.

    kinds: counts of events. counts, through: by the name of the store, how many events there are,
    and the id of the newest entry at that moment. newest: a limited number for each store. notices:
    what to know about some of the events.
    """

    kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    through: dict[str, str] = field(default_factory=dict)
    newest: list[tuple[Store[K], K]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.kinds.total()

    def newest_of_all(self, limit: int) -> list[tuple[Store[K], K]]:
        """The newest first, of all stores together."""
        return sorted(self.newest, key=lambda found: found[1].stored_at, reverse=True)[:limit]


def _ignore(*_: Any) -> None:
    return None


async def survey_of(
    chosen: Selection[K], keep: int = 0, note: Callable[[Store[K], K], None] = _ignore
) -> Survey[K]:
    """Surveys the events that `chosen` selects. keep: how many of the newest of each store to keep.
    note: called with every event."""
    survey: Survey[K] = Survey()
    for store in chosen.stores:
        through = survey.through[store.name] = await store.events.newest_id(chosen.redis)
        newest: deque[K] = deque(maxlen=keep)
        async for stored in chosen.find(store, through):
            survey.kinds[chosen.shown.kind(store, stored)] += 1
            survey.counts[store.name] += 1
            newest.append(stored)
            note(store, stored)
        survey.newest += [(store, stored) for stored in reversed(newest)]
        if store.notice and survey.counts[store.name]:
            survey.notices.append(store.notice(survey.counts[store.name]))
    return survey
