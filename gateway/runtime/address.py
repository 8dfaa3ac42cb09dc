"""The addresses where a gateway listens."""

from __future__ import annotations

import socket
from typing import NamedTuple


class Address(NamedTuple):
    """Where a socket listens: a name or an IP address, and a port."""

    host: str
    port: int

    @property
    def near_host(self) -> str:
        """The host by which this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        """The URL at which this machine reaches it."""
        host = self.near_host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def listen(address: Address, share_port: bool = False) -> socket.socket:
    """A socket bound to `address`. Raises OSError if the address is taken.

    share_port: whether other processes bind the same port, so that each gets a part of the
    connections.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share_port:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening
