"""How much the events of one request may hold together, with the fields that they share.

A request can state fields once for all of its events, of which it has up to a thousand, and each
event gets them all: 16 KB became 900 MB. The size of each event is added up while it is read.
"""

from __future__ import annotations

from typing import Any

import orjson

MAX_SIZE = 8 << 20
"""Of the events of a stranger's request. A thousand usual events have 3 MB."""

MAX_TRUSTED_SIZE = 64 << 20

FEW_EVENTS = 10
"""Events of a request that need not be measured: the bounds of one event are enough."""

_CONTAINER, _VALUE = 100, 16
"""Bytes in memory beyond those in JSON, of an object or a list, and of any other value."""


class BatchTooLarge(Exception):
    """The events of a request hold too much together."""


class BatchSize:
    """json: bytes of the events added so far, in JSON."""

    def __init__(self, trusted: bool) -> None:
        self.json = 0
        self._left = MAX_TRUSTED_SIZE if trusted else MAX_SIZE

    def add(self, event: dict[str, Any]) -> None:
        """Raises `BatchTooLarge` when the events hold too much with `event`."""
        try:
            text = orjson.dumps(event)
        except TypeError:  # its request is refused when it is to be stored
            return
        containers = text.count(b"{") + text.count(b"[")
        self.json += len(text)
        self._left -= len(text) + _CONTAINER * containers + _VALUE * text.count(b",")
        if self._left < 0:
            raise BatchTooLarge
