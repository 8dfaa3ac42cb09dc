"""What all endpoints of a web process share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.pipeline.compile import Pipeline
from gateway.queue.pending_counts import PendingCounts
from gateway.sources.base import Refusal
from gateway.web.client_ip import ClientIp
from gateway.web.link_claims import ClaimLink
from gateway.web.load_shedder import LoadShedder
from gateway.web.long_requests import LongRequests
from gateway.web.long_work import LongWork
from gateway.web.storage import DecisionObserver, ReleaseHeld

SampleRefused = Callable[[str, float, Sequence[Refusal]], None]
"""Receives the name of a source, the time in Unix seconds, and the events that it refused."""


@dataclass(frozen=True, slots=True)
class Shared:
    """watch: receives the decisions that were appended. claim_link: without it no link between
    domains identifies a visitor. release_held: called before the answer when a page states the
    consent for which its held events wait. sample_refused: receives refused events."""

    pipeline: Pipeline
    pending_counts: PendingCounts
    client_ip: ClientIp
    watch: DecisionObserver | None = None
    claim_link: ClaimLink | None = None
    release_held: ReleaseHeld | None = None
    sample_refused: SampleRefused | None = None
    load_shedder: LoadShedder = field(default_factory=LoadShedder)
    long_work: LongWork = field(default_factory=LongWork)
    long_requests: LongRequests = field(default_factory=LongRequests)
