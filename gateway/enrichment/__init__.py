"""Enrichment: what can be found out about an event without asking anyone.

To add an enrichment: one file beside this one with a function `load`, its line in `ENRICHMENTS`,
and its tests. `load` does what is slow (imports, tables), so only what is configured costs
anything.
"""

from collections.abc import Callable, Collection

from gateway.enrichment import bot, campaign, click_ids, geo, page, user_agent
from gateway.enrichment.base import Enrichment
from gateway.event import Event, Received

ENRICHMENTS: dict[str, Callable[[], Enrichment]] = {
    "bot": bot.load,
    "page": page.load,
    "campaign": campaign.load,
    "click_ids": click_ids.load,
    "user_agent": user_agent.load,
    "geo": geo.load,
}
"""Loaders by name, in the order in which they run."""

NAMES = tuple(ENRICHMENTS)


def compile_enrichment(
    names: Collection[str],
) -> Callable[[Event, Received], tuple[Event, str]]:
    """The stage that runs the enrichments in `names`, in the order of `ENRICHMENTS`, and says which
    of them found something.

    Raises `ValueError` for a name that is not in `NAMES`.
    """
    if unknown := sorted(set(names) - ENRICHMENTS.keys()):
        raise ValueError(f"unknown enrichment {unknown[0]!r}: choose from {', '.join(NAMES)}")
    steps = [(name, load()) for name, load in ENRICHMENTS.items() if name in names]

    def enrich(event: Event, received: Received) -> tuple[Event, str]:
        found = []
        for name, step in steps:
            enriched = step(event, received)
            if enriched is not event:
                found.append(name)
                event = enriched
        return event, ", ".join(found)

    return enrich
