"""Late consent: what an event says for those of the same visitor that came before it.

Pure: `gateway.queue` keeps what waits, `gateway.delivery.release` lets it go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from gateway.consent import Consented, ConsentSettings
from gateway.event import Event, Received


@dataclass(slots=True)  # not frozen: many are made, and that takes thrice as long
class Late:
    """What is to be remembered of an event for late consent.

    visitor: a digest of the visitor's id. stated: what the event says itself, by consent type.
    event, received: as they came in, up to what depends on consent; from these it can be decided
    anew. Of an event that waits, the free text holds no personal data.
    """

    visitor: str
    stated: Mapping[str, str]
    event: Event
    received: Received


Remember = Callable[[Event, Received, Consented], Late | None]
"""From the event before consent was settled, how it came in, and what consent made of it."""

_UNSEEN = ("authorization", "proxy-authorization")
"""Headers that no stage reads, and that are not to be kept."""


def compile_late_consent(settings: ConsentSettings) -> Remember | None:
    """The function that remembers, if `settings` want that; it has None for events of which nobody
    knows whose they are."""
    if settings.hold is None and not settings.withdrawals:
        return None

    def remember(event: Event, received: Received, consented: Consented) -> Late | None:
        client_id = event.get("client_id")
        if not client_id:
            return None
        consent = consented.event["consent"]
        stated = {name: consent[name] for name in consent if name not in consented.open}
        return Late(visitor_of(client_id), stated, event, received)

    return remember


def visitor_of(client_id: str) -> str:
    """What stands for a visitor in the names of keys."""
    return blake2b(client_id.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def with_statement(event: Event, stated: Mapping[str, str]) -> Event:
    """`event` as if it said what its visitor stated later."""
    return {**event, "consent": {**event.get("consent", {}), **stated}}


def kept_headers(received: Received) -> dict[str, str]:
    """The headers that a later decision may need."""
    return {name: value for name, value in received.headers.items() if name not in _UNSEEN}


def waits_for(missing: Sequence[str]) -> str:
    """The reason of an event that waits."""
    return f"waits for a word on {', '.join(missing)}"
