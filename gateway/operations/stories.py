"""The stories of events, and what would be decided about them today."""

from __future__ import annotations

import time
from collections.abc import Sequence

from gateway.configuration.settings import Settings
from gateway.explain.explain import Explanation
from gateway.explain.then_and_today import ThenAndToday
from gateway.ledger.answers import Story
from gateway.ledger.digests import EventDigests
from gateway.ledger.reading import LedgerReader
from gateway.queue.receipts import is_receipt


def find_stories(
    reader: LedgerReader, digests: EventDigests, wanted: str, limit: int
) -> list[Story]:
    """The newest `limit` events with the receipt or the id `wanted`, newest first."""
    if is_receipt(wanted) and (found := reader.story(wanted)):
        return [found]
    return list(reader.stories(digests.of_text(wanted), limit))


def explain_stories(
    settings: Settings, reader: LedgerReader, stories: Sequence[Story], today: bool = True
) -> list[Explanation]:
    """An explanation of each of `stories`. today: whether to include what is decided today, as
    `ThenAndToday.explain` does; otherwise it is that of `ThenAndToday.then`."""
    compared = ThenAndToday(settings, reader.configuration, time.time())
    explanations = []
    for story in stories:
        names = dict.fromkeys(ending.destination for ending in story.endings)
        names |= dict.fromkeys(settings.destinations)
        explain = compared.explain if today else compared.then
        explanations.append(explain(story, reader.recorded_event(story.receipt, names)))
    return explanations
