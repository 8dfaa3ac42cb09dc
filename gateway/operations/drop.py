"""Dropping stored events."""

from __future__ import annotations

from gateway.operations.bulk import Advance, batches, completed, noted
from gateway.operations.stored import K, Selection
from gateway.operations.survey import Survey
from gateway.queue.stored_events import PAGE


async def drop_stored(chosen: Selection[K], survey: Survey[K], advance: Advance) -> None:
    """Deletes the selected events that were stored when `survey` was made."""
    with noted(chosen.note, advance) as count:
        for store in chosen.stores:
            events = chosen.find(store, survey.through[store.name])
            async for batch in batches(events, PAGE):
                ids = [stored.id for stored in batch]
                count(len(batch), await completed(store.drop(chosen.redis, ids)))
