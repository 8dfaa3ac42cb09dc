"""Warnings about what strangers can cause as often as they like."""

import logging

LOG_SECONDS = 60.0
"""Between two lines about the same."""


class RareWarning:
    """A log line at most every `LOG_SECONDS`. text: with `%d`, the number since the last one."""

    def __init__(self, log: logging.Logger, text: str) -> None:
        self._log = log
        self._text = text
        self._count = 0
        self._last = float("-inf")

    def add(self, number: int = 1) -> None:
        self._count += number

    def say(self, now: float) -> None:
        """now: seconds by any monotonic clock."""
        if self._count and now - self._last >= LOG_SECONDS:
            self._log.warning(self._text, self._count)
            self._count, self._last = 0, now
