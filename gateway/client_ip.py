"""Who sent a request, when proxies stand between."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

LONGEST = 64
"""Characters of an address, and more; what anybody can send is not to fill the cache."""


ClientIp = Callable[[str, Mapping[str, str]], tuple[str, bool]]
"""From a connection's peer and a request's headers to the client's address, and whether the peer
is a trusted proxy."""


def compile_client_ip(trusted: Sequence[Network]) -> ClientIp:
    """The function for the proxies in `trusted`.

    ``X-Forwarded-For`` is read from the right, past the proxies in `trusted`; the first address
    that is not one of them is the client, since everything left of it may be made up. It is not
    read at all when the peer is not trusted. An IPv4 address is returned as one also when it came
    written as an IPv6 address.
    """

    @lru_cache(maxsize=4096)
    def read(text: str) -> tuple[str, bool]:
        """The address in `text`, empty if there is none, and whether it is a trusted one."""
        try:
            address = ip_address(text)
        except ValueError:
            return "", False
        address = getattr(address, "ipv4_mapped", None) or address
        return str(address), any(address in network for network in trusted)

    def client_ip(peer: str, headers: Mapping[str, str]) -> tuple[str, bool]:
        client, proxied = read(peer)
        if not proxied:
            return client or peer, False
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
            address, is_proxy = read(hop.strip()[:LONGEST])
            if not address:
                break
            client = address
            if not is_proxy:
                break
        return client, True

    return client_ip
