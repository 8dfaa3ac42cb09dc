"""Numbered commits: a commit whose answer was lost can be repeated and is carried out only once.

When a connection breaks during a commit, it is not known whether Redis carried it out. The commits
of a series follow each other, so it is enough that Redis knows the number of the last one.
"""

from secrets import token_hex

Commit = tuple[str, int]
"""The name of a series and the number of a commit in it."""

KEEP_SECONDS = 7 * 86_400
"""How long the last number of a series is kept: spooled events may wait for days."""


class Series:
    """Numbers commits, each of which begins after the previous one has ended."""

    def __init__(self) -> None:
        self._name = token_hex(8)
        self._number = 0

    def next(self) -> Commit:
        self._number += 1
        return self._name, self._number
