"""Finds the sender of a request behind proxies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from gateway.event.address import MAX_NODE, Address, read_node
from gateway.queue.address_counts import AddressProblem
from gateway.web.forwarded import forwarded_for

Network = IPv4Network | IPv6Network

MAX_HOPS = 32
"""Elements of a header that are read, from the right; anybody can send more."""

PRIVATE_NETWORKS = tuple(
    ip_network(each)
    for each in (
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",  # loopback
        "::1/128",
        "169.254.0.0/16",  # link-local
        "fe80::/10",
        "fc00::/7",  # unique local, RFC 4193
    )
)


class ClientAddress(NamedTuple):
    """The sender of a request.

    address: empty when it is not known. proxied: the request came from a trusted proxy, so headers
    that only proxies add can be believed. problem: why `address` is empty, or
    ``untrusted_proxy`` when it is that of a private machine which forwards requests of others.
    """

    address: str
    proxied: bool
    problem: AddressProblem = ""


ClientIp = Callable[[str, Mapping[str, str]], ClientAddress]
"""Returns the sender of a request, given the peer of its connection and its headers."""

Nodes = Sequence[str | None]
"""The nodes that proxies wrote, the last proxy's first; None for a malformed one."""

NO_HEADER = ClientAddress("", True, "no_header")
UNREADABLE = ClientAddress("", True, "unreadable")


@dataclass(frozen=True, slots=True)
class _Hop:
    """client: the sender, if reading ends at this hop."""

    is_trusted: bool
    client: ClientAddress


@dataclass(frozen=True, slots=True)
class _Peer:
    is_trusted: bool
    is_private: bool
    client: ClientAddress


def compile_client_ip(trusted: Sequence[Network], header: str | None = None) -> ClientIp:
    """The function for the proxies in `trusted`. header: the only header to read; by default
    those below.

    Headers are read only when the peer is trusted. ``X-Forwarded-For`` is read from the right, past
    the proxies in `trusted`; the first address that is not one of them is the client, since
    everything left of it may be made up. ``Forwarded`` is read in the same way, only where there is
    no ``X-Forwarded-For``. Empty elements are no elements (RFC 9110, 5.6.1). Any other `header` has
    one address.

    A trusted proxy is never taken for the client: if the next address cannot be read, the client
    is unknown. If all addresses are trusted, the leftmost is the client if it is private: a machine
    in the operator's own network, which has no location. A public one belongs to a proxy that
    another proxy took for the client, unless everybody is trusted, as by ``0.0.0.0/0``.
    """
    nodes_in = _compile_nodes(header)
    names = ["x-forwarded-for", "forwarded", *([header.lower()] if header else [])]
    everybody = [network for network in trusted if network.prefixlen == 0]

    @lru_cache(maxsize=4096)
    def read_peer(text: str) -> _Peer:
        address = read_node(text)
        if isinstance(address, str):
            return _Peer(False, False, ClientAddress(text, False))
        client = ClientAddress(str(address), False)
        return _Peer(is_in(address, trusted), is_in(address, PRIVATE_NETWORKS), client)

    @lru_cache(maxsize=4096)
    def read_hop(text: str) -> _Hop:
        address = read_node(text)
        if isinstance(address, str):
            return _Hop(False, ClientAddress("", True, address))
        is_trusted = is_in(address, trusted)
        if is_trusted and not is_in(address, PRIVATE_NETWORKS) and not is_in(address, everybody):
            return _Hop(True, ClientAddress("", True, "proxy"))
        return _Hop(is_trusted, ClientAddress(str(address), True))

    def client_ip(peer: str, headers: Mapping[str, str]) -> ClientAddress:
        sender = read_peer(peer)
        if not sender.is_trusted:
            if sender.is_private:
                for name in names:
                    if name in headers:
                        return sender.client._replace(problem="untrusted_proxy")
            return sender.client
        client = NO_HEADER
        for node in nodes_in(headers):
            if node is None or len(node) > MAX_NODE:
                return UNREADABLE
            hop = read_hop(node)
            client = hop.client
            if not hop.is_trusted:
                break
        return client

    return client_ip


def is_private(address: str) -> bool:
    """Whether `address` is in a private network; False for a text that is no address."""
    node = read_node(address)
    return not isinstance(node, str) and is_in(node, PRIVATE_NETWORKS)


def _compile_nodes(header: str | None) -> Callable[[Mapping[str, str]], Nodes]:
    """The function that returns the nodes in a request's headers. header: as above."""
    if header is None:
        return _nodes
    name = header.lower()
    read = _READERS.get(name, _single)
    return lambda headers: read(headers.get(name, ""))


def _nodes(headers: Mapping[str, str]) -> Nodes:
    chain = headers.get("x-forwarded-for")
    return _forwarded(headers.get("forwarded", "")) if chain is None else _elements(chain)


def _elements(value: str) -> Sequence[str]:
    """The elements of `value` from the right. Commas in quotes separate too: this makes an element
    with one malformed, but a quote that a visitor opens cannot swallow what proxies add."""
    if "," not in value:  # the usual case, at half the cost
        element = value.strip()
        return [element] if element else []
    elements = reversed(value.rsplit(",", MAX_HOPS - 1))
    return [element for each in elements if (element := each.strip())]


def _forwarded(value: str) -> Nodes:
    return [forwarded_for(element) for element in _elements(value)]


def _single(value: str) -> Nodes:
    elements = _elements(value)
    return elements if len(elements) < 2 else [None]


_READERS: Mapping[str, Callable[[str], Nodes]] = {
    "x-forwarded-for": _elements,
    "forwarded": _forwarded,
}


def is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
