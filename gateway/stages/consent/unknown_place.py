"""What the default of a place did for an event, and why its place is not known, in words."""

from collections.abc import Iterable
from ipaddress import ip_address

from gateway.event import Event
from gateway.stages.consent.counts import ConsentCounts, read_consent_counts
from gateway.stages.consent.defaults import UNKNOWN, in_words

UNKNOWN_DEFAULT = in_words(UNKNOWN)


def defaults_in(counts: Iterable[str]) -> list[str]:
    """The defaults that decided a consent type of an event, from the counters that it adds to."""
    return [*_read(counts).defaults]


def why_unknown(counts: Iterable[str], event: Event) -> str:
    """Why nobody knows where the visitor of `event` is, or "" if it is known or did not matter.

    counts: names of the counters that the event adds to. event: as consent was settled.
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
    """Whether nobody on the public internet has it: private, loopback, for documentation."""
    try:
        return ip_address(address).is_private
    except ValueError:
        return False
