"""Requests that each carry many events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from destinations.base import Event, Request, Unsendable
from destinations.common import NOT_JSON, to_json

Batch = Mapping[int, bytes]
"""Vendor's events in JSON, by the position of the event that each was made of."""

Group = TypeVar("Group")


def batched(
    events: Sequence[Event],
    translate: Callable[[Event], tuple[Group, dict[str, Any]] | str],
    request: Callable[[Batch, Group], Request],
    max_events: int,
) -> Iterator[Request | Unsendable]:
    """The requests that carry `events`, up to `max_events` each.

    translate: from an event to the vendor's event, with what only events of the same request have
    in common, or why it cannot be sent. request: the one that carries a batch of a group.
    """
    batches: dict[Group, dict[int, bytes]] = {}
    for position, event in enumerate(events):
        translated = translate(event)
        if isinstance(translated, str):
            yield Unsendable(position, translated)
            continue
        group, made = translated
        body = to_json(made)
        if body is None:
            yield Unsendable(position, NOT_JSON)
            continue
        batch = batches.setdefault(group, {})
        batch[position] = body
        if len(batch) == max_events:
            yield request(batches.pop(group), group)
    for group, batch in batches.items():
        yield request(batch, group)
