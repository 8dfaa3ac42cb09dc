"""The form of the visitor's address for a destination. Runs last, because `geo` needs it in full.

Advertisers match people by the full address; for anything else, the network is enough.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from gateway.event import Event

IpChoice = Literal["full", "anonymised", "none"]

_LONGEST = 64
_CACHED = 4_096
_LAST_80_BITS = (1 << 80) - 1


def compile_ip(choice: IpChoice) -> Callable[[Event], Event]:
    """A function that reduces the `ip_override` of an event to what a destination may have.

    full: as it is. anonymised: see `anonymise_ip`. none: without it.
    """
    if choice == "full":
        return lambda event: event
    return _without_ip if choice == "none" else _with_network


def _without_ip(event: Event) -> Event:
    if "ip_override" not in event:
        return event
    return {name: value for name, value in event.items() if name != "ip_override"}


def _with_network(event: Event) -> Event:
    address = event.get("ip_override")
    if not address:
        return event
    network = anonymise_ip(address[:_LONGEST])
    if network == address:
        return event
    less = event.copy()
    less["ip_override"] = network
    return less


@lru_cache(_CACHED)
def anonymise_ip(address: str) -> str:
    """`address` with the last octet (IPv4) or the last 80 bits (IPv6) zero; "" if it is invalid.

    An IPv4-mapped IPv6 address is treated as IPv4. Source: Google's IP anonymisation,
    support.google.com/analytics/answer/2763052
    """
    try:
        whole = ip_address(address.strip())
    except ValueError:
        return ""
    if isinstance(whole, IPv6Address) and whole.ipv4_mapped is not None:
        whole = whole.ipv4_mapped
    if isinstance(whole, IPv4Address):
        return str(IPv4Address(int(whole) & ~0xFF))
    return str(IPv6Address(int(whole) & ~_LAST_80_BITS))
