"""Counts requests that did not state the visitor's address, in Redis."""

from collections.abc import Mapping
from typing import Literal

from gateway.queue.pending_counts import PendingCounts

AddressProblem = Literal["", "no_header", "unreadable", "hidden", "proxy", "untrusted_proxy"]
"""Why the address of a request is not the visitor's; empty if it can be."""

UNKNOWN: tuple[AddressProblem, ...] = ("no_header", "unreadable", "hidden", "proxy")
"""Why the address is empty although the request came through a trusted proxy: there is no
forwarding header; the header cannot be read; a proxy hides the address; the only address is that of
a proxy."""

_FIELD = "client_address"


def count_address_problem(pending_counts: PendingCounts, problem: AddressProblem) -> None:
    pending_counts.add(f"{_FIELD}:{problem}")


def unknown_addresses(counts: Mapping[str, int]) -> dict[str, int]:
    """How many requests had no address, for each of `UNKNOWN`, from the gateway's counters."""
    return {reason: counts.get(f"{_FIELD}:{reason}", 0) for reason in UNKNOWN}


def untrusted_proxy_requests(counts: Mapping[str, int]) -> int:
    """How many requests with a forwarding header came from a private peer that is not trusted."""
    return counts.get(f"{_FIELD}:untrusted_proxy", 0)
