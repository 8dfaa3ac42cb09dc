"""Limits how many requests are begun in one turn of the event loop, before their work continues."""

import asyncio

TURN_SECONDS = 0.1
"""How long requests are begun in one turn. An accepted request takes a few turns, so that waits
stay short however many come at once: a refusal takes far less time."""

LEAST = 100
"""Requests that are begun in every turn: a few may take long, such as those with many events."""


class LoadShedder:
    """The current turn of the loop, which starts with the first request that asks.

    Requests with a key have a reserve: when others are shed, as many with a key are begun as in a
    turn of their own. So no flood of others displaces the first `LEAST` of them.
    """

    def __init__(self) -> None:
        self._turn = _Turn()
        self._reserve = _Turn()

    def should_shed(self, now: float) -> bool:
        """Whether a request that begins at `now`, in seconds of `time.perf_counter`, is one too
        many, unless it shows a key."""
        return self._turn.is_over(now)

    def should_shed_keyed(self, now: float) -> bool:
        """Whether a request that shows a key, and would be shed without it, is one too many."""
        return self._reserve.is_over(now)


class _Turn:
    """Ends with the turn of the loop in which its first request begins."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._begun = 0

    def is_over(self, now: float) -> bool:
        """Counts a request that begins at `now`; whether it is one too many."""
        if self._begun == 0:
            self._ends = now + TURN_SECONDS
            asyncio.get_running_loop().call_soon(self._end)  # after all that have come by now
        self._begun += 1
        return now > self._ends and self._begun > LEAST

    def _end(self) -> None:
        self._begun = 0
