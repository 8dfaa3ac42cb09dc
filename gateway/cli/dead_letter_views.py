"""Dead letters as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gateway.cli.stored.selection import Presentation, Store
from gateway.cli.stored.views import common, sheet, short
from gateway.cli.terminal import masked, utc
from gateway.queue.dead_letters import DeadLetter


def _kind(store: Store[DeadLetter], letter: DeadLetter) -> tuple[str, ...]:
    return store.name, letter.result, letter.event_name, common(store.mask(letter.reason))


def _row(store: Store[DeadLetter], letter: DeadLetter) -> tuple[str, ...]:
    reason = short(store.mask(letter.reason))
    return store.name, letter.event_name, letter.event_id, letter.result, reason


def _words(store: Store[DeadLetter], letter: DeadLetter) -> str:
    """Everything of `letter`, without the secrets of its destination."""
    response = letter.response
    sender = "a trusted sender" if letter.trusted else "an untrusted sender"
    facts = {
        "event": f"{letter.event_name} ({letter.event_id})",
        "reason": letter.reason,
        "answer": f"HTTP {response['status']}: {response['body']}" if response else "none",
        "ended": utc(letter.stored_at),
        "last attempt": f"{utc(letter.at)}, delivery no. {letter.deliveries}",
        "received": f"{utc(letter.received_at)} from {letter.source}, {sender}",
        "rules": ", ".join(letter.applied) or "none",
        "version": letter.version,
    }
    return sheet(
        f"{store.name}: {letter.result} ({letter.id})",
        {name: store.mask(fact) for name, fact in facts.items()},
        masked(letter.event, store.mask),
    )


def _data(store: Store[DeadLetter], letter: DeadLetter) -> dict[str, Any]:
    return {"destination": store.name, **masked(asdict(letter), store.mask)}


DEAD_LETTERS = Presentation(
    what="dead letters",
    lacking="no dead letter has the event id or the id",
    others="replayed or dropped",
    kind_columns=("destination", "result", "event name", "reason"),
    kind=_kind,
    row_columns=("ended", "destination", "event name", "event id", "result", "reason"),
    row=_row,
    words=_words,
    data=_data,
)
