"""Compiles a mapping, once, to functions that are fast for every event."""

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
    """`own`, added to `built_in` or in its place. hashers: by the paths of the vendor's fields that
    get personal data."""
    return Mapper(merged(built_in, own), hashers)


class Mapper:
    """What a mapping does to events.

    names: the vendor's names of events, by the events' own. is_selective: whether events that the
    mapping does not name are withheld.
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
        """The vendor's name of `event`; its own, if the mapping gives it none."""
        name: str = event["event_name"]
        return self.names.get(name, name)

    def withholds(self, event: Mapping[str, Any]) -> bool:
        """Whether `event` is not sent, because the mapping names it neither by its own name nor by
        the vendor's."""
        return self.is_selective and event["event_name"] not in self._wanted

    def apply(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        """Sets the fields of `body`, the vendor's event, that the mapping takes from `event`.

        Objects in `body` are copied before they are changed, since they may be those of `event`.
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
