"""Held consent: what is stored about an event so that its visitor's later answer applies to it.

Only a sender that proves to be the same browser can answer for a visitor: the page that sent the
event, by its page token; for withdrawals also the browser that received the visitor id, by its
proof cookie. A trusted sender answers for the client id that it names.

Pure: `gateway.queue` stores held events, `gateway.delivery.release` releases them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.event import Event, Received
from gateway.event.consent import strictest
from gateway.stages.consent import Consented, ConsentSettings
from gateway.stages.digests import Digest, compile_digest


@dataclass(slots=True)
class HeldConsent:
    """What is stored about an event for held consent. Pages and visitors are keyed digests.

    page: under which the event is held, "" if it cannot be held. visitors: the page and the
    visitors whose later denials stop the event. stated: states that were stated, by consent type.
    speaks_for: pages and visitors to which the event's denials apply; denied: these denials, as
    `denial` writes them. event, received: before anything that depends on consent, so that the
    decision can be repeated from them. The free text of a held event contains no personal data, and
    the headers are only those that a stage reads.
    """

    page: str
    visitors: Sequence[str]
    stated: Mapping[str, str]
    speaks_for: Sequence[str]
    denied: Sequence[str]
    event: Event = field(repr=False)
    received: Received = field(repr=False)


Remember = Callable[[Event, Received, Consented, str], HeldConsent | None]
"""From the event before consent was known, how it came in, the result of consent, and the client
id from identity."""

NOBODY_CAN_SPEAK = "not held because the event has no page token to match the visitor's answer"
"""Why an event is withheld that would be held if it had come with a page token."""


def compile_held_consent(
    settings: ConsentSettings,
    salt: str | None,
    proven_visitor: Callable[[Received], str] = lambda _: "",
) -> Remember | None:
    """The function that records an event for held consent, if `settings` enable that. It returns
    None for events that cannot be attributed to a page or a visitor.

    proven_visitor: the visitor id that a request proves. Raises `ValueError` without a salt.
    """
    if settings.hold is None and not settings.withdrawals:
        return None
    page_digest, visitor_digest = _digests(settings, salt)
    holds, withdraws = settings.hold is not None, settings.withdrawals

    def remember(
        event: Event, received: Received, consented: Consented, client_id: str
    ) -> HeldConsent | None:
        page = page_digest(received.page_token) if received.page_token else ""
        said = event.get("client_id", "")
        if not (page or (withdraws and (said or client_id))):
            return None
        consent, unstated = consented.event["consent"], consented.unstated
        stated = {name: consent[name] for name in consent if name not in unstated}
        visitors: list[str] = []
        denied: list[str] = []
        speaks_for: list[str] = []
        if withdraws:
            ids = dict.fromkeys(filter(None, [said, client_id]))
            visitors = [*filter(None, [page]), *map(visitor_digest, ids)]
            denied = [denial(name, received.trusted) for name in stated if stated[name] == "denied"]
        if denied and received.trusted:
            speaks_for = visitors
        elif denied:
            proven = "" if received.anonymous else proven_visitor(received)
            speaks_for = [*filter(None, [page, proven and visitor_digest(proven)])]
        return HeldConsent(
            page if holds else "", visitors, stated, speaks_for, denied, event, received
        )

    return remember


def compile_page_digest(salt: str) -> Digest:
    """The digest that stands for a page token in Redis."""
    return compile_digest(salt, b"page token")


def _digests(settings: ConsentSettings, salt: str | None) -> tuple[Digest, Digest]:
    if not salt:
        key = "hold" if settings.hold is not None else "withdrawals"
        raise ValueError(
            f"consent.{key} needs server.hash_salt, the key of the digests that stand for pages "
            f"and visitors in Redis"
        )
    return compile_page_digest(salt), compile_digest(salt, b"client id")


def denial(consent_type: str, trusted: bool) -> str:
    """How a denial of a type is stored. A state from a trusted sender can only be denied by a
    trusted sender."""
    return f"trusted:{consent_type}" if trusted else consent_type


def with_statement(event: Event, stated: Mapping[str, str]) -> Event:
    """`event` with what its visitor stated later; a denial in either wins."""
    return {**event, "consent": strictest([event.get("consent", {}), stated])}


def with_denials(event: Event, stated: Mapping[str, str]) -> Event:
    """`event` with the denials in `stated`, which came later, added to its `consent`."""
    denials = {name: state for name, state in stated.items() if state == "denied"}
    return with_statement(event, denials) if denials else event


def waits_for(missing: Sequence[str]) -> str:
    """The reason for holding an event."""
    return f"waiting for the visitor's answer about {', '.join(missing)}"
