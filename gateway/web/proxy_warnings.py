"""Warnings about proxies in the operator's own network that are not trusted."""

import logging

log = logging.getLogger(__name__)

MAX_PROXIES = 10
"""Proxies that a process warns of, each once."""

_warned: set[str] = set()


def warn_of_proxy(address: str) -> None:
    """address: of a private peer that sends forwarding headers and is not trusted."""
    if address in _warned or len(_warned) >= MAX_PROXIES:
        return
    _warned.add(address)
    log.warning(
        "%s sends forwarding headers but is not in server.trusted_proxies, so its own address is "
        "used as that of every visitor; if it is your proxy, add it to server.trusted_proxies",
        address,
    )
