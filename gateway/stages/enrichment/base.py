"""What the enrichments share."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from gateway.event import Event, Received

Additions = dict[str, Any]
"""Fields to write into an event; an object that it has in part is there whole. Nothing to add is an
empty one. What is in it belongs to that event alone."""

Enrichment = Callable[[Event, Received], Additions]
"""Finds out what can be added to a completed event.

Never changes the event, never adds what the event says already, and never raises.
"""

Location = Mapping[str, str]
"""Parts of ``event_location``: ``country`` (ISO 3166-1 alpha-2), ``region``, ``city``."""


class NamedFile(NamedTuple):
    """A file that settings name.

    key: the setting that names it. path: as it is written there. read: from the file to what the
    enrichment uses of it; raises `TableMistake`. Equal readers of one
    path share what they read.
    """

    key: str
    path: Path
    read: Callable[[Path], Any]


class PartSettings(BaseModel):
    """The settings of one enrichment or lookup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def files(self) -> Iterable[NamedFile]:
        """The files that these settings name."""
        return ()


def completed(said: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """The object `said`, as an event has it, with those parts of `found` that it does not say.

    A part that is missing or empty text is not said. Empty when there is nothing to add to it.
    """
    if said is None or said == {}:
        return {**found}
    if not isinstance(said, dict):
        return {}
    new = {key: value for key, value in found.items() if said.get(key) in (None, "")}
    return {**said, **new} if new else {}


def with_found(event: Event, name: str, found: Mapping[str, Any]) -> Event:
    """`event` with its object `name` as `completed` makes it; the same event if it adds nothing."""
    whole = completed(event.get(name), found)
    return {**event, name: whole} if whole else event
