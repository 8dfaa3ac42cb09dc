"""Limits the total size of the events of one request, including the fields that they share.

A request can state fields once for up to a thousand events, and each event gets them all: 16 KB
became 900 MB. So the sizes of the events are added up while they are read. Most of what they share
may be cut off or left out of each event, after the work is done: 450 KB took 50 seconds. So it is
also measured before any event gets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

MAX_SIZE = 8 << 20
"""Bytes of the events in a stranger's request. A thousand usual events have 3 MB."""

MAX_TRUSTED_SIZE = 64 << 20

FEW_EVENTS = 10
"""Events of a request that need not be measured: the bounds of one event are enough."""

_CONTAINER, _VALUE = 100, 16
"""Bytes in memory in addition to those in JSON: of an object or a list, and of any other value."""


class BatchTooLarge(Exception):
    """The events of a request are too large together."""


class BatchSize:
    """Adds up the sizes of events. json: their bytes in JSON so far."""

    def __init__(self, trusted: bool) -> None:
        self.json = 0
        self._left = MAX_TRUSTED_SIZE if trusted else MAX_SIZE

    def add(self, event: dict[str, Any]) -> None:
        """Adds `event`. Raises `BatchTooLarge` if the events are then too large together."""
        try:
            text = orjson.dumps(event)
        except TypeError:  # its request is refused when it is to be stored
            return
        self.json += len(text)
        self._left -= _size_of(text)
        if self._left < 0:
            raise BatchTooLarge

    def check_shared(self, shared: Mapping[str, Any], events: int) -> None:
        """Raises `BatchTooLarge` if `shared`, fields that each of so many `events` gets, is alone
        too large for them, or nested too deeply to be measured."""
        try:
            size = _size_of(orjson.dumps(shared))
        except TypeError:
            raise BatchTooLarge from None
        if size * events > self._left:
            raise BatchTooLarge


def _size_of(text: bytes) -> int:
    """About the bytes in memory of the value in `text`, JSON."""
    containers = text.count(b"{") + text.count(b"[")
    return len(text) + _CONTAINER * containers + _VALUE * text.count(b",")
