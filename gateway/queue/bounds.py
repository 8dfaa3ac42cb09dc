"""Bounds: how much may be stored, how much of that is used, and to whom intake is closed.

Intake closes to untrusted senders at a part of each bound, so that a flood from the internet leaves
room for senders that have shown a key. It closes to all before a bound is reached: streams can
still be drained in a full Redis, but RQ can neither start nor end a job, and counters cannot be
written.

Marks against repetition are different: they stay for `dedupe_window`, however fast events are
delivered, so a stranger could keep intake closed for days. At the share of this bound at which they
would be refused, events of untrusted senders are accepted without marks instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self

from gateway.queue.marks import SEEN_BYTES, WITHDRAWAL_BYTES, WITHDRAWAL_SECONDS

if TYPE_CHECKING:
    from gateway.configuration.delivery import DeliverySettings
    from gateway.configuration.settings import Settings

UNTRUSTED_SHARE = 0.7
"""Share of a bound at which intake closes to senders without a key."""

TRUSTED_SHARE = 0.95
"""Share of a bound at which intake closes to all."""

PENDING_SHARE = 0.4
"""Share of the memory that the pending events of all destinations may take by default, divided
equally. `PENDING_SHARE`, `HELD_SHARE`, `MARKS_SHARE` and `WITHDRAWALS_SHARE` add up to 0.9 with
`DEAD_LETTER_SHARE` and `QUARANTINE_SHARE` of `gateway.delivery.trim`."""

HELD_SHARE = 0.1
"""Share of the memory that held events may take by default."""

MARKS_SHARE = 0.1
"""Share of the memory that the marks against repetition of all destinations may always take."""

SPARE_SHARE = 0.5
"""Share of the unused part of `PENDING_SHARE` that marks may take as well. Marks expire within
`dedupe_window`, and a small server would otherwise close intake to a load that it can handle."""

WITHDRAWALS_SHARE = 0.05
"""Share of the memory that withdrawals may take."""

ALL_MEMORY, HOLD, WITHDRAWALS = "", ":hold", ":withdrawals"
"""What a bound is about if it is not a destination. No destination can have these names."""

Kind = Literal[
    "memory_bytes",
    "pending_events",
    "pending_bytes",
    "mark_bytes",
    "held_events",
    "held_bytes",
    "withdrawal_bytes",
]

WORDS: Mapping[Kind, str] = {
    "memory_bytes": "bytes of Redis memory",
    "pending_events": "pending events",
    "pending_bytes": "bytes of pending events",
    "mark_bytes": "bytes of marks of events already accepted",
    "held_events": "events held for consent",
    "held_bytes": "bytes of events held for consent",
    "withdrawal_bytes": "bytes of remembered withdrawals",
}


@dataclass(frozen=True, slots=True)
class MemoryUsage:
    """The memory that Redis uses, in bytes; on a cluster, of the node nearest to its limit.

    limit: its ``maxmemory``, 0 for none. system: the memory of its machine, 0 if it does not say.
    """

    used: int
    limit: int
    system: int = 0

    @property
    def share(self) -> float:
        """Share of the limit that is used; 0 without one."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def to_share(self) -> int:
        """The bytes of which bounds without a setting are a share; 0 if they are not known."""
        return self.limit or self.system // 2

    def is_closed(self, trusted: bool) -> bool:
        """Whether intake is closed because of this usage. trusted: to senders with a key."""
        return self.share >= share_of(trusted)


@dataclass(frozen=True, slots=True)
class Limits:
    """The configured bounds.

    destinations: by name. hold: how many events may be held for consent, and how many bytes of
    them, None for a share of the memory; None if no event is held. withdrawals: whether denials are
    remembered. window: `dedupe_window`.
    """

    destinations: Mapping[str, DeliverySettings]
    hold: tuple[int, int | None] | None = None
    withdrawals: bool = False
    window: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        hold = settings.consent.hold
        return cls(
            {name: each.delivery for name, each in settings.destinations.items()},
            (hold.max_events, hold.max_bytes) if hold else None,
            settings.consent.withdrawals,
            settings.dedupe_window,
        )

    @property
    def withdrawal_seconds(self) -> int:
        return WITHDRAWAL_SECONDS if self.withdrawals else 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used. memory: None if the Redis user may not ask for it. pending: for each
    destination the events that its vendor does not have yet, and their bytes. marks: how many marks
    against repetition each has. held: events and bytes. withdrawals: how many."""

    memory: MemoryUsage | None = None
    pending: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    held: tuple[int, int] = (0, 0)
    withdrawals: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound and how much of it is used. of: the destination that it is about, or `ALL_MEMORY`,
    `HOLD` or `WITHDRAWALS`."""

    kind: Kind
    of: str
    used: int
    limit: int

    @property
    def share(self) -> float:
        return self.used / self.limit

    def is_closed(self, trusted: bool) -> bool:
        """Whether intake is closed because of this bound. trusted: to senders with a key."""
        return self.share >= share_of(trusted or self.kind == "mark_bytes")

    @property
    def ends_marks(self) -> bool:
        """Whether events of untrusted senders leave no marks because of this bound."""
        return self.kind == "mark_bytes" and self.share >= UNTRUSTED_SHARE

    def __str__(self) -> str:
        name = f"{self.of}: " if self.of and not self.of.startswith(":") else ""
        return f"{name}{self.used} of {self.limit} {WORDS[self.kind]}"


@dataclass(frozen=True, slots=True)
class Closed:
    """What is closed to untrusted and to trusted senders: by `Bound.of`, the reason in words.
    What is closed to trusted senders is closed to all. unmarked: destinations that take events of
    untrusted senders without marks, and the reason."""

    untrusted: Mapping[str, str] = field(default_factory=dict)
    trusted: Mapping[str, str] = field(default_factory=dict)
    unmarked: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def by(cls, bounds: Sequence[Bound]) -> Self:
        return cls(
            _reasons(bound for bound in bounds if bound.is_closed(trusted=False)),
            _reasons(bound for bound in bounds if bound.is_closed(trusted=True)),
            _reasons(bound for bound in bounds if bound.ends_marks),
        )

    @property
    def destinations(self) -> Sequence[str]:
        """The destinations that are closed to at least untrusted senders."""
        return [of for of in self.untrusted if of not in (ALL_MEMORY, HOLD, WITHDRAWALS)]

    def to(self, trusted: bool) -> Mapping[str, str]:
        return self.trusted if trusted else self.untrusted

    def without_memory(self) -> Closed:
        """The same without the bound of all memory."""
        return replace(
            self,
            untrusted=_without(self.untrusted, ALL_MEMORY),
            trusted=_without(self.trusted, ALL_MEMORY),
        )


OPEN = Closed()


def share_of(trusted: bool) -> float:
    """The share of a bound at which intake closes to such senders."""
    return TRUSTED_SHARE if trusted else UNTRUSTED_SHARE


def bounds_of(usage: Usage, limits: Limits) -> list[Bound]:
    """All bounds. Bounds that are a share of the memory are left out if its size is not known."""
    memory = usage.memory.to_share if usage.memory else 0
    each = memory // max(1, len(limits.destinations))
    bounds: list[Bound | None] = []
    if usage.memory is not None and usage.memory.limit:
        bounds.append(_bound("memory_bytes", ALL_MEMORY, usage.memory.used, usage.memory.limit))
    for name, settings in limits.destinations.items():
        events, size = usage.pending.get(name, (0, 0))
        most = settings.max_pending_bytes or int(PENDING_SHARE * each)
        marks = SEEN_BYTES * usage.marks.get(name, 0)
        spare = max(0, int(PENDING_SHARE * each) - size)
        bounds += [
            _bound("pending_events", name, events, settings.max_pending),
            _bound("pending_bytes", name, size, most),
            _bound("mark_bytes", name, marks, int(MARKS_SHARE * each + SPARE_SHARE * spare)),
        ]
    if limits.hold is not None:
        events, size = usage.held
        most = limits.hold[1] or int(HELD_SHARE * memory)
        bounds += [
            _bound("held_events", HOLD, events, limits.hold[0]),
            _bound("held_bytes", HOLD, size, most),
        ]
    if limits.withdrawals:
        size = WITHDRAWAL_BYTES * usage.withdrawals
        most = int(WITHDRAWALS_SHARE * memory)
        bounds.append(_bound("withdrawal_bytes", WITHDRAWALS, size, most))
    return [bound for bound in bounds if bound is not None]


def _bound(kind: Kind, of: str, used: int, limit: int) -> Bound | None:
    return Bound(kind, of, used, limit) if limit > 0 else None


def _reasons(reached: Iterable[Bound]) -> Mapping[str, str]:
    """The reason of the fullest bound for each `Bound.of`."""
    fullest = sorted(reached, key=lambda bound: bound.share)
    return {bound.of: f"limit reached: {bound}" for bound in fullest}


def _without(reasons: Mapping[str, str], name: str) -> Mapping[str, str]:
    return {each: reason for each, reason in reasons.items() if each != name}
