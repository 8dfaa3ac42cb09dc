"""Quarantined events: an event that did not match its schema, as Redis stores it."""

from dataclasses import dataclass

import orjson

from gateway.pipeline.decision import Decision
from gateway.queue.stored_events import StoredEvent


@dataclass(frozen=True, slots=True)
class Quarantined(StoredEvent):
    """An event that is withheld everywhere because it did not match its schema.

    event: as it was when it was checked, before any rule. trusted: as in
    `gateway.pipeline.decision.Decision`; events of earlier versions do not state it, and count as
    untrusted, so that the mark of a released event stops no event of a trusted sender.
    visitor, stated: as `encode_entry` writes the visitors and the types of an entry. receipt,
    passage: as in `Decision`. consent: each type's state, and what decided it; "" for an event of
    an earlier version.
    """

    trusted: bool = False
    visitor: str = ""
    stated: str = ""
    receipt: str = ""
    passage: int = 1
    consent: str = ""


def encode_quarantined(decision: Decision, receipt: str = "") -> bytes:
    """An event for the quarantine, as it was when it was checked."""
    held = decision.held_consent
    return orjson.dumps(
        {
            "event": decision.event,
            "source": decision.source,
            "received_at": decision.received_at,
            "version": decision.version,
            "reason": decision.quarantine,
            "trusted": decision.trusted,
            "visitor": " ".join(held.visitors if held else ()),
            "stated": " ".join(held.stated if held and decision.trusted else ()),
            "receipt": receipt,
            "passage": decision.passage,
            "consent": decision.consent_words,
        }
    )


def has_trusted_sender(quarantined: bytes) -> bool:
    """Whether the sender of what `encode_quarantined` wrote is trusted. It does not parse the JSON:
    only texts follow this field, and in texts quotes are escaped."""
    return quarantined.rpartition(b'"trusted":')[2].startswith(b"true")
