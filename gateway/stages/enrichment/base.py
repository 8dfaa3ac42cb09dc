"""What the enrichments share."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from gateway.event import Event, Received

Additions = dict[str, Any]
"""Fields to write into an event, empty if there are none. An object of which the event has a part
is included as a whole. Nothing in it is shared with other events."""

Enrichment = Callable[[Event, Received], Additions]
"""Finds out what can be added to a completed event.

Never changes the event, never adds what the event says already, and never raises.
"""

Location = Mapping[str, str]
"""Parts of ``event_location``: ``country`` (ISO 3166-1 alpha-2), ``region``, ``city``."""


class NamedFile(NamedTuple):
    """A file that settings name.

    key: the setting that names it. path: as it is written there. read: from the file to what the
    enrichment uses of it; raises `TableMistake`. Equal readers of one path share the result.
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
    """The event's object `said`, completed with the parts of `found` that it does not state.

    A part that is missing, None or "" is not stated. The result is empty if nothing is added.
    """
    if said is None or said == {}:
        return {**found}
    if not isinstance(said, dict):
        return {}
    new = {key: value for key, value in found.items() if said.get(key) in (None, "")}
    return {**said, **new} if new else {}


def with_found(event: Event, name: str, found: Mapping[str, Any]) -> Event:
    """`event` with its object `name` completed by `found`; the same event if that adds nothing."""
    whole = completed(event.get(name), found)
    return {**event, name: whole} if whole else event
