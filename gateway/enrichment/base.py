"""What the enrichments share."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from gateway.event import Event, Received

Enrichment = Callable[[Event, Received], Event]
"""Adds what can be found out about a completed event.

Returns the same event when it has nothing to add, never changes what the event says already, and
never raises.
"""

Location = Mapping[str, str]
"""Parts of ``event_location``: ``country`` (ISO 3166-1 alpha-2), ``region``, ``city``."""


class NamedFile(NamedTuple):
    """A file that settings name.

    key: the setting that names it. path: as it is written there. read: from the file to what the
    enrichment uses of it; raises `gateway.enrichment.tables.TableMistake`. Equal readers of one
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


def with_found(event: Event, name: str, found: Mapping[str, Any]) -> Event:
    """`event` with those parts of the object `found` that ``event[name]`` does not say.

    A part that is missing or empty text is not said.
    """
    said = event.get(name)
    if said in (None, {}):
        return {**event, name: {**found}} if found else event
    if not isinstance(said, dict):
        return event
    new = {key: value for key, value in found.items() if said.get(key) in (None, "")}
    return {**event, name: {**said, **new}} if new else event
