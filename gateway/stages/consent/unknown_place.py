"""Says in words which defaults decided the consent of an event, and why its place is unknown."""

from collections.abc import Iterable
from ipaddress import ip_address

from gateway.event import Event
from gateway.stages.consent.counts import ConsentCounts, read_consent_counts
from gateway.stages.consent.defaults import UNKNOWN, in_words

UNKNOWN_DEFAULT = in_words(UNKNOWN)


def defaults_in(counts: Iterable[str]) -> list[str]:
    """The defaults that decided a consent type of an event, from the counters it increments."""
    return [*_read(counts).defaults]


def why_unknown(counts: Iterable[str], event: Event) -> str:
    """Why the place of the visitor of `event` is unknown; "" if it is known or not needed.

    counts: names of the counters that the event increments. event: as it left the consent stage.
    """
    if not _read(counts).unknown_places:
        return ""
    address = event.get("ip_override")
    if not address:
        return "the event has no address"
    if _is_reserved(address):
        return "the event's address is private or reserved and belongs to no country"
    return "the event's address does not belong to a known country"


def _read(counts: Iterable[str]) -> ConsentCounts:
    return read_consent_counts(dict.fromkeys(counts, 1))


def _is_reserved(address: str) -> bool:
    """Whether `address` is private, loopback or otherwise reserved."""
    try:
        return ip_address(address).is_private
    except ValueError:
        return False
