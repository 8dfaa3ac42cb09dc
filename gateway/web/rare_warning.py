"""Warnings that could flood the log, such as those that strangers cause, or Redis being away."""

import logging

from gateway.event.words import counted

LOG_SECONDS = 60.0
"""Between two lines about the same."""


class RareWarning:
    """A log line at most every `LOG_SECONDS`. noun: what is counted, such as ``event``. text: with
    ``%s``, how many there were since the last line, such as ``3 events``."""

    def __init__(self, log: logging.Logger, noun: str, text: str) -> None:
        self._log = log
        self._noun = noun
        self._text = text
        self._count = 0
        self._last = float("-inf")

    def add(self, number: int = 1) -> None:
        self._count += number

    def say(self, now: float) -> None:
        """now: seconds by any monotonic clock."""
        if self._count and now - self._last >= LOG_SECONDS:
            self._log.warning(self._text, counted(self._count, self._noun))
            self._count, self._last = 0, now
