"""Limits the total size of the events of one request, including the fields that they share.

A request can state fields once for up to a thousand events, and each event gets them all: 16 KB
became 900 MB. So the sizes of the events are added up while they are read.
"""

from __future__ import annotations

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
        containers = text.count(b"{") + text.count(b"[")
        self.json += len(text)
        self._left -= len(text) + _CONTAINER * containers + _VALUE * text.count(b",")
        if self._left < 0:
            raise BatchTooLarge
