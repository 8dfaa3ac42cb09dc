"""Names of the counters in Redis that the consent stage increments, and their values.

Nothing that a sender writes becomes part of a name: sources, cookies and places come from the
configuration, and all other words from the stage. So the number of counters is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

PlaceProblem = Literal["no_address", "no_country"]
"""Why a place is unknown: the event has no address, or its address is of no known country."""

_DEFAULTS = "consent_defaults"
_CONFLICTS = "consent_conflicts"
_UNKNOWN_PLACES = "consent_unknown_places"
_UNREADABLE = "consent_unreadable"
_UNKNOWN_KEYS = "consent_unknown_keys"

_OF_SOURCE = "default of source "


def source_default(source: str) -> str:
    """The `consent_default` of a source, as the trace and the counters name it."""
    return f"{_OF_SOURCE}{source}"


def default_counter(default: str) -> str:
    """default: one that decided a type, as the trace names it."""
    return f"{_DEFAULTS}:{default}"


def conflict_counter(denied_by: str, granted_by: str) -> str:
    return f"{_CONFLICTS}:{denied_by}:{granted_by}"


def unknown_place_counter(source: str, reason: PlaceProblem) -> str:
    return f"{_UNKNOWN_PLACES}:{source}:{reason}"


def unreadable_counter(signal: str) -> str:
    """signal: the unreadable signal and its fault, such as ``outdated tcf string``."""
    return f"{_UNREADABLE}:{signal}"


def unknown_keys_counter(source: str) -> str:
    return f"{_UNKNOWN_KEYS}:{source}"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Events in which one signal denied what another granted."""

    denied_by: str
    granted_by: str
    events: int


@dataclass(frozen=True, slots=True)
class UnknownPlace:
    """Events of a source that left a type to the default of an unknown place. reason: a
    `PlaceProblem`."""

    source: str
    reason: str
    events: int


@dataclass(frozen=True, slots=True)
class ConsentCounts:
    """Numbers of events since counting began, the largest first.

    defaults: events in which a default decided a type, by default; an event counts for each of
    its defaults. source_defaults: the same for the `consent_default` of sources, by source.
    unreadable: by signal. unknown_keys: events with keys in `consent` that are not consent types,
    by source.
    """

    defaults: Mapping[str, int] = field(default_factory=dict)
    source_defaults: Mapping[str, int] = field(default_factory=dict)
    conflicts: Sequence[Conflict] = ()
    unknown_places: Sequence[UnknownPlace] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)
    unknown_keys: Mapping[str, int] = field(default_factory=dict)


def read_consent_counts(counts: Mapping[str, int]) -> ConsentCounts:
    """The counters of consent, from all the counters of the gateway."""
    return ConsentCounts(
        _counted(counts, f"{_DEFAULTS}:"),
        _counted(counts, f"{_DEFAULTS}:{_OF_SOURCE}"),
        [
            Conflict(*_pair(name), count)
            for name, count in _counted(counts, f"{_CONFLICTS}:").items()
        ],
        [
            UnknownPlace(*_pair(name), count)
            for name, count in _counted(counts, f"{_UNKNOWN_PLACES}:").items()
        ],
        _counted(counts, f"{_UNREADABLE}:"),
        _counted(counts, f"{_UNKNOWN_KEYS}:"),
    )


def _counted(counts: Mapping[str, int], start: str) -> dict[str, int]:
    """The counters with names that begin with `start`, by what follows."""
    found = [
        (name[len(start) :], count) for name, count in counts.items() if name.startswith(start)
    ]
    return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def _pair(text: str) -> tuple[str, str]:
    first, _, second = text.partition(":")
    return first, second
