"""A turn of the event loop: how many requests are begun before what they began goes on."""

import asyncio

SECONDS = 0.1
"""Of beginning requests in one turn. Whoever is accepted waits little longer than that, however
many come at once, since a refusal takes far less time."""


class Turn:
    """The turn that the loop is in, from the first request that asks."""

    def __init__(self) -> None:
        self._ends: float | None = None

    def is_over(self, now: float) -> bool:
        """Whether a request that begins at `now`, in seconds of `time.perf_counter`, is one too
        many."""
        if self._ends is None:
            self._ends = now + SECONDS
            asyncio.get_running_loop().call_soon(self._end)  # after all that have come by now
        return now > self._ends

    def _end(self) -> None:
        self._ends = None
