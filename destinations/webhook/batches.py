"""Batches: several events in one request, up to a number of events and of bytes."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from destinations.base import Event, Unsendable
from destinations.json_values import NOT_JSON
from destinations.webhook.message import Message, Messages

Encode = Callable[[Event], bytes | None]
"""From an event to its JSON; None if it cannot be represented."""


class Layout(NamedTuple):
    """The layout of events in the body of a batch: between `start` and `end`, with `separator`
    between two events."""

    start: bytes
    separator: bytes
    end: bytes


JSON_ARRAY = Layout(b"[", b",", b"]")
NDJSON = Layout(b"", b"\n", b"\n")


def compile_batches(encode: Encode, layout: Layout, max_events: int, max_bytes: int) -> Messages:
    """The function that puts events into batches.

    The id of a batch is a hash of its body, so the same batch has the same id.
    """
    around = len(layout.start) + len(layout.end)

    def messages(events: Sequence[Event]) -> Iterator[Message | Unsendable]:
        batch: dict[int, bytes] = {}
        size = around
        for position, event in enumerate(events):
            body = encode(event)
            if body is None:
                yield Unsendable(position, NOT_JSON)
                continue
            if around + len(body) > max_bytes:
                yield Unsendable(
                    position,
                    f"alone, it has more than {max_bytes} bytes, the limit in `batch.max_bytes`",
                )
                continue
            added = len(body) + len(layout.separator)
            if batch and (len(batch) == max_events or size + added > max_bytes):
                yield _message(batch, layout)
                batch, size = {}, around
            size += added if batch else len(body)
            batch[position] = body
        if batch:
            yield _message(batch, layout)

    return messages


def _message(batch: dict[int, bytes], layout: Layout) -> Message:
    body = layout.start + layout.separator.join(batch.values()) + layout.end
    return Message(sha256(body).hexdigest(), body, tuple(batch), {})
