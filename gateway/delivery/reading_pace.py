"""The pace at which a drain reads new events: slow enough for events to gather."""

from math import inf

READ_SECONDS = 0.005
"""The shortest linger: events that arrive within this time are read together."""


class ReadingPace:
    """Pauses between reads. Times are seconds of any monotonic clock, given by the caller.

    An event that arrives after a silence is read at once. Then the pauses double from
    `READ_SECONDS` up to `linger`. A read that finds as many events as it asks for is followed by
    another at once, and by shorter pauses: a full batch does not wait.

    linger: how long a single event may wait for others.
    """

    def __init__(self, linger: float) -> None:
        self.linger(linger)
        self._pause = 0.0
        self._read_at = self._next_at = -inf

    def linger(self, seconds: float) -> None:
        """Sets how long a single event may wait for others."""
        self._longest = max(READ_SECONDS, seconds)

    def wait(self, now: float) -> float:
        """Seconds until the next read."""
        return max(0.0, self._next_at - now)

    def has_read(self, found: int, asked: int, now: float) -> None:
        """Records a read that asked for `asked` events and got `found`, at least one."""
        after_silence = now - self._read_at > 2 * self._longest
        self._read_at = self._next_at = now
        if found >= asked:
            self._pause /= 2
            return
        grown = 0.0 if after_silence else 2 * self._pause
        self._pause = min(max(READ_SECONDS, grown), self._longest)
        self._next_at += self._pause
