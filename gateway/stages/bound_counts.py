"""What the pipeline counts of events that the gateway could not read as a whole, by source.

The names are those of the counters that Redis keeps. Nothing that a sender writes becomes part of
one: sources are those of the configuration, and fields are known ones.
"""

from collections.abc import Iterator, Mapping

from gateway.event import Event
from gateway.event.bounds import SURPLUS, TOO_MANY
from gateway.event.mending import ignored_of

_IGNORED = "ignored_fields:"
_SURPLUS = "surplus_fields:"
_UNSEARCHED = "unsearched_texts:"


def surplus_counter(source: str) -> str:
    """Events of which fields were cut off, since there were too many."""
    return f"{_SURPLUS}{source}"


def counters_of(event: Event, source: str) -> Iterator[str]:
    """Of what was set aside of `event` when it was read."""
    for each in ignored_of(event):
        if each["reason"] != TOO_MANY:
            yield f"{_IGNORED}{source}:{each['field']}"
    if SURPLUS in event:
        yield surplus_counter(source)


def ignored_fields(counts: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Events by source and by the field of theirs that was set aside, from the gateway's
    counters."""
    by_names = _by_source(counts, _IGNORED)
    return {tuple(name.rsplit(":", 1)): count for name, count in by_names.items()}  # type: ignore[misc]


def unsearched_counter(source: str) -> str:
    """Events of which the PII guard removed texts, since it would have had too much to read."""
    return f"{_UNSEARCHED}{source}"


def surplus_events(counts: Mapping[str, int]) -> dict[str, int]:
    """Events with a surplus by source, from the gateway's counters."""
    return _by_source(counts, _SURPLUS)


def unsearched_events(counts: Mapping[str, int]) -> dict[str, int]:
    """Events with texts that were too much for the PII guard, by source."""
    return _by_source(counts, _UNSEARCHED)


def _by_source(counts: Mapping[str, int], start: str) -> dict[str, int]:
    return {
        name.removeprefix(start): count for name, count in counts.items() if name.startswith(start)
    }
