"""A message: the content of one request, before it is signed."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from destinations.base import Event, Unsendable

_is_message_id = re.compile(r"[!-\-/-~]+").fullmatch
"""Printable ASCII without a dot, which separates the parts of the signed text."""


class Message(NamedTuple):
    """id: the same at every attempt. events: positions, as in `Request`. headers: the headers that
    depend on the event."""

    id: str
    body: bytes
    events: tuple[int, ...]
    headers: Mapping[str, str]


Messages = Callable[[Sequence[Event]], Iterator[Message | Unsendable]]
"""The messages that carry some events."""


def message_id(event: Event, body: bytes) -> str:
    """The event's id, or a hash if that is not valid. It is the same at every attempt."""
    event_id: str = event.get("event_id", "")
    if _is_message_id(event_id):
        return event_id
    return sha256(event_id.encode("utf-8", "replace") or body).hexdigest()
