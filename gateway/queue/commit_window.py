"""How long a group commit waits for more items before it begins."""

from __future__ import annotations

_REMEMBERED = 0.1
"""Seconds over which the rate of arrivals is averaged."""
_EXPECTED = 0.5
"""The number of expected items from which a commit waits."""
_ENOUGH = 8
"""The number of items from which a commit no longer waits: more would hardly lower the cost of
each."""


class CommitWindow:
    """Decides how long a commit waits: zero at low rates. A commit of few items waits for as long
    as the last one took, if more items can be expected in that time. Then there are fewer commits,
    and more items share the cost of each.

    When several processes share a load, each gets only a part of the items that arrive during a
    commit. Without a wait they would commit almost every item by itself.

    most: seconds.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._rate = 0.0
        self._last = 0.0

    def seconds(self, waiting: int, arrived: int, now: float, took: float) -> float:
        """The seconds to wait. waiting: items. arrived: how many items came since the last call.
        now: seconds, by a clock that never goes back. took: seconds of the last commit."""
        elapsed = max(now - self._last, 1e-6)
        share = min(1.0, elapsed / _REMEMBERED)
        self._rate += share * (arrived / elapsed - self._rate)
        self._last = now
        window = min(self._most, took)
        is_worth_it = waiting < _ENOUGH and self._rate * window >= _EXPECTED
        return window if is_worth_it else 0.0
