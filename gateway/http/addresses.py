"""Decides which addresses are on the public internet, and looks up those of a host.

This guards against server-side request forgery: requests that someone aims at our own network. It
has its own list, because `ipaddress.is_global` differs between Python versions and calls several
addresses global that are not: 64:ff9b::7f00:1, 2002:7f00:1::, fec0::1, 224.0.0.1.

Sources: iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
"""

import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.http.client import BLOCKED, NAME_NOT_FOUND, NotSent

_NOT_PUBLIC_V4 = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches the machine itself
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; Alibaba Cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform, answers only its own machines
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle Cloud's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # former 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
_PUBLIC_V6 = IPv6Network("2000::/3")
"""All addresses that are assigned as global unicast. Those outside are loopback, link-local, unique
local, site-local, multicast, discard-only, or not assigned yet."""
_NOT_PUBLIC_V6 = [
    ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")

Resolve = Callable[[str], Awaitable[list[str]]]
"""The IP addresses to connect to for a host name or address, best first. Raises `NotSent`."""


def is_public(address: str) -> bool:
    """Whether `address`, an IP address in its usual spelling, is on the public internet.

    Addresses that wrap an IPv4 address (mapped, NAT64, 6to4) are judged by what is inside. False
    for anything that is not an IP address.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        inside = _wrapped(ip)
        if inside is None:
            return ip in _PUBLIC_V6 and not any(ip in network for network in _NOT_PUBLIC_V6)
        ip = inside
    return not any(ip in network for network in _NOT_PUBLIC_V4)


def _wrapped(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


async def look_up(host: str) -> list[str]:
    """The addresses that the operating system finds for `host`, a name or an address in any
    spelling that it accepts (``127.1``, ``0x7f000001``, ``2130706433``). Raises `NotSent`."""
    import asyncio  # here, since `gateway check` does not need it

    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # ValueError: not encodable as a name
        raise NotSent(NAME_NOT_FOUND) from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def public_addresses(host: str, resolve: Resolve = look_up) -> list[str]:
    """The addresses of `host`. Raises `NotSent` unless all are public: a stranger must not make us
    connect to a name that also has a private address."""
    addresses = await resolve(host)
    if not all(map(is_public, addresses)):
        raise NotSent(BLOCKED)
    return addresses
