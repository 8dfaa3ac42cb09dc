"""Who sent a request, when proxies stand between."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def compile_client_ip(trusted: Sequence[Network]) -> Callable[[str, Mapping[str, str]], str]:
    """A function from a connection's peer and a request's headers to the client's address.

    ``X-Forwarded-For`` is read from the right, past the proxies in `trusted`; the first address
    that is not one of them is the client, since everything left of it may be made up. It is not
    read at all when the peer is not trusted.
    """

    @lru_cache(maxsize=4096)
    def is_trusted(text: str) -> bool:
        address = _parse(text)
        return address is not None and any(address in network for network in trusted)

    def client_ip(peer: str, headers: Mapping[str, str]) -> str:
        if not trusted or not is_trusted(peer):
            return peer
        client = peer
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
            address = _parse(hop)
            if address is None:
                break
            client = str(address)
            if not is_trusted(client):
                break
        return client

    return client_ip


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """The address in `text`, an IPv4 address also when it is written as an IPv6 one."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
