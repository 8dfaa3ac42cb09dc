"""The visitor's IP address, for vendors that match people by it.

Source of the networks without public hosts (private, shared, loopback, link-local and multicast):
iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
"""

from functools import lru_cache
from ipaddress import ip_network
from socket import AF_INET, AF_INET6, inet_pton

from destinations.base import Event
from destinations.remarks import remark

_NOT_PUBLIC_V4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 "
    "224.0.0.0/3"
)
_NOT_PUBLIC_V6 = "::/127 fc00::/7 fe80::/10 ff00::/8"


def _ranges(networks: str) -> list[tuple[bytes, bytes]]:
    """The first and the last address of each of `networks`."""
    parsed = map(ip_network, networks.split())
    return [(each.network_address.packed, each.broadcast_address.packed) for each in parsed]


_RANGES = {AF_INET: _ranges(_NOT_PUBLIC_V4), AF_INET6: _ranges(_NOT_PUBLIC_V6)}


def public_address(event: Event) -> str:
    """The visitor's address; "" if it is missing or not public."""
    address: str = event.get("ip_override", "")
    if not address or _is_public(address):
        return address
    remark("ip_override: removed because it is not a public IP address")
    return ""


def is_connected(event: Event) -> bool:
    """Whether `event` has a public address and a user agent, which vendors match people by only
    together."""
    return bool(event.get("user_agent") and public_address(event))


@lru_cache(1024)
def _is_public(text: str) -> bool:
    family = AF_INET6 if ":" in text else AF_INET
    try:
        address = inet_pton(family, text)
    except (OSError, ValueError):
        return False
    return not any(first <= address <= last for first, last in _RANGES[family])
