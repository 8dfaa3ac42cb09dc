"""How long a group commit waits for more items before it begins."""

from __future__ import annotations

_REMEMBERED = 0.1
"""Seconds by which the rate of arrivals is judged."""
_EXPECTED = 0.5
"""Items that have to be expected while a commit waits."""
_ENOUGH = 8
"""Items that share the cost of a commit so well that more of them would hardly cost less."""


class CommitWindow:
    """Zero at low rates: a commit of few items waits, for as long as the last one took, only if
    more may be expected meanwhile. Then commits are fewer, and each shares its cost among more.

    Of several processes that share a load each has only its part of what arrives during a commit,
    and without a wait they would commit almost each item by itself.

    most: seconds.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._rate = 0.0
        self._last = 0.0

    def seconds(self, waiting: int, arrived: int, now: float, took: float) -> float:
        """waiting: items. arrived: how many of them came since it was asked last. now: seconds, by
        a clock that never goes back. took: seconds of the last commit."""
        elapsed = max(now - self._last, 1e-6)
        share = min(1.0, elapsed / _REMEMBERED)
        self._rate += share * (arrived / elapsed - self._rate)
        self._last = now
        window = min(self._most, took)
        is_worth_it = waiting < _ENOUGH and self._rate * window >= _EXPECTED
        return window if is_worth_it else 0.0
