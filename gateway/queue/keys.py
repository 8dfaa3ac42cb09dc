"""Names of the keys; `gateway.queue` says what each of them holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from gateway.redis_client.namespace import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from gateway.configuration.settings import Settings

GROUP = "gateway"

WAKE_MARK_MS = 10_000
"""How long a destination counts as woken while its job waits (longer behind many jobs). After that
the sweep wakes it again."""


class FeedKeys(NamedTuple):
    """The keys of a feed of the ledger, all in one slot.

    counts: where the size of the feed is counted. name: where the name of the feed is stored.
    """

    stream: str
    counts: str
    name: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of everything that one gateway has in Redis.

    namespace: `redis.namespace`, with which every key begins. It has no dash, colon or brace, so
    that no name in one namespace is a name in another.
    """

    namespace: str

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        return cls(settings.redis.namespace)

    @property
    def counts(self) -> str:
        return f"{self.namespace}:counts"

    @property
    def recent(self) -> str:
        return f"{self.namespace}:recent"

    @property
    def refused(self) -> str:
        return f"{self.namespace}:refused"

    @property
    def refused_requests(self) -> str:
        return f"{self.namespace}:refused:requests"

    @property
    def gateways(self) -> str:
        return f"{self.namespace}:gateways"

    @property
    def destinations(self) -> str:
        return f"{self.namespace}:destinations"

    @property
    def configured(self) -> str:
        return f"{self.namespace}:configured"

    @property
    def quarantine(self) -> str:
        return f"{self._at_counts}quarantine"

    @property
    def quarantine_untrusted(self) -> str:
        return f"{self._at_counts}quarantine:untrusted"

    @property
    def due(self) -> str:
        return f"{self._at_counts}late:due"

    @property
    def said(self) -> str:
        return f"{self._at_counts}late:said"

    @property
    def events(self) -> str:
        """How the keys of events that wait for consent begin; a page follows."""
        return f"{self._at_counts}late:events:"

    @property
    def withdrawn(self) -> str:
        """How the keys of withdrawals begin; a page or a visitor follows, or a `#` in those of
        their counts."""
        return f"{self._at_counts}late:withdrawn:"

    @property
    def links(self) -> str:
        """How the keys of links that were used begin; the id of a link follows."""
        return f"{self.namespace}:link:"

    @property
    def credentials(self) -> str:
        """How the keys of access tokens begin; the name of a credential follows."""
        return f"{self._at_counts}credential:"

    @property
    def quotas(self) -> str:
        """How the keys of counts of requests begin; a quota, a colon and a day follow."""
        return f"{self._at_counts}quota:"

    @property
    def limits(self) -> str:
        """How the keys of shared rate limits begin; a source, a colon and a sender follow."""
        return f"{self._at_counts}limit:"

    @property
    def console(self) -> str:
        """How the keys of the console begin; what it is, a colon and a digest follow."""
        return f"{self._at_counts}console:"

    @property
    def feed(self) -> str:
        return f"{self._at_counts}feed"

    @property
    def feed_name(self) -> str:
        return f"{self._at_counts}feed:name"

    @property
    def feeds(self) -> str:
        return f"{self._at_counts}feeds"

    def feed_of(self, destination: str) -> FeedKeys:
        """The keys of the feed of `destination`, or with "" of the gateway's own."""
        if not destination:
            return FeedKeys(self.feed, self.counts, self.feed_name)
        of = self.destination(destination)
        return FeedKeys(of.feed, of.counts, f"{of.feed}:name")

    @property
    def committed(self) -> str:
        """How the keys of the last commits begin; the name of a series follows."""
        return f"{self._at_counts}committed:"

    @property
    def erased(self) -> str:
        return f"{self._at_counts}erased"

    @property
    def own(self) -> tuple[str, ...]:
        """The gateway's own keys, as `append.lua` takes them."""
        return (
            *(self.counts, self.feed, self.committed),
            *(self.quarantine, self.due, self.said, self.events, self.withdrawn),
            self.quarantine_untrusted,
        )

    @property
    def queue(self) -> str:
        """The name of RQ's queue. RQ names its registries and its scheduler's lock by it."""
        is_default = self.namespace == DEFAULT_NAMESPACE
        return "gateway" if is_default else f"gateway-{self.namespace}"

    @property
    def queue_key(self) -> str:
        return f"rq:queue:{self.queue}"

    def later_job(self, destination: str) -> str:
        """The id of the RQ job that wakes `destination` later. RQ allows no colon in it."""
        is_default = self.namespace == DEFAULT_NAMESPACE
        return f"later-{destination}" if is_default else f"later_{self.namespace}-{destination}"

    def destination(self, name: str) -> DestinationKeys:
        return _destination_keys(f"{self.namespace}:{{{name}}}:")

    @property
    def _at_counts(self) -> str:
        """The prefix of keys in the slot of the counts: one script may write all of them."""
        return f"{self.namespace}:{{{self.counts}}}:"


@dataclass(frozen=True, slots=True)
class DestinationKeys:
    """The keys of one destination. They share a hash tag, and so a slot of a cluster."""

    stream: str
    dead: str
    untrusted: str
    counts: str
    drains: str
    wake: str
    pause: str
    suspects: str
    tickets: str
    polls: str
    polled: str
    error: str
    warning: str
    seen: str
    """The mark of an event that was taken is this, a colon and one of its `Marks`. With a `#`
    instead of the colon it is a count of marks."""
    replays: str
    """The mark of an event that is sent again is this, a colon, its receipt, a slash, and the
    number of the passage."""
    feed: str
    """Only on a cluster."""
    committed: str
    """Only on a cluster: as `Keys.committed`, but a colon has to be added."""

    @property
    def appended(self) -> tuple[str, ...]:
        """The keys that `append.lua` takes, in its order."""
        return self.stream, self.counts, self.wake, self.drains, self.pause, self.seen

    @property
    def in_place_of_own(self) -> tuple[str, ...]:
        """The keys that `append.lua` takes on a cluster in place of the gateway's own."""
        return self.counts, self.feed, f"{self.committed}:"

    def minute(self, at: float) -> str:
        """The counter of what was delivered in the minute of `at`, Unix seconds."""
        return f"{self.counts.removesuffix('counts')}minute:{int(at // 60)}"

    def day(self, number: int) -> str:
        """The counts of events that came in on a day since 1970; also in `counting.lua`."""
        return f"{self.counts}:{number}"


@cache
def _destination_keys(prefix: str) -> DestinationKeys:
    return DestinationKeys(*(f"{prefix}{name}" for name in DestinationKeys.__slots__))
