"""Removes claims, the names of surplus fields and invalid addresses, before all other stages.

Claims are fields about a visitor that only the gateway or a trusted sender may state, or that mark
an event as a test. From other senders they are ignored. Only the place is kept, under another name
and for consent alone: a place that a page states can only deny.
"""

from collections.abc import Collection

from gateway.event import Event, Received
from gateway.event.address import first_address
from gateway.event.bounds import SURPLUS, TOO_MANY, surplus_names
from gateway.event.mending import IGNORED, ignored_in_words, ignored_of
from gateway.stages.anonymise import ANONYMISED
from gateway.stages.consent import CLAIMED_LOCATION

CLAIMS = (
    *("ip_override", "user_agent", "event_location", "bot", "test_event_code"),
    *(ANONYMISED, CLAIMED_LOCATION),
)
_OFFLINE = frozenset(["physical_store", "store", "in_store", "offline", "phone_call"])
"""Values of `action_source` for sales in a store or by phone, which no browser sends."""


def set_aside_claims(event: Event, received: Received) -> tuple[Event, str]:
    """`event` without the fields that its sender may not state, and a line that names them. The
    line also names the fields that were ignored when the event was read."""
    vetted, line = _without_claims(event, received)
    lines = [line] if line else []
    ignored = ignored_of(event)
    if ignored:
        lines.append(f"ignored because of an invalid value: {ignored_in_words(ignored)}")
    if SURPLUS in event:
        names = surplus_names(event[SURPLUS])
        lines.append(f"removed because the event has too many fields: {', '.join(names)}")
        surplus = [{"field": name, "reason": TOO_MANY} for name in names]
        vetted = {**_without(vetted, [SURPLUS]), IGNORED: [*ignored, *surplus]}
    return vetted, "; ".join(lines)


def _without_claims(event: Event, received: Received) -> tuple[Event, str]:
    if received.vetted:
        return event, ""
    if received.trusted:
        if CLAIMED_LOCATION in event:
            event = _without(event, [CLAIMED_LOCATION])
        return _with_address_read(event)
    claimed = [name for name in CLAIMS if name in event]
    if "action_source" in event and _is_offline(event["action_source"]):
        claimed.append("action_source")
    if not claimed:
        return event, ""
    vetted = _without(event, claimed)
    if "event_location" in event:
        vetted[CLAIMED_LOCATION] = event["event_location"]
    if event.get("ip_override") == "":
        claimed.remove("ip_override")  # not a claim: `hides_address` honours it
    if not claimed:
        return vetted, ""
    return vetted, f"ignored because only a trusted sender may set it: {', '.join(claimed)}"


def _with_address_read(event: Event) -> tuple[Event, str]:
    """`event` with a single or empty address in `ip_override`, and what was changed, in words."""
    stated = event.get("ip_override")
    if not stated:
        return event, ""
    address = first_address(stated)
    if address == stated:
        return event, ""
    done = "reduced to one address" if address else "ignored because it is not an IP address"
    return {**event, "ip_override": address}, f"ip_override: {done}"


def hides_address(event: Event, received: Received) -> bool:
    """Whether the sender asked not to keep the visitor's address. event: as it was read."""
    return received.anonymous or event.get("ip_override") == ""


def _without(event: Event, names: Collection[str]) -> Event:
    left = event.copy()
    for name in names:
        left.pop(name, None)
    return left


def _is_offline(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in _OFFLINE
