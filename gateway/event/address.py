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
    """The address that identifies one sender: an IPv4 address, or the first address of its /64."""
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def first_address(text: str) -> str:
    """The first address in `text`, a comma-separated list, in its usual spelling; "" if the first
    element is not an address. In a list that proxies have written, the first is the visitor's."""
    if _is_plain(text):
        return text
    found = read_node(text.partition(",")[0])
    return "" if isinstance(found, str) else str(found)


def read_node(text: str) -> Address | Unread:
    """The address in `text`, which a proxy wrote.

    An address may have a port, brackets, double quotes and a zone (RFC 4007, 11), which only has a
    meaning on the machine that wrote it and is dropped. An IPv4-mapped IPv6 address is read as
    IPv4. ``hidden``: the proxy hides the address behind ``unknown`` or a name that begins with
    ``_`` (RFC 7239, 6.2 and 6.3).
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
