"""Quarantined events: an event that did not match its schema, as Redis stores it."""

from dataclasses import dataclass

import orjson

from gateway.pipeline.decision import Decision
from gateway.queue.stored_events import StoredEvent


@dataclass(frozen=True, slots=True)
class Quarantined(StoredEvent):
    """An event that is withheld everywhere because it did not fit its schema.

    event: as it was when that was found, before any rule. It is stored when it is appended.
    trusted: as in `gateway.pipeline.decision.Decision`; events of earlier versions do not say so,
    and count as those of other senders, so that the mark of a released one stops no trusted event.
    visitor, stated: as `encode_entry` writes the visitors and the types of an entry. receipt,
    passage: as in `Decision`.
    """

    trusted: bool = False
    visitor: str = ""
    stated: str = ""
    receipt: str = ""
    passage: int = 1


def encode_quarantined(decision: Decision, receipt: str = "") -> bytes:
    """An event that is kept aside for a person to look at, as it was when it was checked."""
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
        }
    )


def has_trusted_sender(quarantined: bytes) -> bool:
    """Whether the sender of what `encode_quarantined` wrote is trusted, without reading all of it:
    the event comes first, and in a text a quote is escaped."""
    return quarantined.rpartition(b'"trusted":')[2].startswith(b"true")
