"""Commits that are known again: one whose answer was lost is repeated without being doubled.

A connection that ends under a commit leaves open whether Redis carried it out. The commits of one
series follow each other, so it is enough that Redis knows the number of the last one.
"""

from secrets import token_hex

Commit = tuple[str, int]
"""The name of a series and the number of a commit in it."""

KEEP_SECONDS = 7 * 86_400
"""How long the last number of a series is known: what was spooled may wait for days."""


class Series:
    """Numbers commits of which none begins before the one before it has ended."""

    def __init__(self) -> None:
        self._name = token_hex(8)
        self._number = 0

    def next(self) -> Commit:
        self._number += 1
        return self._name, self._number
