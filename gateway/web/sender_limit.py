"""The rate limit of a source: refuses requests before they cost much."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import ceil
from typing import Any

from gateway.event.address import read_node, sender_of
from gateway.sources.base import Inbound, Refused, Source
from gateway.sources.rate_limits import Rate, RateLimits, parse_rate
from gateway.web.client_ip import ClientAddress, is_private
from gateway.web.rate_limit import Bucket, Buckets, Size, Sizes, size_of

log = logging.getLogger(__name__)

CROWD = 10
"""How many times as large the bucket of many senders is who cannot be told apart."""

WARNING_SECONDS = 60.0
"""Between two warnings of one source."""

UNIDENTIFIED = ""
"""The key of the bucket of all senders who cannot be told apart."""

_FORWARDING = ("x-forwarded-for", "forwarded")
_KINDS = ("requests", "events", "bytes")


def charged_bytes(request: Inbound) -> int:
    """The bytes of `request` that its sender pays for: those that sources read events from."""
    return len(request.body) + len(request.query)


class SenderLimit:
    """The budgets of senders to one source who have no key.

    Each address has its own; a /64 of IPv6, which one household has, counts as one address.
    Requests share one bucket, `CROWD` times as large, when their address is not known or is that
    of a private machine that forwards the requests of others.

    source: is asked for a key only when a budget is used up. clock: seconds, never going back.
    """

    def __init__(
        self, name: str, source: Source[Any], clock: Callable[[], float] = time.monotonic
    ) -> None:
        limits: RateLimits = source.settings.rate_limit
        self.name = name
        self._shows_key = source.shows_key
        self.clock = clock
        self._is_off = all(getattr(limits, kind) is None for kind in _KINDS)
        self._address_sizes = _sizes(limits, 1)
        self._private_sizes = _private_sizes(limits)
        self._crowd = Bucket(_crowd_sizes(limits), clock())
        self._buckets = Buckets(self._make)
        self._warned = -WARNING_SECONDS

    def enter(self, client: ClientAddress, request: Inbound) -> Bucket | None:
        """Charges the bucket of the sender for one request, and returns it; None without a limit.

        request: its body is not read yet. Raises `Refused` when the budget is used up.
        """
        if self._is_off:
            return None
        address = client.address
        if client.problem or not address:
            bucket = self._crowd
        else:
            bucket = self._buckets.of(_network(address) if ":" in address else address)
        if bucket.take_request(self.clock()):
            return bucket
        if self._shows_key(request):
            return None
        raise self._refused(bucket, client, request)

    def pay_body(self, bucket: Bucket, client: ClientAddress, request: Inbound) -> None:
        """Charges the sender for the body and the query. Raises `Refused` when other requests of
        the sender have used up the budget meanwhile."""
        if not bucket.has_volume(self.clock()) and not self._shows_key(request):
            raise self._refused(bucket, client, request)
        bucket.pay(0, charged_bytes(request))

    def buckets(self) -> Iterator[tuple[str, Bucket]]:
        yield UNIDENTIFIED, self._crowd
        yield from self._buckets

    def _make(self, key: str) -> Bucket:
        sizes = self._private_sizes if is_private(key) else self._address_sizes
        return Bucket(sizes, self.clock())

    def _refused(self, bucket: Bucket, client: ClientAddress, request: Inbound) -> Refused:
        is_crowd = bucket is self._crowd
        if is_crowd or (not client.proxied and not request.headers.keys().isdisjoint(_FORWARDING)):
            self._warn()
        message = (
            "requests without a known address have reached the rate limit of this source"
            if is_crowd
            else "requests from this address have reached the rate limit of this source"
        )
        return Refused(429, "rate_limited", message, max(1, ceil(bucket.wait())))

    def _warn(self) -> None:
        now = self.clock()
        if now - self._warned < WARNING_SECONDS:
            return
        self._warned = now
        log.warning(
            "source %s answers 429 to requests that have forwarding headers or no known address; "
            "if they come through your proxy, all its visitors share one rate limit: add the proxy "
            "to server.trusted_proxies, and make it send the visitors' addresses",
            self.name,
        )


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    """The /64 of an IPv6 address, anything else as it is."""
    node = read_node(address)
    return address if isinstance(node, str) else sender_of(node)


def _rate(limits: RateLimits, kind: str) -> Rate | None:
    text: str | None = getattr(limits, kind)
    return None if text is None else parse_rate(text)


def _sizes(limits: RateLimits, factor: int) -> Sizes:
    rates = (_rate(limits, kind) for kind in _KINDS)
    return Sizes(*(size_of(rate and rate.times(factor)) for rate in rates))


def _private_sizes(limits: RateLimits) -> Sizes:
    """For a machine in the operator's own network, which may stand for many visitors although it
    sends no forwarding header, such as the address translation of Docker and Kubernetes. Configured
    limits are not enlarged."""
    chosen, usual = _sizes(limits, 1), _sizes(RateLimits(), CROWD)
    own = (kind in limits.model_fields_set for kind in _KINDS)
    return Sizes(*(chosen[i] if is_own else usual[i] for i, is_own in enumerate(own)))


def _crowd_sizes(limits: RateLimits) -> Sizes:
    """Never smaller than with the default limits: a whole site may share this bucket."""
    pairs = zip(_sizes(limits, CROWD), _sizes(RateLimits(), CROWD), strict=True)
    return Sizes(*(_larger(*pair) for pair in pairs))


def _larger(one: Size, other: Size) -> Size:
    return Size(max(one.amount, other.amount), max(one.per_second, other.per_second))
