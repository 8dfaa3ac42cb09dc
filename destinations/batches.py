"""Requests that each carry many events."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from destinations.base import Event, Request, Unsendable
from destinations.json_values import NOT_JSON, to_json

Batch = Mapping[int, bytes]
"""The vendor's events in JSON, by the position of the event that each was made from."""

Group = TypeVar("Group")


def batched(
    events: Sequence[Event],
    translate: Callable[[Event], tuple[Group, dict[str, Any]] | str],
    request: Callable[[Batch, Group], Request],
    max_events: int,
    max_bytes: int = sys.maxsize,
) -> Iterator[Request | Unsendable]:
    """The requests that carry `events`, up to `max_events` each.

    translate: from an event to its group and the vendor's event, or to the reason why it cannot be
    sent. Only events of the same group share a request. request: makes the request for a batch of a
    group. max_bytes: limit for the vendor's events in a batch, with the commas between them.
    """
    batches: dict[Group, dict[int, bytes]] = {}
    sizes: dict[Group, int] = {}
    for position, event in enumerate(events):
        translated = translate(event)
        if isinstance(translated, str):
            yield Unsendable(position, translated)
            continue
        group, made = translated
        body = to_json(made)
        if body is None or len(body) > max_bytes:
            too_long = f"the event has more than {max_bytes} bytes"
            yield Unsendable(position, NOT_JSON if body is None else too_long)
            continue
        size = sizes.get(group, -1) + 1 + len(body)
        if size > max_bytes:
            yield request(batches.pop(group), group)
            size = len(body)
        batch = batches.setdefault(group, {})
        batch[position], sizes[group] = body, size
        if len(batch) == max_events:
            yield request(batches.pop(group), group)
            del sizes[group]
    for group, batch in batches.items():
        yield request(batch, group)


def batched_alike(
    events: Sequence[Event],
    translate: Callable[[Event], dict[str, Any] | str],
    request: Callable[[Batch], Request],
    max_events: int,
    max_bytes: int = sys.maxsize,
) -> Iterator[Request | Unsendable]:
    """As `batched`, for events that may all share a request."""

    def of_one_group(event: Event) -> tuple[None, dict[str, Any]] | str:
        made = translate(event)
        return made if isinstance(made, str) else (None, made)

    return batched(events, of_one_group, lambda batch, _: request(batch), max_events, max_bytes)
