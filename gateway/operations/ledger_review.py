"""What today's configuration decides about an event of the ledger, for one destination."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.configuration.settings import Settings
from gateway.event import Event
from gateway.ledger.recorded import PENDING, Recorded
from gateway.pipeline.replaying import compile_redecision
from gateway.pipeline.routes import required_consent
from gateway.queue.entry import encode_entry
from gateway.queue.held_consent import NOT_REMEMBERED, is_beyond_memory
from gateway.queue.replay import Replay
from gateway.stages.anonymise import ANONYMISED

ON_ITS_WAY = "has not ended yet"
UNCONFIRMED = "it did not get there, and its sender was told to send it again"

_FINAL = frozenset({"consent", "hold", "integrations", ""})
"""Stages at which the visitor or the sender had an event withheld; "" is a later withdrawal.
Today's configuration does not overrule them."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """event: as the destination may have it now, None if it is not sent. reason: why it is not.
    overdue: whether its age is the reason. rules: those of the destination that it met now."""

    event: Event | None
    reason: str = ""
    overdue: bool = False
    rules: tuple[str, ...] = ()


Review = Callable[[Recorded, float], Reviewed]
"""Takes a recorded event and the time (Unix seconds)."""


def compile_review(settings: Settings, name: str) -> Review:
    redecide = compile_redecision(settings, name)
    stops = required_consent(settings.destinations[name]) if settings.consent.withdrawals else ()

    def review(recorded: Recorded, now: float) -> Reviewed:
        reason = _obstacle(recorded)
        if reason:
            return Reviewed(None, reason)
        verdict = redecide(*recorded.as_received(), recorded.consent, now)
        is_whole = verdict.event is not None and verdict.event.get(ANONYMISED) is not True
        if is_whole and stops and is_beyond_memory(recorded.visitors, recorded.received_at, now):
            return Reviewed(None, NOT_REMEMBERED)
        return Reviewed(verdict.event, verdict.reason, verdict.stage == "age", verdict.applied)

    return review


def _obstacle(recorded: Recorded) -> str:
    """Why an event is not even decided again, or ""."""
    if recorded.ending == PENDING:
        return ON_ITS_WAY
    if recorded.ending == "withheld" and recorded.stage in _FINAL:
        return recorded.reason
    if recorded.unconfirmed:
        return UNCONFIRMED
    return recorded.lack


def replay_of(recorded: Recorded, reviewed: Reviewed, version: str, letter: str) -> Replay:
    """version: of the configuration that decides. letter: the id of the event's dead letter, or "".
    Raises TypeError when the event cannot be written as JSON."""
    assert reviewed.event is not None
    passage = max(recorded.passage, 1) + 1
    is_anonymous = reviewed.event.get(ANONYMISED) is True
    entry = encode_entry(
        reviewed.event,
        recorded.source,
        recorded.received_at,
        version,
        [*dict.fromkeys([*recorded.applied, *reviewed.rules])],
        () if is_anonymous else recorded.visitors,
        recorded.trusted,
        recorded.stated if recorded.trusted and not is_anonymous else (),
        receipt=recorded.receipt,
        passage=passage,
    )
    return Replay(entry, recorded.received_at, letter, recorded.receipt, passage)
