"""Token buckets: what a sender has left of its requests, events and bytes."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from gateway.sources.rate_limits import Rate

MAX_BUCKETS = 10_000
"""Of one source: at most about 5 MB."""


class Size(NamedTuple):
    """Of a bucket. amount: tokens of a full one. per_second: tokens that flow in."""

    amount: float
    per_second: float


UNLIMITED = Size(inf, 0.0)


class Sizes(NamedTuple):
    requests: Size
    events: Size
    bytes: Size


def size_of(rate: Rate | None) -> Size:
    """None stands for no limit."""
    return UNLIMITED if rate is None else Size(rate.amount, rate.per_second)


class Bucket:
    """The budget of one sender: tokens for its requests, events and bytes, full at first.

    A request takes its token before its body is read. Events and bytes are paid in full once they
    are known, so their tokens can become negative; then the next request waits. All times are
    seconds of one clock.
    """

    __slots__ = (
        "_at",
        "_bytes",
        "_events",
        "_requests",
        "_spent_bytes",
        "_spent_events",
        "_spent_requests",
        "sizes",
    )

    def __init__(self, sizes: Sizes, now: float) -> None:
        self.sizes = sizes
        self._at = now
        self._requests = sizes.requests.amount
        self._events = sizes.events.amount
        self._bytes = sizes.bytes.amount
        self._spent_requests = self._spent_events = self._spent_bytes = 0

    def take_request(self, now: float) -> bool:
        """Takes a request's token if there is one, and at least one of each other kind."""
        self._refill(now)
        if self._requests < 1 or self._events < 1 or self._bytes < 1:
            return False
        self._requests -= 1
        self._spent_requests += 1
        return True

    def has_volume(self, now: float) -> bool:
        """Whether there are still tokens for events and bytes: since a request took its token,
        others may have used them up."""
        if self._events < 1 or self._bytes < 1:
            self._refill(now)
        return self._events >= 1 and self._bytes >= 1

    def pay(self, events: int, size: int) -> None:
        """size: bytes."""
        self._events -= events
        self._bytes -= size
        self._spent_events += events
        self._spent_bytes += size

    def give_back(self, requests: int, size: int) -> None:
        """Refunds a request that turns out to have no limit. size: bytes."""
        self._requests = min(self.sizes.requests.amount, self._requests + requests)
        self._bytes = min(self.sizes.bytes.amount, self._bytes + size)
        self._spent_requests -= requests
        self._spent_bytes -= size

    def wait(self) -> float:
        """Seconds until the next request can be taken, counted from the last refill."""
        left = (self._requests, self._events, self._bytes)
        waits = (
            (1 - tokens) / size.per_second
            for tokens, size in zip(left, self.sizes, strict=True)
            if tokens < 1
        )
        return max(waits, default=0.0)

    def spent(self) -> tuple[int, int, int]:
        """Tokens of requests, events and bytes that were taken since `take_over`."""
        return self._spent_requests, self._spent_events, self._spent_bytes

    def take_over(self, now: float, told: Sequence[int], left: Sequence[float]) -> None:
        """Takes over a budget that is shared with other processes.

        told: the part of `spent` that the others know of. left: the requests, events and bytes that
        are left for all processes together.
        """
        self._at = now
        self._spent_requests -= told[0]
        self._spent_events -= told[1]
        self._spent_bytes -= told[2]
        self._requests = left[0] - self._spent_requests
        self._events = left[1] - self._spent_events
        self._bytes = left[2] - self._spent_bytes

    def _refill(self, now: float) -> None:
        """Adds the tokens that have flowed in. Every request does this; `min` would take twice as
        long."""
        elapsed = now - self._at
        if elapsed <= 0:
            return
        self._at = now
        (most_requests, requests), (most_events, events), (most_bytes, size) = self.sizes
        requests = self._requests + elapsed * requests
        events = self._events + elapsed * events
        size = self._bytes + elapsed * size
        self._requests = requests if requests < most_requests else most_requests
        self._events = events if events < most_events else most_events
        self._bytes = size if size < most_bytes else most_bytes


class Buckets:
    """The buckets of the senders seen last, each under its key.

    When there are too many, the least recently used one is dropped, and its sender starts with a
    full one again. This is no way around the limit: it takes requests from as many other senders
    as there are buckets, and each of them has a full budget of its own anyway.
    """

    def __init__(self, make: Callable[[str], Bucket], most: int = MAX_BUCKETS) -> None:
        self._make = make
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def __iter__(self) -> Iterator[tuple[str, Bucket]]:
        return iter(self._buckets.items())

    def of(self, key: str) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = self._make(key)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket
