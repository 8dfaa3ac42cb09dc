"""Names of the keys; `gateway.queue` says what each of them holds."""

from dataclasses import dataclass
from functools import cache

GROUP = "gateway"
COUNTS = "gw:counts"
RECENT = "gw:recent"
_BESIDE = f"gw:{{{COUNTS}}}:"
"""What begins so is in the slot of the counts: one script may write all of them."""
QUARANTINE = f"{_BESIDE}quarantine"
DUE, SAID = f"{_BESIDE}late:due", f"{_BESIDE}late:said"
EVENTS, WITHDRAWN = f"{_BESIDE}late:events:", f"{_BESIDE}late:withdrawn:"
"""Late consent; the last two are followed by what stands for a visitor."""
OWN = (COUNTS, QUARANTINE, DUE, SAID, EVENTS, WITHDRAWN)
"""The gateway's own keys, as `append.lua` takes them."""

WAKE_MARK_MS = 10_000
"""How long a destination counts as woken while its job waits; then the sweep wakes it again."""


@dataclass(frozen=True, slots=True)
class DestinationKeys:
    """The keys of one destination. They share a hash tag, and so a slot of a cluster."""

    stream: str
    dead: str
    counts: str
    drains: str
    wake: str
    pause: str
    error: str
    seen: str
    """The mark of an event that was taken is this, a colon and what the event is known by."""

    @property
    def appended(self) -> tuple[str, ...]:
        """Those that `append.lua` takes, in its order."""
        return self.stream, self.counts, self.wake, self.drains, self.pause, self.seen

    @classmethod
    @cache
    def of(cls, destination: str) -> "DestinationKeys":
        return cls(*(f"gw:{{{destination}}}:{name}" for name in cls.__slots__))

    def minute(self, at: float) -> str:
        """The counter of what was delivered in the minute of `at`, Unix seconds."""
        return f"{self.counts.removesuffix('counts')}minute:{int(at // 60)}"
