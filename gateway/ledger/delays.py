"""Delays: the time from when an event came in until its delivery, in a few fixed buckets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from math import inf

DELAY = "delay"
"""The dimension by which delays are counted: only of deliveries in the first passage, since a
replay is late on purpose."""

BOUNDS = (1, 5, 30, 300, 3600, 86_400)
"""The upper bounds of the buckets, in seconds."""
BUCKETS = ("up to 1 s", "up to 5 s", "up to 30 s", "up to 5 min", "up to 1 h", "up to 1 d", "more")


def bucket_of(seconds: float) -> str:
    return BUCKETS[bisect_left(BOUNDS, seconds)]


def quantile(numbers: Mapping[str, int], share: float) -> float | None:
    """Seconds within which `share` of the deliveries happened, as a bound of a bucket: infinity
    beyond the last bound, None without a delivery. numbers: by bucket. share: such as 0.95."""
    left = share * sum(numbers.get(bucket, 0) for bucket in BUCKETS)
    for bucket, bound in zip(BUCKETS, (*BOUNDS, inf), strict=True):
        number = numbers.get(bucket, 0)
        if number and number >= left:
            return bound
        left -= number
    return None
