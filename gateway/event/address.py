"""IP addresses as proxies and backends write them: with ports, brackets and zones, and in lists."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

Address = IPv4Address | IPv6Address
Unread = Literal["hidden", "unreadable"]

MAX_NODE = 128
"""Characters of a node. The longest address with brackets, port and zone has about 80."""

_PORT = re.compile(r":(?:[0-9]{1,5}|_[A-Za-z0-9._-]+)")
_HIDDEN = re.compile(r"(?:unknown|_[a-z0-9._-]+)(?::(?:[0-9]{1,5}|_[a-z0-9._-]+))?", re.IGNORECASE)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_is_plain = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}").fullmatch


def sender_of(address: Address) -> str:
    """What one sender usually has for itself: an IPv4 address, or the first address of a /64."""
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def first_address(text: str) -> str:
    """The first of the addresses in `text`, a list with commas, in its usual spelling; "" when that
    is not an address. In a list as proxies write it, the first is the visitor's."""
    if _is_plain(text):
        return text
    found = read_node(text.partition(",")[0])
    return "" if isinstance(found, str) else str(found)


def read_node(text: str) -> Address | Unread:
    """The address in `text`, which a proxy wrote.

    An address may have a port, brackets, double quotes and a zone (RFC 4007, 11), which means
    something only on the machine that wrote it and is dropped. An IPv4 address is one also when it
    is written as an IPv6 address. ``hidden``: the proxy keeps the address to itself, by
    ``unknown`` or a name that begins with ``_`` (RFC 7239, 6.2 and 6.3).
    """
    text = text.strip()
    if len(text) > MAX_NODE:
        return "unreadable"
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    try:
        address = ip_address(_without_port(text))
    except ValueError:
        return "hidden" if _HIDDEN.fullmatch(text) else "unreadable"
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _without_port(node: str) -> str:
    """Raises ValueError. An IPv6 address has a port only after brackets (RFC 7239, 6)."""
    if node.startswith("["):
        host, bracket, port = node[1:].partition("]")
        if not bracket:
            raise ValueError("no closing bracket")
    elif node.count(":") == 1:
        host, colon, port = node.partition(":")
        port = colon + port
    else:
        return node
    if port and not _PORT.fullmatch(port):
        raise ValueError("no port")
    return host
