"""Compiles a mapping once, at start, into functions that are fast for every event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from destinations.mapping.fields import Hasher, compile_fields
from destinations.mapping.merge import merged
from destinations.mapping.settings import EventMapping, MappingSettings

__all__ = ["Hasher", "Mapper", "compile_mapping"]


def compile_mapping(
    built_in: MappingSettings, own: MappingSettings, hashers: Mapping[str, Hasher]
) -> Mapper:
    """The mapper for `own`, which adds to `built_in` or replaces it. hashers: by the path of the
    vendor's field that receives personal data."""
    return Mapper(merged(built_in, own), hashers)


class Mapper:
    """Applies a mapping to events.

    names: the vendor's names of events, by the events' own names. is_selective: whether events that
    the mapping does not name are withheld.
    """

    def __init__(self, settings: MappingSettings, hashers: Mapping[str, Hasher]) -> None:
        whole = {
            event: given
            for event, given in settings.events.items()
            if isinstance(given, EventMapping)
        }
        self.names: dict[str, str] = {
            event: given for event, given in settings.events.items() if isinstance(given, str)
        } | {event: given.name for event, given in whole.items() if given.name}
        self.is_selective = settings.other_events == "withhold"
        self._wanted = frozenset([*settings.events, *self.names.values()])
        self._paths = [path for path, _ in settings.values()]
        self._steps = compile_fields(settings.fields, hashers)
        self._of_event = {
            event: compile_fields(given.fields, hashers) for event, given in whole.items()
        }

    def name_of(self, event: Mapping[str, Any]) -> str:
        """The vendor's name of `event`; its own name if the mapping has none for it."""
        name: str = event["event_name"]
        return self.names.get(name, name)

    def withholds(self, event: Mapping[str, Any]) -> bool:
        """Whether `event` is withheld because its name is neither an event's nor a vendor's name in
        the mapping."""
        return self.is_selective and event["event_name"] not in self._wanted

    def apply(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        """Sets the fields of `body`, the vendor's event, from `event`.

        Objects in `body` are copied before they are changed, because `event` may share them.
        """
        for step in self._steps:
            step(event, body)
        if self._of_event:
            for step in self._of_event.get(event["event_name"], ()):
                step(event, body)

    @property
    def has_fields(self) -> bool:
        """Whether `apply` does anything."""
        return bool(self._paths)

    def touches(self, path: str) -> bool:
        """Whether `apply` may change what is at `path` of the vendor's event."""
        return any(
            f"{each}.".startswith(f"{path}.") or f"{path}.".startswith(f"{each}.")
            for each in self._paths
        )
