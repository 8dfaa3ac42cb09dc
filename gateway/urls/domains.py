"""Domains of hosts and of cookies, by the Public Suffix List.

Sources: publicsuffix.org/list (private suffixes count, and a suffix that is not listed is one
label, as its prevailing rule ``*`` says); RFC 6265, 5.1.3 for addresses, which have no domain.
"""

import re
from functools import cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList

_HOST = re.compile(
    r"(?P<name>(?=[^:]{1,253}(?::|\Z))[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?"
)


MAX_HEADER = 262
"""Characters: a name, brackets or a colon, and a port."""


@cache
def load_public_suffixes() -> PublicSuffixList:
    """The list from the package, read when it is first used, without the network."""
    return PublicSuffixList(accept_unknown=True)


def host_name(header: str) -> str:
    """The name or address in a ``Host`` header, in lower case without port; "" if it is none.

    An IPv6 address keeps its brackets.
    """
    match = _HOST.fullmatch(header.lower()) if len(header) <= MAX_HEADER else None
    return match["name"] if match else ""


def registrable_domain(host: str) -> str:
    """The widest domain for which `host` may set cookies. host: a result of `host_name`.

    "" for addresses, for names of one label and for public suffixes themselves.
    """
    last = host.rpartition(".")[2]
    if last == host or last.isdigit() or is_address(host):
        return ""
    return load_public_suffixes().privatesuffix(host) or ""


def is_public_suffix(host: str) -> bool:
    """Whether anyone can register names under `host`, so that it belongs to no single owner."""
    return load_public_suffixes().is_public(host, accept_unknown=False)


def is_local(host: str) -> bool:
    """Whether `host` is this machine, which browsers on it may reach without TLS."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return is_address(host) and ip_address(host.strip("[]")).is_loopback


def is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_within(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or a name under it; an address has no names under it."""
    return host == domain or (host.endswith(f".{domain}") and not is_address(domain))
