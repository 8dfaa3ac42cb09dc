"""Counters of events that the gateway could not read completely, by source.

The names are those of the counters in Redis. Nothing that a sender writes becomes part of a name:
sources come from the configuration, and fields are known fields.
"""

from collections.abc import Iterator, Mapping

from gateway.event import Event
from gateway.event.bounds import SURPLUS, TOO_MANY
from gateway.event.mending import ignored_of

_IGNORED = "ignored_fields:"
_SURPLUS = "surplus_fields:"
_UNSEARCHED = "unsearched_texts:"


def surplus_counter(source: str) -> str:
    """Counts events whose surplus fields were removed."""
    return f"{_SURPLUS}{source}"


def counters_of(event: Event, source: str) -> Iterator[str]:
    """The counters that `event` increments because fields of it were ignored or removed."""
    for each in ignored_of(event):
        if each["reason"] != TOO_MANY:
            yield f"{_IGNORED}{source}:{each['field']}"
    if SURPLUS in event:
        yield surplus_counter(source)


def ignored_fields(counts: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Numbers of events by source and ignored field, from the gateway's counters."""
    by_names = _by_source(counts, _IGNORED)
    return {tuple(name.rsplit(":", 1)): count for name, count in by_names.items()}  # type: ignore[misc]


def unsearched_counter(source: str) -> str:
    """Counts events of which the PII guard removed texts because there was too much to search."""
    return f"{_UNSEARCHED}{source}"


def surplus_events(counts: Mapping[str, int]) -> dict[str, int]:
    """Numbers of events with surplus fields by source, from the gateway's counters."""
    return _by_source(counts, _SURPLUS)


def unsearched_events(counts: Mapping[str, int]) -> dict[str, int]:
    """Numbers of events with too much text for the PII guard, by source."""
    return _by_source(counts, _UNSEARCHED)


def _by_source(counts: Mapping[str, int], start: str) -> dict[str, int]:
    return {
        name.removeprefix(start): count for name, count in counts.items() if name.startswith(start)
    }
